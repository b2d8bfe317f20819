/* What is typed for a choice. Where a list has numbers of its own ("0 - Tidak ada", or l0 .. l5) these are what people
 * read aloud and type, so a place in the list may not stand for anything there. */
#include "client/cli/cli.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum numbering {
    BY_NAME,  /* some names are numbers: they are typed, and nothing else */
    BY_LABEL, /* the number a label begins with */
    BY_TAIL,  /* the number a name ends with */
    BY_PLACE
};

/* "5 - Baik", "5. Baik", "5"; not "24/7", not "1-2 kali". */
static bool label_number(const struct patuh_choice *choice, int64_t *out)
{
    const char *label = choice->label_id[0] != '\0' ? choice->label_id : choice->label_en;
    size_t n = strspn(label, "0123456789");
    const char *after = label + n;
    bool ends = *after == '\0' || *after == ' ' || *after == ')' || *after == ':' || *after == '.' || *after == '-';
    bool goes_on = ends && *after != '\0' && *after != ' ' && isdigit((unsigned char)after[1]);
    return n > 0 && ends && !goes_on && pt_int_read(pt_bytes_of(label, n), out) == PT_OK;
}

static bool tail_number(const struct patuh_choice *choice, int64_t *out)
{
    size_t n = strlen(choice->name);
    size_t from = n;
    while (from > 0 && isdigit((unsigned char)choice->name[from - 1])) {
        from--;
    }
    return from < n && pt_int_read(pt_bytes_of(choice->name + from, n - from), out) == PT_OK;
}

static bool number_by(enum numbering numbering, const struct patuh_item *item, size_t i, int64_t *out)
{
    *out = (int64_t)i + 1;
    switch (numbering) {
    case BY_NAME:
        return false;
    case BY_LABEL:
        return label_number(&item->choices[i], out);
    case BY_TAIL:
        return tail_number(&item->choices[i], out);
    case BY_PLACE:
        break;
    }
    return true;
}

/* Two choices or more have a number, each another one. */
static bool tells_apart(enum numbering numbering, const struct patuh_item *item)
{
    size_t n = 0;
    for (size_t i = 0; i < item->n_choices; i++) {
        int64_t mine;
        int64_t other;
        bool has = number_by(numbering, item, i, &mine);
        for (size_t k = 0; has && k < i; k++) {
            if (number_by(numbering, item, k, &other) && mine == other) {
                return false;
            }
        }
        n += has ? 1 : 0;
    }
    return n >= 2;
}

static enum numbering numbering_of(const struct patuh_item *item)
{
    for (size_t i = 0; i < item->n_choices; i++) {
        int64_t number;
        if (pt_int_read(pt_bytes_str(item->choices[i].name), &number) == PT_OK) {
            return BY_NAME;
        }
    }
    if (tells_apart(BY_LABEL, item)) {
        return BY_LABEL;
    }
    return tells_apart(BY_TAIL, item) ? BY_TAIL : BY_PLACE;
}

void pt_cli_put_choices(struct pt_buf *out, const struct patuh_item *item, size_t indent)
{
    enum numbering numbering = numbering_of(item);
    for (size_t i = 0; i < item->n_choices; i++) {
        int64_t number;
        pt_buf_printf(out, "%*s", (int)indent, "");
        if (number_by(numbering, item, i, &number)) {
            pt_buf_printf(out, "%lld) ", (long long)number);
        }
        pt_buf_printf(out, "%s  ", item->choices[i].name);
        pt_cli_put_label(out, item->choices[i].label_id, item->choices[i].label_en);
        pt_buf_put_str(out, "\n");
    }
}

static const char *name_of(const struct patuh_item *item, struct pt_bytes word)
{
    enum numbering numbering = numbering_of(item);
    int64_t typed;
    bool is_number = pt_int_read(word, &typed) == PT_OK;
    for (size_t i = 0; i < item->n_choices; i++) {
        int64_t number;
        if (pt_bytes_eq(word, pt_bytes_str(item->choices[i].name)) ||
            (is_number && number_by(numbering, item, i, &number) && number == typed)) {
            return item->choices[i].name;
        }
    }
    return NULL;
}

void pt_cli_name_choices(const struct patuh_item *item, const char *typed, struct pt_buf *out)
{
    for (const char *at = typed + strspn(typed, " ,"); *at != '\0'; at += strspn(at, " ,")) {
        struct pt_bytes word = pt_bytes_of(at, strcspn(at, " ,"));
        const char *name = name_of(item, word);
        pt_buf_put_str(out, out->n == 0 ? "" : " ");
        pt_buf_put_bytes(out, name == NULL ? word : pt_bytes_str(name));
        at += word.n;
    }
}
