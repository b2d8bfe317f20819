/* world_disk.c - what a node writes by itself, and what happens to its disk: power cuts, backups, copies. */
#include "support/world.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/store/meta.h"

void world_power_arm(struct world_node *node)
{
    if (node->power_fails) {
        pt_store_mem_fault_arm(node->store, PT_STORE_MEM_PUT | PT_STORE_MEM_COMMIT, node->power_pass, PT_EIO);
        node->power_fails = false;
    }
}

enum pt_err world_write_begin(struct world_node *node, struct pt_txn **txn)
{
    struct pt_hash hash;
    node->power_now = node->power_fails;
    world_power_arm(node);
    enum pt_err err = pt_store_begin_write(node->store, txn);
    if (err == PT_OK) {
        err = pt_arrival_last(*txn, &node->begun_lsn, &hash);
        if (err != PT_OK) {
            pt_store_abort(*txn);
        }
    }
    return err;
}

enum pt_err world_write_end(struct world_node *node, struct pt_txn *txn, enum pt_err err)
{
    if (err == PT_OK) {
        err = pt_store_commit(txn);
    } else {
        pt_store_abort(txn);
    }
    world_trace(node->world, "node %zu: writes: %s\n", world_number(node), err == PT_OK ? "done" : pt_err_name(err));
    if (err == PT_OK) {
        world_note_written(node, node->begun_lsn);
        world_check_new(node);
        world_news(node);
    }
    if (node->power_now) {
        node->power_now = false;
        world_power_cut(node);
    }
    return err;
}

struct pt_prune_rule world_prune_rule(struct world_node *device, struct pt_txn *txn, int64_t age_ms)
{
    uint64_t office_ms = 0;
    enum pt_err err = pt_meta_get_u64(txn, PT_META_OFFICE_MS, &office_ms);
    PT_CHECK(err == PT_OK || err == PT_ENOTFOUND);
    return (struct pt_prune_rule){.author = device->author,
                                  .office_tier = device->upper->tier,
                                  .office_ms = (int64_t)office_ms,
                                  .age_ms = age_ms};
}

static void remove_files(struct world_node *node, const struct pt_hash *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct world_blob *blob = world_blob(node, &files[i]);
        if (blob != NULL) {
            pt_buf_clear(&blob->bytes);
            blob->whole = false;
            blob->total = 0;
        }
    }
}

