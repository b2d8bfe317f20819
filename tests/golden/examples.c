#include "golden/examples.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES_MAX 120 /* of the document */
#define LINE_DIGITS 112    /* of a value that does not fit behind its name */

void example_add_text(struct examples *x, const char *name, const char *value)
{
    cr_assert_lt(x->n, EXAMPLES_MAX);
    x->names[x->n] = name;
    x->values[x->n++] = pt_arena_str(&x->arena, value);
}

void example_add(struct examples *x, const char *name, const void *bytes, size_t n)
{
    struct pt_buf hex = {0};
    pt_hex_put(&hex, pt_bytes_of(bytes, n));
    example_add_text(x, name, pt_buf_text(&hex));
    pt_buf_free(&hex);
}

static char *read_document(const char *path, struct pt_arena *arena)
{
    FILE *file = fopen(path, "rb");
    struct pt_buf text = {0};
    char piece[4096];
    size_t n;
    cr_assert_not_null(file, "%s", path);
    while ((n = fread(piece, 1, sizeof piece, file)) > 0) {
        pt_buf_put(&text, piece, n);
    }
    (void)fclose(file);
    char *copy = pt_arena_str(arena, pt_buf_text(&text));
    pt_buf_free(&text);
    return copy;
}

static size_t take_word(char *to, const char *from)
{
    size_t n = strcspn(from, " ");
    memcpy(to, from, n);
    to[n] = '\0';
    return n;
}

/* One line of an example block: a new name with a value, or more of the last value. */
static void take_line(struct examples *x, const char *line)
{
    if (line[0] != ' ') {
        char *name = pt_arena_alloc(&x->arena, strlen(line) + 1);
        line += take_word(name, line);
        cr_assert_eq(strncmp(line, " =", 2), 0, "%s: 'name = value' is expected", name);
        line += 2;
        example_add_text(x, name, "");
    }
    cr_assert_gt(x->n, 0);
    const char *value = line + strspn(line, " ");
    x->values[x->n - 1] = pt_arena_printf(&x->arena, "%s%s", x->values[x->n - 1], value);
}

void examples_read(struct examples *x, const char *path)
{
    *x = (struct examples){0};
    pt_arena_init(&x->arena, SIZE_MAX);
    char *rest = read_document(path, &x->arena);
    bool inside = false;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (strncmp(line, "```", 3) == 0) {
            inside = strcmp(line, "```example") == 0;
        } else if (inside) {
            take_line(x, line);
        }
    }
}

const char *example_value(const struct examples *x, const char *name)
{
    for (size_t i = 0; i < x->n; i++) {
        if (strcmp(x->names[i], name) == 0) {
            return x->values[i];
        }
    }
    return EXAMPLE_NOT_THERE;
}

void example_print(const char *name, const char *value)
{
    size_t n = strlen(value);
    if (strlen(name) + strlen(" = ") + n <= LINE_BYTES_MAX) {
        (void)fprintf(stderr, "%s = %s\n", name, value);
        return;
    }
    (void)fprintf(stderr, "%s =\n", name);
    for (size_t at = 0; at < n; at += LINE_DIGITS) {
        (void)fprintf(stderr, "    %.*s\n", LINE_DIGITS, value + at);
    }
}
