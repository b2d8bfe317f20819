/* A log of this device lives in one incarnation. When the store may be older than what was sent from it (restored from
 * a copy, or a copy itself), going on in the same log would make two chunks after one link; so it goes on in new logs,
 * and what was typed and not sealed moves there. */
#include "client/incarnation.h"

#include "base/mem.h"
#include "client/work.h"
#include "core/keys.h"
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
    struct pt_work work; /* what is sealed: decides what the moved answers replace */
    struct pt_head old;
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

/* The old log's answer is now another log's: it has to be named. */
static enum pt_err refer_again(struct moving *m, struct pt_entry *entry)
{
    bool claim = entry->kind == PATUH__ENTRY_KIND__ENTRY_ANSWER || entry->kind == PATUH__ENTRY_KIND__ENTRY_CLEAR;
    uint32_t instance = 0;
    if (!claim || !m->work.ready) {
        return PT_OK;
    }
    uint32_t node = pt_node_by_number(m->work.instrument, entry->question);
    if (node == PT_NONE) {
        return PT_OK;
    }
    if (entry->instance[0] != '\0') {
        instance = pt_work_instance(&m->work, m->work.instrument->nodes[node].repeat, entry->instance);
    }
    return pt_work_replaces(&m->work, entry->question, instance, &m->log.log, &m->work.arena, &entry->replaces,
                            &entry->n_replaces);
}

static enum pt_err move_entry(struct moving *m, struct pt_entry entry, uint64_t old_seq)
{
    uint64_t seq = 0;
    enum pt_err err = pt_reserve(&m->renamed, &m->renamed_capacity, m->n_renamed + 1, sizeof *m->renamed);
    if (err != PT_OK) {
        return err;
    }
    entry.instance = new_name(m, entry.instance);
    m->pen.wall_ms = entry.wall_s * 1000;
    err = refer_again(m, &entry);
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

static enum pt_err empty_tail(struct moving *m)
{
    enum pt_err err = PT_OK;
    for (uint64_t seq = m->old.seq + 1; seq <= m->old.tail_seq && err == PT_OK; seq++) {
        struct pt_key key = pt_key_log_seq(m->old.number, seq);
        err = pt_store_del(m->txn, PT_TABLE_TAIL, pt_key_bytes(&key));
    }
    m->old.tail_seq = 0;
    return err == PT_OK ? pt_logs_put_head(m->txn, &m->old) : err;
}

static enum pt_err move_entries(struct moving *m)
{
    struct pt_view view;
    struct pt_head whole = m->old;
    size_t n = (size_t)(m->old.tail_seq - m->old.seq);
    whole.forked = false; /* what waits is wanted even when the log itself was forked */
    enum pt_err err = pt_logs_view(m->txn, &whole, 0, true, &m->work.arena, &view);
    if (err == PT_OK && view.n_entries < n) {
        err = PT_EDAMAGED;
    }
    for (size_t i = 0; err == PT_OK && i < n; i++) {
        err = move_entry(m, view.entries[view.n_entries - n + i], m->old.seq + 1 + i);
    }
    return err == PT_OK ? empty_tail(m) : err;
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
        if (pt_author_eq(&heads[i].log.author, &device->author) && heads[i].tail_seq > heads[i].seq) {
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
