#include "core/log/texts.h"

#include "base/text.h"
#include "core/log/wanted.h"
#include "core/store/keys.h"

#include <stdio.h>
#include <string.h>

struct pt_hash pt_text_hash(struct pt_bytes content)
{
    return pt_hash1(PT_CONTEXT_BLOB, content);
}

static enum pt_err put_text(struct pt_txn *txn, const struct pt_subject *subject, struct pt_bytes content,
                            const struct pt_hash *hash)
{
    struct pt_key key = pt_key_text(subject, hash);
    if (content.n > PT_TEXT_CONTENT_BYTES_MAX) {
        return PT_ELIMIT; /* nobody could pass it on */
    }
    enum pt_err err = pt_store_put(txn, PT_TABLE_TEXTS, pt_key_bytes(&key), content);
    return err == PT_OK ? pt_wanted_got(txn, hash, subject) : err;
}

enum pt_err pt_text_put(struct pt_txn *txn, const struct pt_subject *subject, struct pt_bytes content,
                        struct pt_hash *hash)
{
    *hash = pt_text_hash(content);
    return put_text(txn, subject, content, hash);
}

static enum pt_err check_text(const char *text, size_t n_max, struct pt_problem *problem)
{
    size_t n = strlen(text);
    bool blank = pt_text_is_blank(pt_bytes_of(text, n)); /* says no more than nothing does */
    if (!blank && n <= n_max && pt_utf8_ok(pt_bytes_of(text, n))) {
        return PT_OK;
    }
    char limit[24];
    (void)snprintf(limit, sizeof limit, "%zu", n_max);
    return pt_problem_set(problem, PT_EINVALID, blank ? PT_MSG_TEXT_EMPTY : PT_MSG_TEXT_FORM, limit, NULL);
}

enum pt_err pt_text_keep(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_random *random,
                         const char *text, size_t n_max, struct pt_hash *hash, struct pt_problem *problem)
{
    uint8_t salt[PT_TEXT_SALT_BYTES];
    struct pt_buf content = {0};
    enum pt_err err = check_text(text, n_max, problem);
    if (err == PT_OK) {
        pt_random_fill(random, salt, sizeof salt);
        pt_buf_put(&content, salt, sizeof salt);
        pt_buf_put_str(&content, text);
        err = content.err == PT_OK ? pt_text_put(txn, subject, pt_buf_bytes(&content), hash) : content.err;
    }
    pt_buf_free(&content);
    return err;
}

static enum pt_err read_text(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_hash *hash,
                             size_t n_max, struct pt_arena *arena, struct pt_bytes *out)
{
    struct pt_bytes value;
    struct pt_key key = pt_key_text(subject, hash);
    enum pt_err err = pt_store_get(txn, PT_TABLE_TEXTS, pt_key_bytes(&key), &value);
    if (err != PT_OK || value.n > n_max) {
        return err == PT_OK ? PT_ENOTFOUND : err;
    }
    *out = pt_arena_dup(arena, value);
    return out->data == NULL ? pt_arena_err(arena) : PT_OK;
}

enum pt_err pt_text_content(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_hash *hash,
                            struct pt_arena *arena, struct pt_bytes *out)
{
    return read_text(txn, subject, hash, PT_TEXT_CONTENT_BYTES_MAX, arena, out);
}

enum pt_err pt_text_get(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_hash *hash,
                        struct pt_arena *arena, const char **out)
{
    struct pt_bytes content;
    enum pt_err err = read_text(txn, subject, hash, SIZE_MAX, arena, &content);
    if (err != PT_OK) {
        return err;
    }
    if (content.n < PT_TEXT_SALT_BYTES) {
        return PT_EDAMAGED;
    }
    struct pt_bytes text = pt_bytes_of(content.data + PT_TEXT_SALT_BYTES, content.n - PT_TEXT_SALT_BYTES);
    if (!pt_utf8_ok(text)) {
        return PT_EDAMAGED; /* the hash fits, so its author wrote it so: to us it says nothing */
    }
    const char *copy = pt_arena_strn(arena, (const char *)text.data, text.n);
    if (copy == NULL) {
        return pt_arena_err(arena);
    }
    *out = copy;
    return PT_OK;
}
