/* rollup_verify.c - are these files what the logs say? Recomputed without any cache, compared byte by byte. */
#include "base/mem.h"
#include "base/text.h"
#include "rollup/rollup_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_BYTES 120 /* of a line that differs */

static struct pt_bytes content_of(const struct pt_rollup_files *files, const char *name)
{
    const struct pt_rollup_file *found = pt_rollup_file(files, name);
    return found == NULL ? (struct pt_bytes){0} : pt_buf_bytes(&found->content);
}

static enum pt_err say(struct pt_buf *report, enum pt_err err, enum pt_msg msg, const char *const args[4])
{
    pt_say(report, msg, args[0], args[1], args[2], args[3], NULL);
    return report->err != PT_OK ? report->err : err;
}

/* The line that byte `at` lies in, in quotes; of a long one what stands around that byte. */
static void show_line(struct pt_bytes text, size_t at, char out[SHOWN_BYTES + 8])
{
    size_t begin = at < text.n ? at : text.n;
    while (begin > 0 && text.data[begin - 1] != '\n') {
        begin--;
    }
    size_t line = begin;
    begin = at < text.n && at - begin > SHOWN_BYTES / 2 ? at - SHOWN_BYTES / 2 : begin;
    while (begin > line && begin < at && (text.data[begin] & 0xc0) == 0x80) {
        begin++; /* to the beginning of a character */
    }
    size_t n = 0;
    while (begin + n < text.n && text.data[begin + n] != '\n' && n < SHOWN_BYTES) {
        n++;
    }
    while (n > 0 && !pt_utf8_ok(pt_bytes_of(text.data + begin, n))) { /* cut inside a character, or the flipped byte */
        n--;
    }
    (void)snprintf(out, SHOWN_BYTES + 8, "\"%s%.*s\"", begin > line ? "..." : "", (int)n,
                   n == 0 ? "" : (const char *)text.data + begin);
}

static enum pt_err say_first_difference(struct pt_buf *report, const char *name, struct pt_bytes written,
                                        struct pt_bytes expected)
{
    size_t at = 0;
    size_t line = 1;
    char number[24];
    char have[SHOWN_BYTES + 8];
    char want[SHOWN_BYTES + 8];
    while (at < written.n && at < expected.n && written.data[at] == expected.data[at]) {
        line += written.data[at++] == '\n';
    }
    (void)snprintf(number, sizeof number, "%zu", line);
    show_line(written, at, have);
    show_line(expected, at, want);
    return say(report, PT_EINVALID, PT_MSG_VERIFY_DIFFERS, (const char *const[4]){name, number, have, want});
}

/* Now that something has to be shown, the pieces are put together. */
static enum pt_err say_difference(struct pt_buf *report, const struct pt_rollup_file *written,
                                  const struct pt_rollup_file *expected)
{
    struct pt_buf have = {0};
    struct pt_buf want = {0};
    pt_rollup_file_put(written, &have);
    pt_rollup_file_put(expected, &want);
    enum pt_err err = have.err != PT_OK ? have.err : want.err;
    if (err == PT_OK) {
        err = say_first_difference(report, expected->name, pt_buf_bytes(&have), pt_buf_bytes(&want));
    }
    pt_buf_free(&have);
    pt_buf_free(&want);
    return err;
}

static int compare_limits(const void *a, const void *b)
{
    const struct pt__limit *x = a;
    const struct pt__limit *y = b;
    return strcmp(x->subject, y->subject);
}

static bool read_seq(const char *text, uint64_t *out)
{
    int64_t seq = 0;
    bool read = pt_int_read(pt_bytes_str(text), &seq) == PT_OK && seq >= 0;
    *out = (uint64_t)seq;
    return read;
}

static bool read_limit(const struct pt_csv *csv, const struct pt_csv_row *row, struct pt__limit *out)
{
    const char *link = pt_csv_get(csv, row, "link");
    const char *fork = pt_csv_get(csv, row, "fork");
    out->subject = pt_csv_get(csv, row, "subject");
    out->author = pt_csv_get(csv, row, "author");
    out->incarnation = pt_csv_get(csv, row, "incarnation");
    out->forked = fork[0] != '\0';
    return read_seq(pt_csv_get(csv, row, "seq"), &out->seq) && (!out->forked || read_seq(fork, &out->fork_seq)) &&
           pt_hex_read(pt_bytes_str(link), out->link.b, sizeof out->link.b) == PT_OK;
}

