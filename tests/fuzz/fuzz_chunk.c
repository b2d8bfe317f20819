/* fuzz_chunk.c - a chunk of anybody: it is refused, or what was read can be encoded and read again. */
#include "base/check.h"
#include "core/log/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void encode_again(const struct pt_chunk_header *header, const struct pt_entry *entries, struct pt_arena *arena)
{
    struct pt_buf again = {0};
    struct pt_chunk_header back;
    struct pt_entry *list;
    enum pt_err err = pt_chunk_encode(header, entries, &again);
    PT_CHECK(err == PT_OK || err == PT_ELIMIT); /* another encoder may have found a smaller form */
    if (err == PT_OK) {
        PT_CHECK(pt_chunk_decode(pt_buf_bytes(&again), arena, &back, &list) == PT_OK);
        PT_CHECK(back.count == header->count && back.first_seq == header->first_seq);
        for (uint32_t i = 0; i < header->count; i++) {
            PT_CHECK(list[i].kind == entries[i].kind && pt_value_eq(&list[i].value, &entries[i].value));
        }
    }
    pt_buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_arena arena;
    struct pt_chunk_header header;
    struct pt_entry *entries;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_chunk_decode(pt_bytes_of(data, n), &arena, &header, &entries);
    PT_CHECK(err == PT_OK || err == PT_EMALFORMED || err == PT_ELIMIT);
    if (err == PT_OK) {
        PT_CHECK(header.count > 0 && header.first_seq > 0);
        encode_again(&header, entries, &arena);
    }
    pt_arena_close(&arena);
    return 0;
}
