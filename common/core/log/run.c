/* run.c - verifying a run of chunks without a store. */
#include "core/log/logs.h"

size_t pt_run_bytes(const struct pt_run *run)
{
    size_t n = 0;
    for (size_t i = 0; i < run->n_chunks; i++) {
        n += run->chunks[i].n;
    }
    return n;
}

enum pt_err pt_run_check(const struct pt_run *run, struct pt_arena *arena, struct pt_checked_run *out)
{
    bool fits = run->n_chunks <= PT_RUN_CHUNKS_MAX && pt_run_bytes(run) <= PT_RUN_BYTES_MAX;
    return fits ? pt_run_check_stored(run, arena, out) : PT_ELIMIT;
}

enum pt_err pt_run_check_stored(const struct pt_run *run, struct pt_arena *arena, struct pt_checked_run *out)
{
    if (run->n_chunks == 0 || run->first_seq == 0) {
        return PT_EMALFORMED;
    }
    struct pt_checked_run checked = {.run = run};
    checked.links = pt_arena_zalloc(arena, run->n_chunks, sizeof *checked.links);
    checked.last_seqs = pt_arena_zalloc(arena, run->n_chunks, sizeof *checked.last_seqs);
    if (checked.links == NULL || checked.last_seqs == NULL) {
        return pt_arena_err(arena);
    }
    struct pt_hash link = run->previous;
    uint64_t seq = run->first_seq;
    if (seq == 1) {
        struct pt_hash first = pt_link_first(&run->log);
        if (!pt_hash_eq(&first, &link)) {
            return PT_ELINK;
        }
    }
    for (size_t i = 0; i < run->n_chunks; i++) {
        struct pt_chunk_header header;
        enum pt_err err = pt_chunk_read_header(run->chunks[i], arena, &header);
        if (err != PT_OK) {
            return err;
        }
        if (!pt_log_id_eq(&header.log, &run->log) || header.first_seq != seq) {
            return PT_ELINK;
        }
        seq += header.count;
        link = pt_link_next(&link, run->chunks[i]);
        checked.links[i] = link;
        checked.last_seqs[i] = seq - 1;
    }
    struct pt_author author = pt_author_of(run->key.b);
    if (!pt_author_eq(&author, &run->log.author)) {
        return PT_ESIGNATURE;
    }
    enum pt_err err = pt_verify(run->key.b, PT_CONTEXT_LINK, &link, &run->signature);
    if (err == PT_OK) {
        *out = checked;
    }
    return err;
}