/* inputs.csv of the written files as limits; only when the manifest vouches for it. */
static enum pt_err read_limits(const struct pt_rollup_files *written, struct pt_arena *arena,
                               const struct pt__limit **out, size_t *n_out)
{
    struct pt_bytes bytes = content_of(written, "inputs.csv");
    struct pt_hash hash = pt_hash1(PT_CONTEXT_BLOB, bytes);
    struct pt_buf hex = {0};
    struct pt_csv csv;
    char said[2 * PT_HASH_BYTES + 1] = "";
    pt_hex_put(&hex, pt_hash_bytes(&hash));
    bool vouched =
        pt__manifest_text(content_of(written, PT_ROLLUP_MANIFEST), "inputs.csv", said, sizeof said) == PT_OK &&
        strcmp(said, pt_buf_text(&hex)) == 0;
    pt_buf_free(&hex);
    if (!vouched || pt_csv_read(bytes, "inputs.csv", arena, &csv, NULL) != PT_OK) {
        return PT_ENOTFOUND;
    }
    struct pt__limit *limits = pt_arena_zalloc(arena, csv.n_rows + 1, sizeof *limits);
    if (limits == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < csv.n_rows; i++) {
        if (!read_limit(&csv, &csv.rows[i], &limits[i])) {
            return PT_ENOTFOUND;
        }
    }
    qsort(limits, csv.n_rows, sizeof *limits, compare_limits);
    *out = limits;
    *n_out = csv.n_rows;
    return PT_OK;
}

/* Key and signature of manifest.sig over the manifest as written. */
static enum pt_err read_signature(const struct pt_rollup_files *written, struct pt_public_key *key)
{
    struct pt_bytes text = content_of(written, PT_ROLLUP_SIGNATURE);
    struct pt_signature signature;
    size_t n_key = 2 * sizeof key->b;
    size_t n_signature = 2 * sizeof signature.b;
    if (text.n != n_key + n_signature + 2 || text.data[n_key] != '\n' || text.data[text.n - 1] != '\n' ||
        pt_hex_read(pt_bytes_of(text.data, n_key), key->b, sizeof key->b) != PT_OK ||
        pt_hex_read(pt_bytes_of(text.data + n_key + 1, n_signature), signature.b, sizeof signature.b) != PT_OK) {
        return PT_ESIGNATURE;
    }
    struct pt_hash hash = pt_hash1(PT_CONTEXT_MANIFEST, content_of(written, PT_ROLLUP_MANIFEST));
    return pt_verify(key->b, PT_CONTEXT_MANIFEST, &hash, &signature);
}

