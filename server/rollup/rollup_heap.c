/* rollup_heap.c - what a rollup keeps for the next one, in two files of a folder.
 *
 *     index  = MAGIC, records in the order of subjects, 32 hash of all that
 *     record = u8 length and subject, 32 key, u64 place in the heap, u32 length, u64 check of the stretch there
 *     heap   = stretches of text, one after the other; what no record knows any more lies between them
 *
 * The index is small and written anew each time. The heap is mapped, and the files of the rollup point into it: it
 * only grows at its end, or another one takes its place when more than half of it is dead. Nothing waits for the disk.
 * The heap is written first; when only one of the two arrives there, before or after a crash, records point past the
 * end or at bytes that do not pass their check, and these assessments are computed anew.
 *
 * Who holds the lock of the folder writes. Another run at the same time only reads: an index and a heap of different
 * runs, in the worst case, and that is the same as above. */
#include "rollup/rollup_internal.h"

#include "base/mem.h"

#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAGIC "patuh/1 rollup index\n"
#define INDEX_BYTES_MAX ((size_t)1 << 28)

static uint64_t check_of(const struct pt_bytes *pieces, size_t n)
{
    XXH3_state_t state;
    (void)XXH3_64bits_reset(&state);
    for (size_t i = 0; i < n; i++) {
        (void)XXH3_64bits_update(&state, pieces[i].data, pieces[i].n);
    }
    return XXH3_64bits_digest(&state);
}

/* --- what is there --- */

/* The next record of the old index. */
static void read_record(struct pt__heap *heap)
{
    struct pt__held *held = &heap->at_hand;
    *held = (struct pt__held){0};
    heap->has_record = heap->reader.at != heap->reader.end;
    held->subject = pt_read_bytes(&heap->reader, pt_read_u8(&heap->reader));
    pt_read_into(&heap->reader, held->key.b, sizeof held->key.b);
    held->at = pt_read_u64(&heap->reader);
    held->n = pt_read_u32(&heap->reader);
    held->check = pt_read_u64(&heap->reader);
    heap->has_record = heap->has_record && heap->reader.err == PT_OK;
}

static void open_index(struct pt__heap *heap)
{
    if (pt_file_read(heap->index_path, INDEX_BYTES_MAX, &heap->index, NULL) != PT_OK) {
        return;
    }
    struct pt_bytes all = pt_buf_bytes(&heap->index);
    struct pt_bytes magic = pt_bytes_str(MAGIC);
    if (all.n < magic.n + PT_HASH_BYTES || memcmp(all.data, magic.data, magic.n) != 0) {
        return;
    }
    size_t n = all.n - PT_HASH_BYTES;
    struct pt_hash hash = pt_hash1(PT_CONTEXT_DIGEST, pt_bytes_of(all.data, n));
    if (memcmp(hash.b, all.data + n, sizeof hash.b) == 0) {
        heap->reader = pt_reader_on(pt_bytes_of(all.data + magic.n, n - magic.n));
        read_record(heap);
    }
}

void pt__heap_open(struct pt__heap *heap, const char *folder, struct pt_mapped *mapped)
{
    bool named = pt_path_join(heap->index_path, sizeof heap->index_path, folder, "index") == PT_OK &&
                 pt_path_join(heap->heap_path, sizeof heap->heap_path, folder, "heap") == PT_OK;
    heap->mapped = mapped;
    if (!named) {
        return;
    }
    heap->writes = pt_folder_lock(folder, &heap->lock) == PT_OK;
    open_index(heap);
    if (pt_file_map(heap->heap_path, mapped) != PT_OK) {
        pt_file_unmap(mapped);
    }
}

bool pt__heap_find(struct pt__heap *heap, const char *subject, const struct pt_hash *key, struct pt_bytes *out)
{
    struct pt__held *held = &heap->at_hand;
    struct pt_bytes wanted = pt_bytes_str(subject);
    while (heap->has_record && pt_bytes_cmp(held->subject, wanted) < 0) {
        read_record(heap);
    }
    size_t n_heap = heap->mapped->bytes.n;
    if (!heap->has_record || !pt_bytes_eq(held->subject, wanted) || !pt_hash_eq(&held->key, key) || held->at > n_heap ||
        held->n > n_heap - held->at) {
        return false;
    }
    *out = pt_bytes_of(heap->mapped->bytes.data + held->at, held->n);
    return XXH3_64bits(out->data, out->n) == held->check;
}

