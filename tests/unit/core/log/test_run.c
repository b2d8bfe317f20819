#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SUBJECT "a:2023/62.71/disdukcapil"
#define N_CHUNKS 3

/* A good run of three chunks that a test spoils. */
struct made {
    struct pt_arena arena;
    struct pt_keypair pair;
    struct pt_log_id log;
    struct kit_chunk chunks[N_CHUNKS];
    struct pt_run run;
};

static struct made make(void)
{
    struct made m = {.pair = kit_pair(1)};
    pt_arena_init(&m.arena, SIZE_MAX);
    m.log = kit_log(SUBJECT, &m.pair, 7);
    for (size_t i = 0; i < N_CHUNKS; i++) {
        m.chunks[i] = kit_chunk_after(&m.log, i == 0 ? NULL : &m.chunks[i - 1], 2, 5, &m.arena);
    }
    m.run = kit_run(&m.log, &m.pair, m.chunks, N_CHUNKS, &m.arena);
    return m;
}

static void remake(struct made *m)
{
    pt_arena_close(&m->arena);
    *m = make();
}

static enum pt_err check(struct made *m)
{
    struct pt_checked_run checked = {0};
    enum pt_err err = pt_run_check(&m->run, &m->arena, &checked);
    cr_expect(err == PT_OK || checked.run == NULL, "an error leaves the output");
    return err;
}

Test(run, links_and_last_entries_stand_beside_the_chunks)
{
    struct made m = make();
    struct pt_checked_run checked;
    cr_assert_eq(pt_run_check(&m.run, &m.arena, &checked), PT_OK);
    for (size_t i = 0; i < N_CHUNKS; i++) {
        cr_expect(pt_hash_eq(&checked.links[i], &m.chunks[i].link));
        cr_expect_eq(checked.last_seqs[i], m.chunks[i].last_seq);
    }
    m.run = kit_run(&m.log, &m.pair, m.chunks + 1, 2, &m.arena);
    cr_expect_eq(check(&m), PT_OK, "from the middle of a log");
    pt_arena_close(&m.arena);
}

Test(run, bad_signature)
{
    struct made m = make();
    m.run.signature.b[5] ^= 1;
    cr_expect_eq(check(&m), PT_ESIGNATURE);
    remake(&m);
    pt_sign(&m.pair, PT_CONTEXT_LINK, &m.chunks[1].link, &m.run.signature);
    cr_expect_eq(check(&m), PT_ESIGNATURE, "of the chunk before the last");
    pt_sign(&m.pair, PT_CONTEXT_CHUNK, &m.chunks[2].link, &m.run.signature);
    cr_expect_eq(check(&m), PT_ESIGNATURE, "with another context");
    pt_arena_close(&m.arena);
}

/* other_device_chunk: a valid key, somebody else's log. */
Test(run, a_foreign_key_signs_nothing)
{
    struct made m = make();
    struct pt_keypair other = kit_pair(2);
    pt_sign(&other, PT_CONTEXT_LINK, &m.chunks[2].link, &m.run.signature);
    cr_expect_eq(check(&m), PT_ESIGNATURE);
    memcpy(m.run.key.b, other.public_key, sizeof m.run.key.b);
    cr_expect_eq(check(&m), PT_ESIGNATURE, "the key must be the author's");
    pt_arena_close(&m.arena);
}

Test(run, bad_chain)
{
    struct made m = make();
    struct pt_bytes swapped[N_CHUNKS] = {m.run.chunks[0], m.run.chunks[2], m.run.chunks[1]};
    m.run.chunks = swapped;
    cr_expect_eq(check(&m), PT_ELINK, "out of order");
    swapped[1] = swapped[0];
    cr_expect_eq(check(&m), PT_ELINK, "one twice");
    remake(&m);
    m.run.previous.b[0] ^= 1;
    cr_expect_eq(check(&m), PT_ELINK, "not the first link of this log");
    remake(&m);
    m.run = kit_run(&m.log, &m.pair, m.chunks + 1, 2, &m.arena);
    m.run.previous.b[0] ^= 1;
    cr_expect_eq(check(&m), PT_ESIGNATURE, "in the middle the signature tells");
    remake(&m);
    m.run.log.incarnation++;
    cr_expect_eq(check(&m), PT_ELINK, "another incarnation");
    remake(&m);
    m.run.log.subject = kit_subject("a:2023/62.71/dpmptsp");
    cr_expect_eq(check(&m), PT_ELINK, "another subject");
    pt_arena_close(&m.arena);
}

Test(run, seq_gap)
{
    struct made m = make();
    struct pt_bytes gap[2] = {m.run.chunks[0], m.run.chunks[2]};
    m.run.chunks = gap;
    m.run.n_chunks = 2;
    cr_expect_eq(check(&m), PT_ELINK);
    remake(&m);
    m.run.first_seq = 2;
    cr_expect_eq(check(&m), PT_ELINK, "not where the first chunk begins");
    m.run.first_seq = 0;
    cr_expect_eq(check(&m), PT_EMALFORMED);
    pt_arena_close(&m.arena);
}

Test(run, has_at_least_one_chunk_and_not_too_many)
{
    static struct pt_bytes many[PT_RUN_CHUNKS_MAX + 1];
    struct made m = make();
    m.run.n_chunks = 0;
    cr_expect_eq(check(&m), PT_EMALFORMED);
    m.run.chunks = many;
    m.run.n_chunks = PT_RUN_CHUNKS_MAX + 1;
    cr_expect_eq(check(&m), PT_ELIMIT);
    pt_arena_close(&m.arena);
}

/* More would not go on to the next office in one frame. What is stored already may be longer. */
Test(run, has_not_more_bytes_than_go_on_in_a_frame)
{
    static struct kit_chunk chunks[PT_RUN_CHUNKS_MAX];
    struct made m = make();
    struct pt_checked_run checked;
    size_t n_bytes = 0;
    size_t n = 0;
    while (n_bytes <= PT_RUN_BYTES_MAX) {
        chunks[n] = kit_chunk_after(&m.log, n == 0 ? NULL : &chunks[n - 1], 60, (int64_t)n, &m.arena);
        n_bytes += chunks[n++].bytes.n;
    }
    m.run = kit_run(&m.log, &m.pair, chunks, n, &m.arena);
    cr_expect_eq(pt_run_bytes(&m.run), n_bytes);
    cr_expect_eq(check(&m), PT_ELIMIT);
    cr_expect_eq(pt_run_check_stored(&m.run, &m.arena, &checked), PT_OK);
    m.run = kit_run(&m.log, &m.pair, chunks, n - 1, &m.arena);
    cr_expect_eq(check(&m), PT_OK);
    pt_arena_close(&m.arena);
}

Test(run, every_flipped_byte_is_refused)
{
    struct made m = make();
    uint8_t copy[PT_CHUNK_BYTES_MAX];
    struct pt_bytes chunks[N_CHUNKS];
    for (size_t c = 0; c < N_CHUNKS; c++) {
        memcpy(chunks, m.run.chunks, sizeof chunks);
        chunks[c] = pt_bytes_of(copy, m.chunks[c].bytes.n);
        struct made spoiled = m;
        spoiled.run.chunks = chunks;
        for (size_t i = 0; i < chunks[c].n; i++) {
            memcpy(copy, m.chunks[c].bytes.data, chunks[c].n);
            copy[i] ^= 0x10;
            cr_expect_neq(check(&spoiled), PT_OK, "chunk %zu, byte %zu", c, i);
        }
        m.arena = spoiled.arena;
    }
    pt_arena_close(&m.arena);
}
