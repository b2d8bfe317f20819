/* Divided files: the same bytes, and a hash that whoever has the file alone can make again. */
#include "world.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <string.h>

/* --- as somebody else would write it who has README.md and the file --- */

/* How long the row is that begins here, with its line end: those within quotes do not end it. */
static size_t row_bytes(struct pt_bytes rest)
{
    bool quoted = false;
    for (size_t i = 0; i < rest.n; i++) {
        quoted = rest.data[i] == '"' ? !quoted : quoted;
        if (rest.data[i] == '\n' && !quoted) {
            return i + 1;
        }
    }
    return rest.n;
}

/* The second field of a row; codes need no quotes. */
static struct pt_bytes unit_of(struct pt_bytes row)
{
    const uint8_t *begin = memchr(row.data, ',', row.n);
    cr_assert_not_null(begin);
    const uint8_t *end = memchr(begin + 1, ',', row.n - (size_t)(begin + 1 - row.data));
    cr_assert_not_null(end);
    return pt_bytes_of(begin + 1, (size_t)(end - begin - 1));
}

static struct pt_hash hash_again(struct pt_bytes file, size_t *n_parts)
{
    struct pt_buf hashes = {0};
    *n_parts = 0;
    for (size_t at = 0, n; at < file.n; at += n) { /* the heading is a part of its own */
        n = row_bytes(pt_bytes_of(file.data + at, file.n - at));
        struct pt_bytes unit = unit_of(pt_bytes_of(file.data + at, n));
        for (size_t next; at > 0 && at + n < file.n; n += next) {
            struct pt_bytes rest = pt_bytes_of(file.data + at + n, file.n - at - n);
            next = row_bytes(rest);
            if (!pt_bytes_eq(unit_of(pt_bytes_of(rest.data, next)), unit)) {
                break;
            }
        }
        struct pt_hash part = pt_hash1("patuh/1 part", pt_bytes_of(file.data + at, n));
        pt_buf_put_bytes(&hashes, pt_hash_bytes(&part));
        ++*n_parts;
    }
    struct pt_hash hash = pt_hash1("patuh/1 parts", pt_buf_bytes(&hashes));
    pt_buf_free(&hashes);
    return hash;
}

static bool manifest_has(const struct pt_rollup_files *files, const char *name, const struct pt_hash *hash)
{
    struct pt_buf line = {0};
    const char *manifest = pt_buf_text(&pt_rollup_file(files, PT_ROLLUP_MANIFEST)->content);
    pt_buf_printf(&line, "    \"%s\": \"", name);
    pt_hex_put(&line, pt_hash_bytes(hash));
    pt_buf_put_str(&line, "\"");
    bool found = strstr(manifest, pt_buf_text(&line)) != NULL;
    pt_buf_free(&line);
    return found;
}

Test(rollup_parts, hash_of_every_file_is_made_again_from_its_bytes)
{
    struct world w;
    struct pt_rollup_files files = {0};
    size_t n_divided = 0;
    world_open(&w, "2023");
    world_fill(&w);
    world_rollup(&w, PT_LEVEL_REGION, &files);
    const char *said = strstr(pt_buf_text(&pt_rollup_file(&files, PT_ROLLUP_MANIFEST)->content), "\"divided\": {");
    cr_assert_not_null(said);
    for (size_t i = 0; i < files.n && strcmp(files.file[i].name, PT_ROLLUP_MANIFEST) != 0; i++) {
        struct pt_buf bytes = {0};
        struct pt_buf field = {0};
        size_t n_parts = 0;
        pt_rollup_file_put(&files.file[i], &bytes);
        pt_buf_printf(&field, "\"%s\": \"unit\"", files.file[i].name);
        bool divided = strstr(said, pt_buf_text(&field)) != NULL;
        struct pt_hash hash =
            divided ? hash_again(pt_buf_bytes(&bytes), &n_parts) : pt_hash1("patuh/1 blob", pt_buf_bytes(&bytes));
        cr_expect(manifest_has(&files, files.file[i].name, &hash), "%s", files.file[i].name);
        if (divided) {
            cr_expect_gt(n_parts, 3, "%s has several units", files.file[i].name);
            cr_expect_eq(n_parts, files.file[i].n_parts, "%s", files.file[i].name);
            bytes.data[bytes.n - 2] ^= 1;
            hash = hash_again(pt_buf_bytes(&bytes), &n_parts);
            cr_expect_not(manifest_has(&files, files.file[i].name, &hash), "%s", files.file[i].name);
            n_divided++;
        }
        pt_buf_free(&bytes);
        pt_buf_free(&field);
    }
    cr_expect_eq(n_divided, 2);
    pt_rollup_files_free(&files);
    world_close(&w);
}

/* A file of the pieces of a text that are marked off by |. */
static void divide(const char *text, struct pt_bytes parts[8], struct pt_rollup_file *out)
{
    *out = (struct pt_rollup_file){.parts = parts};
    for (; *text != '\0'; text += text[strcspn(text, "|")] == '|') {
        size_t n = strcspn(text, "|");
        parts[out->n_parts++] = pt_bytes_of(text, n);
        text += n;
    }
}

Test(rollup_parts, files_are_equal_however_they_are_divided)
{
    static const struct {
        const char *a;
        const char *b;
        bool equal;
    } rows[] = {
        {"abcdef", "abcdef", true},    {"ab|cdef", "abcdef", true},  {"abcdef", "a|b|c|d|e|f", true},
        {"ab|cd|ef", "abc|def", true}, {"||ab", "a||b", true},       {"abc|def", "abc|deg", false},
        {"abc|def", "xbc|def", false}, {"abc|d", "abc|de", false},   {"abc|de", "abc|d", false},
        {"abcd|ef", "ab|cdfe", false}, {"ab|cd|ef", "ab|cd", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_bytes parts[2][8];
        struct pt_rollup_file a;
        struct pt_rollup_file b;
        divide(rows[i].a, parts[0], &a);
        divide(rows[i].b, parts[1], &b);
        cr_expect_eq(pt_rollup_file_eq(&a, &b), rows[i].equal, "row %zu", i);
        cr_expect_eq(pt_rollup_file_eq(&b, &a), rows[i].equal, "row %zu the other way", i);
    }
}
