/* chunk.h - consecutive entries of one log, encoded once; and the chain of links.
 *
 *     link(0) = H("patuh/1 log", log id)
 *     link(k) = H("patuh/1 link", link(k-1) || H("patuh/1 chunk", chunk k))
 *
 * A signature is over a link, so it covers everything before it. Encoding is for our own entries only: foreign chunks
 * are kept and forwarded as the bytes that came. Thread: any.  Memory: decoded entries live in the arena and point into
 * the chunk's bytes. Errors: MALFORMED (foreign bytes), LIMIT, NOMEM. */
#ifndef PT_CHUNK_H
#define PT_CHUNK_H

#include "base/arena.h"
#include "core/crypto.h"
#include "core/log/entry.h"

struct pt_chunk_header {
    struct pt_log_id log;
    uint64_t first_seq;
    uint32_t count;
    bool has_instrument;
    struct pt_hash instrument;
    bool has_seen; /* newest receipt the author knew */
    uint64_t seen_epoch;
    uint64_t seen_lsn;
    uint8_t seen_hash[PT_LINK_PREFIX_BYTES];
    int64_t wall_ms;
    uint64_t monotonic_ms;
    uint64_t boot;
    bool has_previous; /* first chunk of a new incarnation */
    struct pt_hash previous;
};

struct pt_hash pt_link_first(const struct pt_log_id *log);
struct pt_hash pt_link_next(const struct pt_hash *previous, struct pt_bytes chunk);

/* Append the chunk of header and header->count entries to out. LIMIT: larger than PT_CHUNK_BYTES_MAX, or more than a
 * reader will unpack. */
enum pt_err pt_chunk_encode(const struct pt_chunk_header *header, const struct pt_entry *entries, struct pt_buf *out);
/* How many of the n >= 1 entries fit a chunk of PT_CHUNK_SEAL_BYTES; at least one, whatever its size. */
enum pt_err pt_chunk_fit(const struct pt_chunk_header *header, const struct pt_entry *entries, size_t n, size_t *n_fit);

/* Header only: enough to place a chunk. */
enum pt_err pt_chunk_read_header(struct pt_bytes bytes, struct pt_arena *arena, struct pt_chunk_header *header);
/* Everything. Kinds of a later version are kept with their detail; they and what stands beside them keep their places.
 */
enum pt_err pt_chunk_decode(struct pt_bytes bytes, struct pt_arena *arena, struct pt_chunk_header *header,
                            struct pt_entry **entries);

/* The body alone: also how one entry waits in the tail. */
enum pt_err pt_body_encode(const struct pt_entry *entries, size_t n, int64_t wall_base_s, struct pt_buf *out);
enum pt_err pt_body_decode(struct pt_bytes body, size_t n, int64_t wall_base_s, struct pt_arena *arena,
                           struct pt_entry **entries);

#endif
