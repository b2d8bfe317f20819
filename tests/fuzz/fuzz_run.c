/* fuzz_run.c - a run of chunks as it comes in a frame: refused, or its links follow from its bytes.
 *
 * Input: u8 first seq, u64 incarnation, seed of the author's key (32), previous link (32), signature (64), then chunks,
 * each with a u32 length before it. The log is "o:62" of that author. */
#include "base/check.h"
#include "core/log/logs.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHUNKS_MAX 64

static void expect_links(const struct pt_run *run, const struct pt_checked_run *checked)
{
    struct pt_hash link = run->previous;
    for (size_t i = 0; i < run->n_chunks; i++) {
        link = pt_link_next(&link, run->chunks[i]);
        PT_CHECK(pt_hash_eq(&link, &checked->links[i]));
        PT_CHECK(checked->last_seqs[i] >= (i == 0 ? run->first_seq : checked->last_seqs[i - 1] + 1));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_reader reader = pt_reader_on(pt_bytes_of(data, n));
    struct pt_bytes chunks[CHUNKS_MAX];
    struct pt_run run = {.log.subject.text = "o:62", .chunks = chunks};
    uint8_t seed[PT_KEY_BYTES];
    struct pt_keypair pair;
    run.first_seq = pt_read_u8(&reader);
    run.log.incarnation = pt_read_u64(&reader);
    pt_read_into(&reader, seed, sizeof seed);
    pt_read_into(&reader, run.previous.b, sizeof run.previous.b);
    pt_read_into(&reader, run.signature.b, sizeof run.signature.b);
    while (reader.err == PT_OK && reader.at < reader.end && run.n_chunks < CHUNKS_MAX) {
        chunks[run.n_chunks] = pt_read_bytes(&reader, pt_read_u32(&reader));
        run.n_chunks += reader.err == PT_OK;
    }
    pt_keypair_from_seed(seed, &pair);
    memcpy(run.key.b, pair.public_key, sizeof run.key.b);
    run.log.author = pt_author_of(pair.public_key);
    struct pt_arena arena;
    struct pt_checked_run checked;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_run_check(&run, &arena, &checked);
    PT_CHECK(err == PT_OK || err == PT_EMALFORMED || err == PT_ELIMIT || err == PT_ELINK || err == PT_ESIGNATURE);
    if (err == PT_OK) {
        expect_links(&run, &checked);
    }
    pt_arena_close(&arena);
    return 0;
}
