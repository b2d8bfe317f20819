/* chunk_kit.h - chunks of one log there and back, for tests of the chunk format. All of it asserts that it works. */
#ifndef PT_TEST_CHUNK_KIT_H
#define PT_TEST_CHUNK_KIT_H

#include "support/logs_kit.h"

struct pt_log_id kit_chunk_log(void);
struct pt_arena kit_arena(void);
/* The chunk's bytes, in the arena. */
struct pt_bytes kit_encode(const struct pt_chunk_header *header, const struct pt_entry *entries,
                           struct pt_arena *arena);
/* Decodes a copy that ends where the bytes end, so that AddressSanitizer sees a step past them. */
enum pt_err kit_decode(struct pt_bytes bytes, struct pt_arena *arena, struct pt_chunk_header *header,
                       struct pt_entry **entries);
bool kit_headers_eq(const struct pt_chunk_header *a, const struct pt_chunk_header *b);
/* One entry of every kind, each field filled. */
struct pt_entry *kit_every_kind(size_t *n, struct pt_arena *arena);

#endif
