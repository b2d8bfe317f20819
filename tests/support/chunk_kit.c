#include "support/chunk_kit.h"

#include "base/mem.h"

#include <criterion/criterion.h>
#include <string.h>

struct pt_log_id kit_chunk_log(void)
{
    struct pt_keypair pair = kit_pair(1);
    return kit_log("a:2023/62.71/disdukcapil", &pair, 0x0102030405060708);
}

struct pt_arena kit_arena(void)
{
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    return arena;
}

struct pt_bytes kit_encode(const struct pt_chunk_header *header, const struct pt_entry *entries, struct pt_arena *arena)
{
    struct pt_buf out = {0};
    cr_assert_eq(pt_chunk_encode(header, entries, &out), PT_OK);
    struct pt_bytes kept = pt_arena_dup(arena, pt_buf_bytes(&out));
    pt_buf_free(&out);
    return kept;
}

enum pt_err kit_decode(struct pt_bytes bytes, struct pt_arena *arena, struct pt_chunk_header *header,
                       struct pt_entry **entries)
{
    uint8_t *copy = pt_alloc(bytes.n);
    cr_assert_not_null(copy);
    memcpy(copy, bytes.data, bytes.n);
    enum pt_err err = pt_chunk_decode(pt_bytes_of(copy, bytes.n), arena, header, entries);
    pt_free(copy);
    return err;
}

bool kit_headers_eq(const struct pt_chunk_header *a, const struct pt_chunk_header *b)
{
    return pt_log_id_eq(&a->log, &b->log) && a->first_seq == b->first_seq && a->count == b->count &&
           a->has_instrument == b->has_instrument && pt_hash_eq(&a->instrument, &b->instrument) &&
           a->has_seen == b->has_seen && a->seen_epoch == b->seen_epoch && a->seen_lsn == b->seen_lsn &&
           memcmp(a->seen_hash, b->seen_hash, sizeof a->seen_hash) == 0 && a->wall_ms == b->wall_ms &&
           a->monotonic_ms == b->monotonic_ms && a->boot == b->boot && a->has_previous == b->has_previous &&
           pt_hash_eq(&a->previous, &b->previous);
}

struct pt_entry *kit_every_kind(size_t *n, struct pt_arena *arena)
{
    const ProtobufCEnumDescriptor *kinds = &patuh__entry_kind__descriptor;
    struct pt_entry *entries = pt_arena_zalloc(arena, kinds->n_values, sizeof *entries);
    uint64_t state = 42;
    *n = 0;
    for (unsigned i = 1; i < kinds->n_values; i++) {
        entries[(*n)++] = kit_entry((Patuh__EntryKind)kinds->values[i].value, &state, arena);
    }
    entries[0].value = (struct pt_value){.type = PT_VALUE_DECIMAL, .number = {-125, 1}};
    return entries;
}
