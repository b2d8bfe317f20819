/* A log of this device lives in one incarnation. When the store may be older than what was sent from it (restored from
 * a copy, or a copy itself), going on in the same log would make two chunks after one link; so it goes on in new logs,
 * and what was typed and not sealed moves there. */
#include "client/incarnation.h"

#include "base/mem.h"
#include "client/work.h"
#include "io/files.h"

#include <string.h>

#define MARKER_BYTES 16
#define MARKER_FILE_BYTES (2 * MARKER_BYTES + 1)

/* --- the unsealed entries of one log --- */

struct renamed {
    char from[PT_INSTANCE_BYTES_MAX + 1];
    char to[PT_INSTANCE_BYTES_MAX + 1];
};

struct moving {
    struct patuh *device;
    struct pt_txn *txn;
    struct pt_work work; /* what is sealed */
    struct pt_head old;
    uint64_t first_seq; /* of the old tail */
    struct pt_head log;
    struct pt_author_pen pen;
    struct renamed *renamed; /* an instance is named by the entry that adds it */
    size_t n_renamed, renamed_capacity;
};

static const char *new_name(const struct moving *m, const char *name)
{
    for (size_t i = 0; i < m->n_renamed; i++) {
        if (strcmp(m->renamed[i].from, name) == 0) {
            return m->renamed[i].to;
        }
    }
    return name;
}

static bool is_claim(const struct pt_entry *entry)
{
    return entry->kind == PATUH__ENTRY_KIND__ENTRY_ANSWER || entry->kind == PATUH__ENTRY_KIND__ENTRY_CLEAR;
}

/* The last sealed claim of the old log before the tail on the register of an entry; NULL when there is none. */
static const struct pt_entry *claim_before(const struct moving *m, const struct pt_view *old,
                                           const struct pt_entry *entry, uint64_t *seq)
{
    const struct pt_entry *found = NULL;
    for (size_t i = 0; i < old->n_entries && i + 1 < m->first_seq; i++) {
        const struct pt_entry *earlier = &old->entries[i];
        if (is_claim(earlier) && earlier->question == entry->question &&
            strcmp(earlier->instance, entry->instance) == 0) {
            found = earlier;
            *seq = i + 1;
        }
    }
    return found;
}

/* What the entry replaces already has the same value as the claim: then both were replaced by it. */
static bool agrees(const struct moving *m, const struct pt_entry *entry, const struct pt_entry *claim)
{
    for (size_t i = 0; i < entry->n_replaces; i++) {
        const struct pt_entry_ref *ref = &entry->replaces[i];
        const struct pt_view *view = pt_view_find(m->work.views, m->work.n_views, &ref->author, ref->incarnation);
        if (view == NULL || ref->seq == 0 || ref->seq > view->n_entries ||
            !pt_value_eq(&view->entries[ref->seq - 1].value, &claim->value)) {
            return false;
        }
    }
    return entry->n_replaces < PT_ENTRY_REPLACES_MAX;
}

/* Within one log the later answer replaces the earlier by itself; from the new log the earlier one has to be named. */
static enum pt_err name_earlier(struct moving *m, struct pt_entry *entry)
{
    uint64_t seq = 0;
    const struct pt_log_id *id = &m->old.log;
    const struct pt_view *old = pt_view_find(m->work.views, m->work.n_views, &id->author, id->incarnation);
    const struct pt_entry *claim = old == NULL || !is_claim(entry) ? NULL : claim_before(m, old, entry, &seq);
    const struct pt_view_chunk *chunk = claim == NULL ? NULL : pt_view_chunk_of(old, seq);
    if (chunk == NULL || !agrees(m, entry, claim)) {
        return PT_OK;
    }
    struct pt_entry_ref *refs = pt_arena_zalloc(&m->work.arena, entry->n_replaces + 1, sizeof *refs);
    if (refs == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < entry->n_replaces; i++) {
        refs[i] = entry->replaces[i];
    }
    struct pt_entry_ref *own = &refs[entry->n_replaces++];
    *own = (struct pt_entry_ref){.author = id->author, .incarnation = id->incarnation, .seq = seq};
    memcpy(own->link, chunk->link.b, sizeof own->link);
    entry->replaces = refs;
    return PT_OK;
}

static enum pt_err move_entry(struct moving *m, struct pt_entry entry, uint64_t old_seq)
{
    uint64_t seq = 0;
    enum pt_err err = pt_reserve(&m->renamed, &m->renamed_capacity, m->n_renamed + 1, sizeof *m->renamed);
    if (err != PT_OK) {
        return err;
    }
    err = name_earlier(m, &entry);
    entry.instance = new_name(m, entry.instance);
    m->pen.wall_ms = entry.wall_s * 1000;
    if (err == PT_OK) {
        err = pt_tail_put(m->txn, &m->pen, &m->log, &entry, &seq);
    }
    if (err == PT_OK && entry.kind == PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE) {
        struct renamed *names = &m->renamed[m->n_renamed++];
        pt_entry_instance_name(&m->old.log, old_seq, names->from);
        pt_entry_instance_name(&m->log.log, seq, names->to);
    }
    return err;
}

static enum pt_err move_entries(struct moving *m)
{
    struct pt_taken taken;
    enum pt_err err = pt_tail_take(m->txn, &m->old, &m->work.arena, &taken);
    if (err == PT_OK) {
        m->first_seq = taken.first_seq;
        m->pen.instrument = taken.has_instrument ? &taken.instrument : NULL;
    }
    for (size_t i = 0; err == PT_OK && i < taken.n; i++) {
        err = move_entry(m, taken.entries[i], taken.first_seq + i);
    }
    m->pen.instrument = NULL; /* lent by taken */
    return err;
}