/* Whoever signed has to be head office, or an office that head office names. */
static enum pt_err check_signature(const struct pt_rollup_input *input, const struct pt_rollup_files *written)
{
    struct pt_public_key key;
    struct pt_arena arena;
    struct pt_txn *txn;
    struct pt_head *heads;
    size_t n;
    enum pt_err err = read_signature(written, &key);
    if (err != PT_OK) {
        return PT_ESIGNATURE;
    }
    struct pt_author author = pt_author_of(key.b);
    if (pt_author_eq(&author, &input->root)) {
        return PT_OK;
    }
    pt_arena_init(&arena, SIZE_MAX);
    err = pt_store_begin_read(input->store, &txn);
    if (err == PT_OK) {
        err = pt_logs_list(txn, NULL, &arena, &heads, &n);
        struct pt_view *views = err == PT_OK ? pt_arena_zalloc(&arena, n + 1, sizeof *views) : NULL;
        size_t n_views = 0;
        for (size_t i = 0; err == PT_OK && views != NULL && i < n; i++) {
            if (pt_subject_kind(&heads[i].log.subject) == PT_SUBJECT_OFFICE) {
                err = pt_logs_view(txn, &heads[i], 0, false, &arena, &views[n_views++]);
            }
        }
        struct pt_authority authority;
        if (err == PT_OK) {
            err = views == NULL ? PT_ENOMEM : pt_authority_build(views, n_views, &input->root, &arena, &authority);
        }
        if (err == PT_OK && pt_authority_office(&authority, &author) == NULL) {
            err = PT_ESIGNATURE;
        }
        pt_store_abort(txn);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err compare(const struct pt_rollup_files *written, const struct pt_rollup_files *expected,
                           struct pt_buf *report)
{
    for (size_t i = 0; i < expected->n; i++) {
        const struct pt_rollup_file *want = &expected->file[i];
        const struct pt_rollup_file *have = pt_rollup_file(written, want->name);
        if (have == NULL) {
            return say(report, PT_EINVALID, PT_MSG_VERIFY_MISSING, (const char *const[4]){want->name});
        }
        if (!pt_rollup_file_eq(have, want)) {
            return say_difference(report, have, want);
        }
    }
    return PT_OK;
}

static enum pt_err recompute(const struct pt_rollup_input *input, const struct pt_rollup_files *written,
                             struct pt_rollup_files *expected, struct pt_problem *problem)
{
    struct pt_arena arena;
    struct pt__checked checked = {.limits = NULL};
    char link[2 * PT_HASH_BYTES + 1];
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = read_limits(written, &arena, &checked.limits, &checked.n_limits);
    checked.has_salt_link =
        pt__manifest_text(content_of(written, PT_ROLLUP_MANIFEST), "pseudonyms", link, sizeof link) == PT_OK &&
        pt_hex_read(pt_bytes_str(link), checked.salt_link.b, sizeof checked.salt_link.b) == PT_OK;
    if (err == PT_OK || err == PT_ENOTFOUND) {
        err = pt__rollup_run(input, &checked, expected, problem);
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_rollup_verify(const struct pt_rollup_input *input, const struct pt_rollup_files *written,
                             struct pt_buf *report)
{
    char cycle[PT_SUBJECT_BYTES_MAX + 1];
    char level[16];
    struct pt_rollup_input again = *input;
    struct pt_rollup_files expected = {0};
    struct pt_problem problem = {0};
    struct pt_bytes manifest = content_of(written, PT_ROLLUP_MANIFEST);
    again.office = NULL;
    again.upto_lsn = 0;
    again.version = 0;
    again.cycle = cycle;
    if (manifest.n == 0) {
        return say(report, PT_EINVALID, PT_MSG_VERIFY_MISSING, (const char *const[4]){PT_ROLLUP_MANIFEST});
    }
    if (pt__manifest_text(manifest, "cycle", cycle, sizeof cycle) != PT_OK ||
        pt__manifest_text(manifest, "level", level, sizeof level) != PT_OK ||
        pt_level_read(level, &again.level) != PT_OK) {
        return say(report, PT_ESIGNATURE, PT_MSG_VERIFY_SIGNATURE, (const char *const[4]){PT_ROLLUP_MANIFEST});
    }
    if (again.level == PT_LEVEL_FIXED && pt__manifest_count(manifest, "version", &again.version) != PT_OK) {
        return say(report, PT_ESIGNATURE, PT_MSG_VERIFY_SIGNATURE, (const char *const[4]){PT_ROLLUP_MANIFEST});
    }
    enum pt_err err = recompute(&again, written, &expected, &problem);
    if (err != PT_OK) {
        (void)pt_problem_default(&problem, err, "verify");
        pt_problem_put(report, &problem);
    } else {
        err = compare(written, &expected, report);
    }
    if (err == PT_OK) {
        err = check_signature(input, written);
        if (err == PT_ESIGNATURE) {
            err = say(report, err, PT_MSG_VERIFY_SIGNATURE, (const char *const[4]){PT_ROLLUP_MANIFEST});
        }
    }
    if (err == PT_OK) {
        char count[24];
        (void)snprintf(count, sizeof count, "%zu", expected.n + 1);
        err = say(report, PT_OK, PT_MSG_VERIFY_SAME, (const char *const[4]){count});
    }
    pt_rollup_files_free(&expected);
    return err;
}