static enum pt_err prune(struct world_node *device, struct pt_txn *txn, const struct pt_subject *subject,
                         const struct pt_prune_rule *rule, bool *due)
{
    struct pt_arena arena;
    struct pt_hash *files;
    size_t n = 0;
    struct pt_pruned record = {.pruned_ms = rule->office_ms};
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_prune_is_due(txn, subject, rule, due);
    if (err == PT_OK && *due) {
        err = pt_prune_files(txn, subject, &arena, &files, &n);
    }
    if (err == PT_OK && *due) {
        remove_files(device, files, n);
        err = pt_prune(txn, subject, &record);
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err world_prune(struct world_node *device, const struct pt_subject *subject, int64_t age_ms, bool *pruned)
{
    struct pt_txn *txn;
    bool due = false;
    *pruned = false;
    enum pt_err err = world_write_begin(device, &txn);
    if (err != PT_OK) {
        return err;
    }
    struct pt_prune_rule rule = world_prune_rule(device, txn, age_ms);
    err = prune(device, txn, subject, &rule, &due);
    err = world_write_end(device, txn, err);
    *pruned = err == PT_OK && due;
    if (*pruned) { /* what comes again was not there before */
        world_trace(device->world, "node %zu: lets go of %s\n", world_number(device), subject->text);
        device->checked_lsn = 0;
        world_set_free(&device->there);
    }
    return err;
}

/* The sessions of a node vanish; the other sides see the end of their connections. */
static void drop_sessions(struct world_node *node)
{
    struct world *w = node->world;
    size_t kept = 0;
    for (size_t i = 0; i < w->n_jobs; i++) {
        struct world_job job = w->job[i];
        if (job.link->node[job.side] == node) {
            pt_inbox_destroy(job.inbox);
        } else {
            w->job[kept++] = job;
        }
    }
    w->n_jobs = kept;
    for (size_t i = 0; i < w->n_links; i++) {
        struct world_link *link = &w->link[i];
        for (int side = 0; side < 2; side++) {
            if (link->in_use && link->node[side] == node) {
                if (link->open) {
                    world_cut(link);
                }
                link->ended[side] = true;
                link->reason[side] = PT_ECLOSED;
                pt_session_destroy(link->session[side]);
                link->session[side] = NULL;
            }
        }
    }
}

void world_power_cut(struct world_node *node)
{
    struct world *w = node->world;
    world_trace(w, "node %zu: power cut\n", world_number(node));
    drop_sessions(node);
    pt_store_mem_crash(node->store);
    for (size_t i = 0; i < node->n_blobs; i++) {
        struct world_blob *blob = &node->blobs[i];
        if (!blob->whole) {
            blob->bytes.n = blob->bytes.n == 0 ? 0 : world_chance(w, blob->bytes.n + 1);
        }
    }
    node->boot = 1 + world_chance(w, SIZE_MAX);
    node->boot_ms = w->now_ms;
    world_check_node(node);
    if (w->restarted != NULL) {
        w->restarted(w, node);
    }
}

struct pt_store *world_backup(struct world_node *node)
{
    struct pt_store *copy;
    struct pt_txn *from = NULL;
    struct pt_txn *to = NULL;
    world_make_store(node->world, &copy);
    PT_CHECK(pt_store_begin_read(node->store, &from) == PT_OK);
    PT_CHECK(pt_store_begin_write(copy, &to) == PT_OK);
    for (int table = 0; table < PT_TABLE_COUNT; table++) {
        struct pt_bytes key;
        struct pt_bytes value;
        struct pt_rows rows = pt_rows_of(from, (enum pt_table)table, (struct pt_bytes){0});
        while (pt_rows_next(&rows, &key, &value)) {
            PT_CHECK(pt_store_put(to, (enum pt_table)table, key, value) == PT_OK);
        }
        PT_CHECK(pt_rows_end(&rows) == PT_OK);
    }
    pt_store_abort(from);
    PT_CHECK(pt_store_commit(to) == PT_OK);
    return copy;
}

void world_restore(struct world_node *node, struct pt_store *backup)
{
    world_trace(node->world, "node %zu: restored\n", world_number(node));
    drop_sessions(node);
    pt_store_close(node->store);
    node->store = backup;
    node->power_fails = false;
    node->checked_lsn = 0;
    world_set_free(&node->there);
}

struct world_node *world_clone(struct world_node *node)
{
    struct world *w = node->world;
    if (w->n_nodes == WORLD_NODES_MAX) {
        return NULL;
    }
    struct world_node *copy = world_node(w, node->tier, node->code, node->upper);
    world_trace(w, "node %zu: is a copy of node %zu\n", world_number(copy), world_number(node));
    copy->pair = node->pair;
    copy->key = node->key;
    copy->author = node->author;
    copy->incarnation = node->incarnation;
    copy->previous_incarnation = node->previous_incarnation;
    copy->instrument = node->instrument;
    copy->revoked = node->revoked;
    world_restore(copy, world_backup(node));
    for (size_t i = 0; i < node->n_blobs; i++) {
        if (node->blobs[i].whole) {
            struct pt_buf bytes = {0};
            pt_buf_put_bytes(&bytes, pt_buf_bytes(&node->blobs[i].bytes));
            (void)world_keep_file(copy, &bytes);
        }
    }
    for (size_t i = 0; i < node->n_subjects; i++) {
        world_allow(copy, node->subjects[i].text);
    }
    return copy;
}
