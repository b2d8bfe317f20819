#include "io/assessment/instruments.h"

#include "base/mem.h"

void pt_instruments_open(struct pt_instruments *instruments, struct pt_blobs *blobs)
{
    *instruments = (struct pt_instruments){.blobs = blobs};
    pt_arena_init(&instruments->arena, SIZE_MAX);
}

void pt_instruments_close(struct pt_instruments *instruments)
{
    pt_free(instruments->opened);
    pt_arena_close(&instruments->arena);
    *instruments = (struct pt_instruments){0};
}

static enum pt_err open_one(struct pt_instruments *instruments, const struct pt_hash *hash,
                            const struct pt_instrument **out)
{
    struct pt_arena *arena = &instruments->arena;
    struct pt_buf bytes = {0};
    enum pt_err err = pt_blobs_get(instruments->blobs, hash, &bytes);
    if (err == PT_OK) {
        struct pt_instrument *instrument = pt_arena_zalloc(arena, 1, sizeof *instrument);
        struct pt_bytes kept = pt_arena_dup(arena, pt_buf_bytes(&bytes));
        err = instrument == NULL || kept.data == NULL ? PT_ENOMEM : pt_instrument_open(kept, arena, instrument);
        if (err == PT_OK) {
            *out = instrument;
        }
    }
    pt_buf_free(&bytes);
    return err == PT_ENOTFOUND ? PT_OK : err;
}

const struct pt_instrument *pt_instruments_find(void *data, const struct pt_hash *hash)
{
    struct pt_instruments *instruments = data;
    for (size_t i = 0; i < instruments->n; i++) {
        if (pt_hash_eq(&instruments->opened[i].hash, hash)) {
            return instruments->opened[i].instrument;
        }
    }
    struct pt_opened opened = {.hash = *hash};
    if (open_one(instruments, hash, &opened.instrument) != PT_OK) {
        return NULL;
    }
    size_t need = instruments->n + 1;
    if (pt_reserve(&instruments->opened, &instruments->capacity, need, sizeof opened) == PT_OK) {
        instruments->opened[instruments->n++] = opened;
    }
    return opened.instrument;
}