/* --- what is written --- */

static void add(struct pt__heap *heap, const struct pt__held *held)
{
    if (pt_reserve(&heap->held, &heap->capacity, heap->n_held + 1, sizeof *heap->held) == PT_OK) {
        heap->held[heap->n_held++] = *held;
    }
}

void pt__heap_keep(struct pt__heap *heap)
{
    struct pt__held *held = &heap->at_hand;
    held->pieces[0] = pt_bytes_of(heap->mapped->bytes.data + held->at, held->n);
    add(heap, held);
}

void pt__heap_put(struct pt__heap *heap, const char *subject, const struct pt_hash *key,
                  const struct pt_bytes pieces[PT__PIECES])
{
    struct pt__held held = {.subject = pt_bytes_str(subject), .key = *key, .is_new = true};
    for (size_t i = 0; i < PT__PIECES; i++) {
        held.pieces[i] = pieces[i];
        held.n += pieces[i].n;
    }
    held.check = check_of(pieces, PT__PIECES);
    if (held.n <= UINT32_MAX) {
        add(heap, &held);
    }
}

/* More than half of the heap would be dead. */
static bool is_worn(const struct pt__heap *heap)
{
    uint64_t all = heap->mapped->bytes.n;
    uint64_t live = 0;
    for (size_t i = 0; i < heap->n_held; i++) {
        live += heap->held[i].n;
        all += heap->held[i].is_new ? heap->held[i].n : 0;
    }
    return !heap->mapped->is_open || all - live > all / 2;
}

/* Into a heap of its own, or what is new at the end of the old one. */
static enum pt_err write_heap(struct pt__heap *heap, bool anew)
{
    uint64_t at = 0;
    size_t n = 0;
    struct pt_bytes *pieces = pt_alloc(heap->n_held * PT__PIECES * sizeof *pieces);
    if (pieces == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < heap->n_held; i++) {
        if (anew || heap->held[i].is_new) {
            memcpy(pieces + n, heap->held[i].pieces, sizeof heap->held[i].pieces);
            n += PT__PIECES;
        }
    }
    enum pt_err err =
        anew ? pt_file_replace(heap->heap_path, pieces, n, 0600) : pt_file_append(heap->mapped, pieces, n, &at);
    pt_free(pieces);
    for (size_t i = 0; i < heap->n_held && err == PT_OK; i++) {
        if (anew || heap->held[i].is_new) {
            heap->held[i].at = at;
            at += heap->held[i].n;
        }
    }
    return err;
}

static enum pt_err write_index(const struct pt__heap *heap)
{
    struct pt_buf index = {0};
    pt_buf_put_str(&index, MAGIC);
    for (size_t i = 0; i < heap->n_held; i++) {
        const struct pt__held *held = &heap->held[i];
        pt_buf_put_u8(&index, (uint8_t)held->subject.n);
        pt_buf_put_bytes(&index, held->subject);
        pt_buf_put_bytes(&index, pt_hash_bytes(&held->key));
        pt_buf_put_u64(&index, held->at);
        pt_buf_put_u32(&index, (uint32_t)held->n);
        pt_buf_put_u64(&index, held->check);
    }
    struct pt_hash hash = pt_hash1(PT_CONTEXT_DIGEST, pt_buf_bytes(&index));
    pt_buf_put_bytes(&index, pt_hash_bytes(&hash));
    struct pt_bytes bytes = pt_buf_bytes(&index);
    enum pt_err err = index.err == PT_OK ? pt_file_replace(heap->index_path, &bytes, 1, 0600) : index.err;
    pt_buf_free(&index);
    return err;
}

void pt__heap_close(struct pt__heap *heap, bool writes)
{
    if (heap->writes && writes && write_heap(heap, is_worn(heap)) == PT_OK) {
        (void)write_index(heap);
    }
    if (heap->writes) {
        (void)close(heap->lock);
    }
    pt_free(heap->held);
    pt_buf_free(&heap->index);
    *heap = (struct pt__heap){0};
}
