#include "world.h"

#include "core/store/keys.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum pt_err verify(struct world *w, const struct pt_rollup_files *files, struct pt_buf *report)
{
    struct pt_rollup_input input = world_input(w, PT_LEVEL_REGION);
    pt_buf_clear(report);
    return pt_rollup_verify(&input, files, report);
}

Test(rollup_verify, files_of_the_store_are_confirmed_from_a_folder)
{
    struct world w;
    struct pt_rollup_files files = {0};
    struct pt_rollup_files back = {0};
    struct pt_buf report = {0};
    struct pt_problem problem = {0};
    char folder[] = "/tmp/patuh-rollup-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    world_open(&w, "2023");
    world_fill(&w);
    world_rollup(&w, PT_LEVEL_REGION, &files);
    cr_assert_eq(pt_rollup_write(&files, folder, &problem), PT_OK);
    cr_assert_eq(pt_rollup_read(folder, &back, &problem), PT_OK);
    cr_expect_eq(back.n, files.n);
    cr_expect_eq(verify(&w, &back, &report), PT_OK, "%s", pt_buf_text(&report));
    cr_expect_not_null(strstr(pt_buf_text(&report), "13 "), "%s", pt_buf_text(&report));
    for (size_t i = 0; i < files.n; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", folder, files.file[i].name);
        cr_expect_eq(unlink(path), 0);
    }
    cr_expect_eq(rmdir(folder), 0);
    pt_buf_free(&report);
    pt_rollup_files_free(&files);
    pt_rollup_files_free(&back);
    world_close(&w);
}

Test(rollup_verify, what_arrived_later_does_not_disturb)
{
    struct world w;
    struct pt_rollup_files files = {0};
    struct pt_buf report = {0};
    world_open(&w, "2023");
    world_fill(&w);
    world_rollup(&w, PT_LEVEL_REGION, &files);
    world_assess(&w, "62.02/disdukcapil", "444");
    world_move(&w, WORLD_SOUTH, "62.01/dinsos", PATUH__STATE__STATE_HAS_ISSUES);
    cr_expect_eq(verify(&w, &files, &report), PT_OK, "%s", pt_buf_text(&report));
    pt_buf_free(&report);
    pt_rollup_files_free(&files);
    world_close(&w);
}

Test(rollup_verify, one_flipped_byte_in_any_file_is_named)
{
    struct world w;
    struct pt_rollup_files files = {0};
    struct pt_buf report = {0};
    world_open(&w, "2023");
    world_fill(&w);
    world_rollup(&w, PT_LEVEL_REGION, &files);
    world_undivide(&files);
    for (size_t i = 0; i < files.n; i++) {
        struct pt_buf *content = &files.file[i].content;
        size_t at[] = {0, content->n / 2, content->n - 1};
        for (size_t k = 0; k < 3; k++) {
            content->data[at[k]] ^= 1;
            enum pt_err err = verify(&w, &files, &report);
            bool signature = strcmp(files.file[i].name, PT_ROLLUP_SIGNATURE) == 0;
            const char *named = signature ? PT_ROLLUP_MANIFEST : files.file[i].name;
            cr_expect(err == PT_EINVALID || err == PT_ESIGNATURE, "%s byte %zu", files.file[i].name, at[k]);
            cr_expect_not_null(strstr(pt_buf_text(&report), named), "%s byte %zu: %s", files.file[i].name, at[k],
                               pt_buf_text(&report));
            content->data[at[k]] ^= 1;
        }
    }
    cr_expect_eq(verify(&w, &files, &report), PT_OK);
    pt_buf_free(&report);
    pt_rollup_files_free(&files);
    world_close(&w);
}

/* The arrival row of one LSN with one byte of its chunk changed, under a good envelope: what an attacker with access to
 * the disk would write. */
static void flip_chunk(struct world *w, uint64_t lsn, struct pt_record *record)
{
    struct pt_txn *txn;
    struct pt_bytes value;
    struct pt_buf changed = {0};
    struct pt_key key = pt_key_u64(lsn);
    cr_assert_eq(pt_store_begin_write(w->store, &txn), PT_OK);
    cr_assert_eq(pt_arrival_read(txn, lsn, &w->arena, record), PT_OK);
    cr_assert_eq(pt_store_get(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&key), &value), PT_OK);
    pt_buf_put_bytes(&changed, value);
    uint8_t *chunk = memmem(changed.data, changed.n, record->chunk.data, record->chunk.n);
    cr_assert_not_null(chunk);
    chunk[record->chunk.n - 1] ^= 1;
    cr_assert_eq(pt_store_put(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&key), pt_buf_bytes(&changed)), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_buf_free(&changed);
}

Test(rollup_verify, one_flipped_byte_in_any_chunk_is_named)
{
    struct world w;
    struct pt_rollup_files files = {0};
    struct pt_buf report = {0};
    struct pt_txn *txn;
    struct pt_hash hash;
    uint64_t last = 0;
    size_t n_found = 0;
    world_open(&w, "2023");
    world_fill(&w);
    world_rollup(&w, PT_LEVEL_REGION, &files);
    cr_assert_eq(pt_store_begin_read(w.store, &txn), PT_OK);
    cr_assert_eq(pt_arrival_last(txn, &last, &hash), PT_OK);
    pt_store_abort(txn);
    for (uint64_t lsn = 1; lsn <= last; lsn++) {
        struct pt_record record;
        struct pt_record again;
        struct pt_head head;
        flip_chunk(&w, lsn, &record);
        cr_assert_eq(pt_store_begin_read(w.store, &txn), PT_OK);
        cr_assert_eq(pt_logs_head(txn, record.log, &head), PT_OK);
        pt_store_abort(txn);
        enum pt_err err = verify(&w, &files, &report);
        if (pt_subject_is_second(&head.log.subject)) { /* takes no part */
            cr_expect_eq(err, PT_OK, "LSN %zu", (size_t)lsn);
        } else {
            cr_expect_neq(err, PT_OK, "LSN %zu of %s", (size_t)lsn, head.log.subject.text);
            cr_expect_not_null(strstr(pt_buf_text(&report), head.log.subject.text), "LSN %zu of %s: %s", (size_t)lsn,
                               head.log.subject.text, pt_buf_text(&report));
            n_found++;
        }
        flip_chunk(&w, lsn, &again);
    }
    cr_expect_gt(n_found, 40);
    cr_expect_eq(verify(&w, &files, &report), PT_OK, "%s", pt_buf_text(&report));
    pt_buf_free(&report);
    pt_rollup_files_free(&files);
    world_close(&w);
}

Test(rollup_verify, a_stranger_cannot_sign)
{
    static const struct {
        enum world_author by;
        enum pt_err err;
    } rows[] = {{WORLD_ROOT, PT_OK}, {WORLD_SOUTH, PT_OK}, {WORLD_ANA, PT_ESIGNATURE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        struct pt_rollup_files files = {0};
        struct pt_buf report = {0};
        struct pt_problem problem = {0};
        world_open(&w, "2023");
        world_fill(&w);
        struct pt_rollup_input input = world_input(&w, PT_LEVEL_REGION);
        input.office = &w.pairs[rows[i].by];
        cr_assert_eq(pt_rollup_build(&input, &files, &problem), PT_OK);
        cr_expect_eq(verify(&w, &files, &report), rows[i].err, "row %zu: %s", i, pt_buf_text(&report));
        pt_buf_free(&report);
        pt_rollup_files_free(&files);
        world_close(&w);
    }
}