static enum pt_err move_tail(struct patuh *device, struct pt_txn *txn, const struct pt_head *old, uint64_t incarnation,
                             struct pt_problem *problem)
{
    struct moving m = {.device = device, .txn = txn, .old = *old, .pen = pt_device_pen(device, NULL)};
    m.pen.incarnation = incarnation;
    enum pt_err err = pt_work_load(&m.work, device, txn, &old->log.subject, false, problem);
    if (err == PT_OK) {
        err = pt_pen_log(txn, &m.pen, &old->log.subject, &m.log);
    }
    if (err == PT_OK) {
        err = move_entries(&m);
    }
    pt_free(m.renamed);
    pt_work_close(&m.work);
    return err;
}

/* --- the incarnation --- */

static enum pt_err move_tails(struct patuh *device, struct pt_txn *txn, uint64_t incarnation,
                              struct pt_problem *problem)
{
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_list(txn, NULL, &arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (pt_author_eq(&heads[i].log.author, &device->author) && heads[i].tail_seq > 0) {
            err = move_tail(device, txn, &heads[i], incarnation, problem);
        }
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_incarnation_renew(struct patuh *device, struct pt_problem *problem)
{
    struct pt_txn *txn;
    uint64_t fresh = pt_random_u64(&device->random);
    enum pt_err err = pt_store_begin(device->store, true, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = move_tails(device, txn, fresh, problem);
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, "previous", device->incarnation);
    }
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, "incarnation", fresh);
    }
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    err = pt_store_commit(txn);
    if (err == PT_OK) {
        device->previous = device->incarnation;
        device->has_previous = true;
        device->incarnation = fresh;
    }
    return err;
}

/* --- the marker --- */

struct markers {
    bool known;
    uint8_t newest[MARKER_BYTES];
    uint8_t before[MARKER_BYTES];
};

static enum pt_err read_markers(struct pt_txn *txn, struct markers *out)
{
    struct pt_bytes value;
    *out = (struct markers){0};
    enum pt_err err = pt_meta_get(txn, "marker", &value);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err;
    }
    struct pt_reader reader = pt_reader_on(value);
    pt_read_into(&reader, out->newest, sizeof out->newest);
    pt_read_into(&reader, out->before, sizeof out->before);
    out->known = pt_read_end(&reader) == PT_OK;
    return PT_OK;
}

enum pt_err pt_incarnation_mark(struct patuh *device, struct pt_problem *problem)
{
    struct pt_txn *txn;
    struct markers markers;
    uint8_t both[2 * MARKER_BYTES];
    char path[PATH_MAX];
    enum pt_err err = pt_store_begin(device->store, true, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = read_markers(txn, &markers);
    pt_random_fill(&device->random, both, MARKER_BYTES);
    memcpy(both + MARKER_BYTES, markers.newest, MARKER_BYTES);
    if (err == PT_OK) {
        err = pt_meta_put(txn, "marker", pt_bytes_of(both, sizeof both));
    }
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    err = pt_store_commit(txn);
    struct pt_buf text = {0};
    pt_hex_put(&text, pt_bytes_of(both, MARKER_BYTES));
    pt_buf_put_str(&text, "\n");
    if (err == PT_OK) {
        err = pt_path_join(path, sizeof path, device->folder, "marker");
    }
    if (err == PT_OK) {
        err = text.err == PT_OK ? pt_file_write(path, pt_buf_bytes(&text), 0600, problem) : text.err;
    }
    pt_buf_free(&text);
    return err;
}

static bool marker_fits(const struct patuh *device, const struct markers *markers)
{
    char path[PATH_MAX];
    uint8_t found[MARKER_BYTES];
    struct pt_buf text = {0};
    bool fits = pt_path_join(path, sizeof path, device->folder, "marker") == PT_OK &&
                pt_file_read(path, MARKER_FILE_BYTES, &text, NULL) == PT_OK && text.n == MARKER_FILE_BYTES &&
                pt_hex_read(pt_bytes_of(text.data, 2 * sizeof found), found, sizeof found) == PT_OK;
    pt_buf_free(&text);
    return fits &&
           (memcmp(found, markers->newest, sizeof found) == 0 || memcmp(found, markers->before, sizeof found) == 0);
}

/* --- opening --- */

static enum pt_err read_incarnation(struct patuh *device, bool *known, struct markers *markers)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin(device->store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_get_u64(txn, "previous", &device->previous);
    device->has_previous = err == PT_OK;
    if (err == PT_OK || err == PT_ENOTFOUND) {
        err = pt_meta_get_u64(txn, "incarnation", &device->incarnation);
    }
    *known = err == PT_OK;
    if (err == PT_OK || err == PT_ENOTFOUND) {
        err = read_markers(txn, markers);
    }
    pt_store_abort(txn);
    return err;
}

static enum pt_err first_incarnation(struct patuh *device)
{
    struct pt_txn *txn;
    uint64_t fresh = pt_random_u64(&device->random);
    enum pt_err err = pt_store_begin(device->store, true, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_put_u64(txn, "incarnation", fresh);
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    device->incarnation = fresh;
    return pt_store_commit(txn);
}

enum pt_err pt_incarnation_open(struct patuh *device, struct pt_problem *problem)
{
    bool known = false;
    struct markers markers;
    enum pt_err err = read_incarnation(device, &known, &markers);
    if (err == PT_OK && known && markers.known && marker_fits(device, &markers)) {
        return PT_OK;
    }
    if (err == PT_OK) {
        err = known && markers.known ? pt_incarnation_renew(device, problem) : first_incarnation(device);
    }
    return err == PT_OK ? pt_incarnation_mark(device, problem) : err;
}
