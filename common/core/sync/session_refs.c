/* session_refs.c - what a session knows of logs: its marks by log number, and the numbers that each side gave. */
#include "core/log/run_message.h"
#include "core/sync/session_internal.h"

#include "base/mem.h"

#define PEER_REFS_MAX 65536
#define MARKS_MIN 16 /* a power of two, as every capacity */

/* Where the log's mark is, or would be. */
static struct mark *mark_place(struct mark *marks, size_t capacity, uint64_t log)
{
    size_t at = (size_t)(log * 0x9e3779b97f4a7c15u >> 32) & (capacity - 1);
    while (marks[at].log != 0 && marks[at].log != log) {
        at = (at + 1) & (capacity - 1);
    }
    return &marks[at];
}

static enum pt_err grow_marks(struct pt_session *s)
{
    size_t capacity = s->marks_capacity == 0 ? MARKS_MIN : s->marks_capacity * 2;
    struct mark *grown = capacity > SIZE_MAX / sizeof *grown ? NULL : pt_zalloc(capacity * sizeof *grown);
    if (grown == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < s->marks_capacity; i++) {
        if (s->marks[i].log != 0) {
            *mark_place(grown, capacity, s->marks[i].log) = s->marks[i];
        }
    }
    pt_free(s->marks);
    s->marks = grown;
    s->marks_capacity = capacity;
    return PT_OK;
}

struct mark *pt__session_known_mark(struct pt_session *s, uint64_t log)
{
    return mark_place(s->marks, s->marks_capacity, log);
}

struct mark *pt__session_mark(struct pt_session *s, struct pt_update *u, uint64_t log)
{
    if (2 * (s->n_marks + 1) > s->marks_capacity && grow_marks(s) != PT_OK) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return NULL;
    }
    struct mark *mark = mark_place(s->marks, s->marks_capacity, log);
    s->n_marks += mark->log == 0;
    mark->log = log;
    return mark;
}

/* The first mention of a log, with everything; it points into a copy. */
Patuh__LogRef *pt__session_ref_stranger(struct pt_session *s, struct pt_update *u, const struct pt_log_id *log,
                                        const struct pt_public_key *key)
{
    Patuh__LogRef *ref = pt_log_ref_of(log, key, &u->arena);
    if (ref == NULL) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return NULL;
    }
    ref->has_number = true;
    ref->number = ++s->last_number;
    return ref;
}

Patuh__LogRef *pt__session_ref_out(struct pt_session *s, struct pt_update *u, const struct pt_head *head)
{
    struct mark *mark = pt__session_mark(s, u, head->number);
    if (mark == NULL) {
        return NULL;
    }
    if (mark->number == 0) {
        Patuh__LogRef *first = pt__session_ref_stranger(s, u, &head->log, &head->key);
        mark->number = s->last_number;
        return first;
    }
    Patuh__LogRef *ref = pt_arena_alloc(&u->arena, sizeof *ref);
    if (ref == NULL) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return NULL;
    }
    patuh__log_ref__init(ref);
    ref->has_number = true;
    ref->number = mark->number;
    return ref;
}

static enum pt_err add_ref(struct pt_session *s, const Patuh__LogRef *ref)
{
    struct peer_ref fresh;
    if (s->n_refs >= PEER_REFS_MAX) {
        return PT_ELIMIT;
    }
    if (ref->number != s->n_refs + 1) {
        return PT_EMALFORMED;
    }
    enum pt_err err = pt_log_ref_read(ref, &fresh.log, &fresh.key);
    if (err == PT_OK) {
        err = pt_reserve(&s->refs, &s->refs_capacity, s->n_refs + 1, sizeof *s->refs);
    }
    if (err == PT_OK) {
        s->refs[s->n_refs++] = fresh;
    }
    return err;
}

enum pt_err pt__session_ref_in(struct pt_session *s, const Patuh__LogRef *ref, struct pt_log_id *log,
                               struct pt_public_key *key)
{
    if (ref == NULL || ref->number == 0) {
        return PT_EMALFORMED;
    }
    enum pt_err err = ref->number > s->n_refs ? add_ref(s, ref) : PT_OK;
    if (err == PT_OK) {
        *log = s->refs[ref->number - 1].log;
        *key = s->refs[ref->number - 1].key;
    }
    return err;
}
