#include "support/scene.h"

#include "base/mem.h"

#include <criterion/criterion.h>
#include <string.h>

struct scene scene_open(uint64_t seed)
{
    struct scene s = {.w = world_create(seed)};
    s.head = world_node(s.w, 2, "0", NULL);
    s.region = world_node(s.w, 1, "62", s.head);
    s.device = world_node(s.w, 0, "", s.region);
    s.other = world_node(s.w, 0, "", s.region);
    return s;
}

void scene_close(struct scene *s)
{
    world_destroy(s->w);
    cr_expect_eq(pt_mem_alive(), 0, "%ld allocations are left", pt_mem_alive());
}

struct world_link scene_sync(struct scene *s, struct world_node *from)
{
    struct world_link link = world_sync(s->w, from, from->upper);
    cr_expect_eq(link.reason[0], PT_OK, "seed %llu: closed with %s, failure %d", (unsigned long long)s->w->seed,
                 pt_err_name(link.reason[0]), (int)link.failure[0]);
    cr_expect(link.settled, "the office does not see that all was settled");
    cr_expect(world_is_converged(from, from->upper), "seed %llu", (unsigned long long)s->w->seed);
    return link;
}

static ProtobufCBinaryData in_arena(struct pt_arena *arena, const void *data, size_t n)
{
    ProtobufCBinaryData out = {.len = n, .data = pt_arena_alloc(arena, n)};
    cr_assert_not_null(out.data);
    memcpy(out.data, data, n);
    return out;
}

static Patuh__LogRef *ref_of(const struct pt_head *head, struct pt_arena *arena)
{
    Patuh__LogRef *ref = pt_arena_alloc(arena, sizeof *ref);
    patuh__log_ref__init(ref);
    ref->has_number = ref->has_subject = ref->has_public_key = ref->has_incarnation = true;
    ref->number = 1;
    ref->subject = in_arena(arena, head->log.subject.text, strlen(head->log.subject.text));
    ref->public_key = in_arena(arena, head->key.b, sizeof head->key.b);
    ref->incarnation = head->log.incarnation;
    return ref;
}

Patuh__Frame *scene_chunks(struct world_node *node, struct world_node *author, const char *subject, uint64_t from_seq,
                           struct pt_arena *arena)
{
    struct pt_head head = world_head(node, author, subject);
    struct pt_run run;
    uint64_t last;
    struct pt_txn *txn = NULL;
    cr_assert_eq(pt_store_begin_read(node->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_run(txn, &head, from_seq, PT_CREDIT_BYTES, arena, &run, &last), PT_OK);
    pt_store_abort(txn);
    Patuh__Frame *frame = pt_arena_alloc(arena, sizeof *frame);
    Patuh__Chunks *chunks = pt_arena_alloc(arena, sizeof *chunks);
    patuh__frame__init(frame);
    patuh__chunks__init(chunks);
    frame->chunks = chunks;
    chunks->log = ref_of(&head, arena);
    chunks->has_previous_link = chunks->has_first_seq = chunks->has_signature = true;
    chunks->previous_link = in_arena(arena, run.previous.b, sizeof run.previous.b);
    chunks->first_seq = run.first_seq;
    chunks->signature = in_arena(arena, run.signature.b, sizeof run.signature.b);
    chunks->n_chunk = run.n_chunks;
    chunks->chunk = pt_arena_zalloc(arena, run.n_chunks, sizeof *chunks->chunk);
    for (size_t i = 0; i < run.n_chunks; i++) {
        chunks->chunk[i] = in_arena(arena, run.chunks[i].data, run.chunks[i].n);
    }
    return frame;
}

void scene_put_bytes(struct world_link *link, struct pt_bytes body)
{
    link->hostile = true;
    pt_frame_put(&link->pipe[0], body);
}

void scene_put(struct world_link *link, const Patuh__Frame *frame)
{
    struct pt_buf bytes = {0};
    bytes.data = pt_alloc(patuh__frame__get_packed_size(frame));
    bytes.n = patuh__frame__pack(frame, bytes.data);
    scene_put_bytes(link, pt_buf_bytes(&bytes));
    pt_buf_free(&bytes);
}

void scene_unsay(struct world_link *link)
{
    pt_buf_clear(&link->pipe[0]);
    link->taken[0] = 0;
}
