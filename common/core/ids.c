#include "core/ids.h"

#include <stdio.h>
#include <string.h>

bool pt_hash_eq(const struct pt_hash *a, const struct pt_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int pt_hash_cmp(const struct pt_hash *a, const struct pt_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

bool pt_author_eq(const struct pt_author *a, const struct pt_author *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int pt_author_cmp(const struct pt_author *a, const struct pt_author *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

static bool name_char_ok(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("._~/-", c) != NULL);
}

static size_t slashes(const char *name)
{
    size_t n = 0;
    for (; *name != '\0'; name++) {
        n += *name == '/';
    }
    return n;
}

/* No part is empty or begins with a point: names of subjects become names of files. */
static bool parts_ok(const char *name)
{
    bool begins = true;
    for (; *name != '\0'; name++) {
        if (begins && (*name == '/' || *name == '.' || *name == '~')) {
            return false;
        }
        begins = *name == '/';
    }
    return !begins;
}

/* "~2" ends the name of a second assessment; a tilde stands nowhere else. */
static bool tilde_ok(const char *name, bool assessment)
{
    const char *tilde = strchr(name, '~');
    if (tilde == NULL) {
        return true;
    }
    const char *digits = tilde + 1;
    size_t n = strspn(digits, "0123456789");
    return assessment && n > 0 && digits[0] != '0' && digits[n] == '\0';
}

enum pt_subject_kind pt_subject_kind(const struct pt_subject *subject)
{
    const char *text = subject->text;
    if (text[0] == '\0' || text[1] != ':' || !parts_ok(text + 2) || !tilde_ok(text + 2, text[0] == 'a')) {
        return PT_SUBJECT_NONE;
    }
    for (const char *at = text + 2; *at != '\0'; at++) {
        if (!name_char_ok(*at)) {
            return PT_SUBJECT_NONE;
        }
    }
    size_t n_slashes = slashes(text + 2);
    if (text[0] == 'a' && n_slashes == 2) {
        return PT_SUBJECT_ASSESSMENT;
    }
    if (text[0] == 'o' && n_slashes == 0) {
        return PT_SUBJECT_OFFICE;
    }
    return text[0] == 'c' && n_slashes == 0 ? PT_SUBJECT_CYCLE : PT_SUBJECT_NONE;
}

enum pt_err pt_subject_read(struct pt_bytes text, struct pt_subject *out)
{
    struct pt_subject subject = {0};
    if (text.n > PT_SUBJECT_BYTES_MAX || (text.n > 0 && memchr(text.data, 0, text.n) != NULL)) {
        return PT_EMALFORMED;
    }
    if (text.n > 0) {
        memcpy(subject.text, text.data, text.n);
    }
    if (pt_subject_kind(&subject) == PT_SUBJECT_NONE) {
        return PT_EMALFORMED;
    }
    *out = subject;
    return PT_OK;
}

enum pt_err pt_subject_make(enum pt_subject_kind kind, const char *name, struct pt_subject *out)
{
    static const char letters[] = {'?', 'a', 'o', 'c'};
    char text[PT_SUBJECT_BYTES_MAX + 2];
    int n = snprintf(text, sizeof text, "%c:%s", letters[kind], name);
    if (n < 0 || (size_t)n > PT_SUBJECT_BYTES_MAX) {
        return PT_EMALFORMED;
    }
    return pt_subject_read(pt_bytes_of(text, (size_t)n), out);
}

const char *pt_subject_name(const struct pt_subject *subject)
{
    return subject->text[0] == '\0' ? "" : subject->text + 2;
}

static void copy_part(char *out, const char *from, const char *end)
{
    memcpy(out, from, (size_t)(end - from));
    out[end - from] = '\0';
}

void pt_subject_cycle(const struct pt_subject *subject, char *out)
{
    const char *name = pt_subject_name(subject);
    const char *end = strchr(name, '/');
    if (subject->text[0] == 'o') {
        end = name;
    } else if (end == NULL) {
        end = name + strlen(name);
    }
    copy_part(out, name, end);
}

void pt_subject_unit(const struct pt_subject *subject, char *out)
{
    const char *slash = strchr(subject->text, '/');
    out[0] = '\0';
    if (subject->text[0] == 'a' && slash != NULL) {
        copy_part(out, slash + 1, slash + 1 + strcspn(slash + 1, "~"));
    }
}

void pt_subject_institution(const struct pt_subject *subject, char *out)
{
    pt_subject_unit(subject, out);
    out[strcspn(out, "/")] = '\0';
}

bool pt_subject_is_second(const struct pt_subject *subject)
{
    return strchr(subject->text, '~') != NULL;
}

bool pt_subject_eq(const struct pt_subject *a, const struct pt_subject *b)
{
    return strcmp(a->text, b->text) == 0;
}

int pt_log_id_cmp(const struct pt_log_id *a, const struct pt_log_id *b)
{
    int order = strcmp(a->subject.text, b->subject.text);
    if (order == 0) {
        order = pt_author_cmp(&a->author, &b->author);
    }
    return order != 0 ? order : (a->incarnation > b->incarnation) - (a->incarnation < b->incarnation);
}

bool pt_log_id_eq(const struct pt_log_id *a, const struct pt_log_id *b)
{
    return pt_log_id_cmp(a, b) == 0;
}

void pt_log_id_put(struct pt_buf *out, const struct pt_log_id *id)
{
    size_t n = strlen(id->subject.text);
    pt_buf_put_u8(out, (uint8_t)n);
    pt_buf_put(out, id->subject.text, n);
    pt_buf_put(out, id->author.b, sizeof id->author.b);
    pt_buf_put_u64(out, id->incarnation);
}

enum pt_err pt_log_id_read(struct pt_bytes bytes, struct pt_log_id *out)
{
    struct pt_reader reader = pt_reader_on(bytes);
    struct pt_log_id id = {0};
    struct pt_bytes subject = pt_read_bytes(&reader, pt_read_u8(&reader));
    pt_read_into(&reader, id.author.b, sizeof id.author.b);
    id.incarnation = pt_read_u64(&reader);
    enum pt_err err = pt_read_end(&reader);
    if (err == PT_OK) {
        err = pt_subject_read(subject, &id.subject);
    }
    if (err == PT_OK) {
        *out = id;
    }
    return err;
}
