/* world_node.c - devices and offices: what they write, keep and let in. */
#include "support/world.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/log/texts.h"
#include "core/store/keys.h"
#include "core/store/meta.h"

#include <string.h>

/* --- chance --- */

static uint64_t chance(struct world *w)
{
    uint64_t z = w->state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t world_chance(struct world *w, size_t below)
{
    return (size_t)(chance(w) % below);
}

static void fill(void *data, void *out, size_t n)
{
    struct world *w = data;
    uint8_t *bytes = out;
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (uint8_t)chance(w);
    }
}

struct pt_random world_random(struct world *w)
{
    return (struct pt_random){.fill = fill, .data = w};
}

void world_make_store(struct world *w, struct pt_store **out)
{
    struct pt_random random = world_random(w);
    PT_CHECK(pt_store_mem_create(NULL, &random, out) == PT_OK);
}

struct world_node *world_node(struct world *w, enum pt_tier tier, const char *code, struct world_node *upper)
{
    PT_CHECK(w->n_nodes < WORLD_NODES_MAX);
    struct world_node *node = &w->node[w->n_nodes++];
    struct pt_random random = world_random(w);
    *node = (struct world_node){.world = w, .tier = tier, .code = code, .upper = upper, .boot = 1};
    pt_keypair_make(&random, &node->pair);
    memcpy(node->key.b, node->pair.public_key, sizeof node->key.b);
    node->author = pt_author_of(node->pair.public_key);
    node->incarnation = chance(w);
    node->epoch = tier != PT_TIER_DEVICE ? chance(w) : 0;
    node->policy = (struct pt_blob_policy){.evidence = tier != PT_TIER_DEVICE, .registry = tier != PT_TIER_DEVICE};
    world_make_store(w, &node->store);
    return node;
}

const struct world_writer *world_add_writer(struct world_node *office)
{
    PT_CHECK(office->n_writers < WORLD_WRITERS_MAX);
    struct world_writer *writer = &office->writers[office->n_writers++];
    struct pt_random random = world_random(office->world);
    pt_keypair_make(&random, &writer->pair);
    memcpy(writer->key.b, writer->pair.public_key, sizeof writer->key.b);
    writer->author = pt_author_of(writer->pair.public_key);
    return writer;
}

bool world_is_of(const struct world_node *office, const struct pt_author *author)
{
    bool is = pt_author_eq(&office->author, author);
    for (size_t i = 0; i < office->n_writers && !is; i++) {
        is = pt_author_eq(&office->writers[i].author, author);
    }
    return is;
}

static struct pt_txn *begin(struct world_node *node, bool write)
{
    struct pt_txn *txn = NULL;
    PT_CHECK((write ? pt_store_begin_write : pt_store_begin_read)(node->store, &txn) == PT_OK);
    return txn;
}

static struct pt_subject subject_of(const char *text)
{
    struct pt_subject subject;
    PT_CHECK(pt_subject_read(pt_bytes_str(text), &subject) == PT_OK);
    return subject;
}

struct pt_hash world_text(struct world_node *node, const char *subject, bool keep)
{
    struct pt_buf text = {0};
    struct pt_hash hash;
    pt_buf_put_u64(&text, chance(node->world));
    pt_buf_put_u64(&text, chance(node->world));
    pt_buf_printf(&text, "catatan %llu", (unsigned long long)++node->n_texts);
    hash = pt_text_hash(pt_buf_bytes(&text));
    if (keep) {
        struct pt_txn *txn = begin(node, true);
        struct pt_subject about = subject_of(subject);
        PT_CHECK(pt_text_put(txn, &about, pt_buf_bytes(&text), &hash) == PT_OK);
        PT_CHECK(pt_store_commit(txn) == PT_OK);
    }
    pt_buf_free(&text);
    return hash;
}

struct pt_author_pen world_pen(const struct world_node *node)
{
    struct pt_now now = world_now(node);
    return (struct pt_author_pen){.pair = &node->pair,
                                  .incarnation = node->incarnation,
                                  .has_previous_incarnation = node->previous_incarnation != 0,
                                  .previous_incarnation = node->previous_incarnation,
                                  .wall_ms = now.wall_ms,
                                  .monotonic_ms = now.monotonic_ms,
                                  .boot = now.boot,
                                  .instrument = node->instrument};
}

void world_write_entries(struct world_node *node, const char *subject, const struct pt_entry *entries, size_t n)
{
    struct pt_subject about = subject_of(subject);
    struct pt_author_pen pen = world_pen(node);
    struct pt_arena arena;
    struct pt_txn *txn;
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(world_write_begin(node, &txn) == PT_OK);
    PT_CHECK(pt_pen_write(txn, &pen, &about, entries, n, &arena) == PT_OK);
    PT_CHECK(world_write_end(node, txn, PT_OK) == PT_OK);
    pt_arena_close(&arena);
}

void world_write_entry(struct world_node *node, const char *subject, const struct pt_entry *entry)
{
    world_write_entries(node, subject, entry, 1);
}

void world_write(struct world_node *node, const char *subject, size_t n)
{
    struct pt_entry *entries = pt_zalloc(n * sizeof *entries);
    PT_CHECK(entries != NULL);
    for (size_t i = 0; i < n; i++) {
        entries[i] = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, node->world->now_ms / 1000 + (int64_t)i);
        entries[i].question = (uint32_t)(i % 40 + 1);
        entries[i].value.type = PT_VALUE_CHOICE;
        entries[i].value.choices = world_chance(node->world, 5) + 1;
        if (i % 8 == 7) {
            entries[i].value = (struct pt_value){.type = PT_VALUE_TEXT, .text = world_text(node, subject, true)};
        }
    }
    world_write_entries(node, subject, entries, n);
    pt_free(entries);
}

void world_allow(struct world_node *device, const char *subject)
{
    PT_CHECK(pt_reserve(&device->subjects, &device->subjects_capacity, device->n_subjects + 1,
                        sizeof *device->subjects) == PT_OK);
    device->subjects[device->n_subjects++] = subject_of(subject);
}

void world_assign(struct world_node *device, const char *subject)
{
    world_allow(device, subject);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ASSIGN, device->world->now_ms / 1000);
    uint8_t detail[4] = {0};
    entry.detail = pt_bytes_of(detail, 0);
    world_write_entry(device->upper, subject, &entry);
}

struct world_blob *world_blob(struct world_node *node, const struct pt_hash *hash)
{
    for (size_t i = 0; i < node->n_blobs; i++) {
        if (pt_hash_eq(&node->blobs[i].hash, hash)) {
            return &node->blobs[i];
        }
    }
    return NULL;
}

static struct world_blob *add_blob(struct world_node *node, const struct pt_hash *hash)
{
    PT_CHECK(pt_reserve(&node->blobs, &node->blobs_capacity, node->n_blobs + 1, sizeof *node->blobs) == PT_OK);
    struct world_blob *blob = &node->blobs[node->n_blobs++];
    *blob = (struct world_blob){.hash = *hash};
    return blob;
}

struct pt_hash world_keep_file(struct world_node *node, struct pt_buf *bytes)
{
    struct pt_hash hash = pt_hash1(PT_CONTEXT_BLOB, pt_buf_bytes(bytes));
    struct world_blob *blob = world_blob(node, &hash);
    if (blob == NULL) {
        blob = add_blob(node, &hash);
    }
    pt_buf_free(&blob->bytes);
    blob->bytes = *bytes;
    blob->whole = true;
    return hash;
}

struct pt_hash world_file(struct world_node *node, size_t n)
{
    struct pt_buf bytes = {0};
    for (size_t i = 0; i < n; i++) {
        pt_buf_put_u8(&bytes, (uint8_t)chance(node->world));
    }
    return world_keep_file(node, &bytes);
}

/* --- scopes: a device's own logs go up, its assessments and what its office says come down --- */

static bool office_wrote(const struct world_node *office, const struct pt_log_id *log)
{
    for (; office != NULL; office = office->upper) {
        if (pt_author_eq(&office->author, &log->author) && pt_subject_kind(&log->subject) != PT_SUBJECT_ASSESSMENT) {
            return true;
        }
    }
    return false;
}

static bool is_among(const struct world_node *device, size_t n, const struct pt_log_id *log)
{
    for (size_t i = 0; i < n; i++) {
        if (pt_subject_eq(&device->subjects[i], &log->subject)) {
            return true;
        }
    }
    return false;
}

static bool device_has(void *data, const struct pt_log_id *log)
{
    const struct world_node *device = data;
    if (pt_author_eq(&log->author, &device->author) || office_wrote(device->upper, log)) {
        return true;
    }
    return is_among(device, device->n_subjects, log);
}

static bool device_brings(void *data, const struct pt_log_id *log)
{
    const struct world_node *device = data;
    return pt_author_eq(&log->author, &device->author);
}

static bool device_takes(void *data, const struct pt_log_id *log)
{
    const struct world_node *device = data;
    return device->n_narrow == 0 || device_brings(data, log) || is_among(device, device->n_narrow, log);
}

/* The logs of head office and its own, all cycles, its own institutions. */
static bool region_has(void *data, const struct pt_log_id *log)
{
    const struct world_node *region = data;
    char institution[PT_SUBJECT_BYTES_MAX + 1];
    if (pt_subject_kind(&log->subject) == PT_SUBJECT_OFFICE) {
        return pt_author_eq(&log->author, &region->author) || pt_author_eq(&log->author, &region->upper->author);
    }
    pt_subject_institution(&log->subject, institution);
    return pt_subject_kind(&log->subject) != PT_SUBJECT_ASSESSMENT ||
           strncmp(institution, region->code, strlen(region->code)) == 0;
}

static bool region_brings(void *data, const struct pt_log_id *log)
{
    const struct world_node *region = data;
    return !world_is_of(region->upper, &log->author);
}

struct pt_scope world_scope(struct world_node *lower, bool at_office)
{
    if (lower->tier != PT_TIER_DEVICE) {
        return (struct pt_scope){.has = region_has, .is_up = region_brings, .data = lower};
    }
    return (struct pt_scope){.has = at_office ? device_has : device_takes, .is_up = device_brings, .data = lower};
}

/* The statement's body is the peer's author id; who is known here is whoever has this office as its upper one. */
enum pt_err world_admit(void *data, const Patuh__SignedStatement *statement, struct pt_peer *peer,
                        Patuh__FailureCode *code)
{
    struct world_node *office = data;
    struct world *w = office->world;
    for (size_t i = 0; i < w->n_nodes; i++) {
        struct world_node *node = &w->node[i];
        if (node->upper == office &&
            pt_bytes_eq(pt_bytes_of(statement->body.data, statement->body.len), pt_bytes_of(node->author.b, 32))) {
            *peer = (struct pt_peer){.author = node->author, .tier = node->tier, .scope = world_scope(node, true)};
            peer->revoked = node->revoked;
            peer->scope.has = node->revoked ? device_brings : peer->scope.has;
            return PT_OK;
        }
    }
    *code = PATUH__FAILURE_CODE__FAILURE_STRANGER;
    return PT_EDENIED;
}

/* --- files --- */

static enum pt_err blob_read(void *data, const struct pt_hash *hash, uint64_t offset, size_t n_max,
                             struct pt_arena *arena, struct pt_bytes *bytes, uint64_t *total)
{
    struct world_blob *blob = world_blob(data, hash);
    if (blob == NULL || !blob->whole) {
        return PT_ENOTFOUND;
    }
    size_t from = offset < blob->bytes.n ? (size_t)offset : blob->bytes.n;
    size_t n = blob->bytes.n - from < n_max ? blob->bytes.n - from : n_max;
    *bytes = pt_arena_dup(arena, pt_bytes_of(blob->bytes.data + from, n));
    *total = blob->bytes.n;
    return bytes->data == NULL ? PT_ENOMEM : PT_OK;
}

/* Files block on the disk: never where sessions run. */
static void expect_writer(struct world_node *node)
{
    world_expect(node->world, node->writing, "a file is written or looked at outside of the writer");
}

static enum pt_err blob_append(void *data, const struct pt_hash *hash, uint64_t offset, uint64_t total,
                               struct pt_bytes part, uint64_t *next, bool *complete)
{
    struct world_blob *blob = world_blob(data, hash);
    expect_writer(data);
    blob = blob == NULL ? add_blob(data, hash) : blob;
    if (!blob->whole && blob->total != total) {
        pt_buf_clear(&blob->bytes);
        blob->total = total;
    }
    if (!blob->whole && offset == blob->bytes.n) {
        pt_buf_put_bytes(&blob->bytes, part);
    }
    if (blob->bytes.err != PT_OK) {
        return blob->bytes.err;
    }
    *next = blob->bytes.n;
    *complete = blob->bytes.n >= total;
    if (*complete) {
        struct pt_hash got = pt_hash1(PT_CONTEXT_BLOB, pt_buf_bytes(&blob->bytes));
        blob->whole = pt_hash_eq(&got, hash);
        if (!blob->whole) {
            pt_buf_clear(&blob->bytes);
            return PT_EMALFORMED;
        }
    }
    return PT_OK;
}

static enum pt_err blob_resume(void *data, const struct pt_hash *hash, uint64_t *offset)
{
    const struct world_blob *blob = world_blob(data, hash);
    expect_writer(data);
    *offset = blob == NULL || blob->whole ? 0 : blob->bytes.n;
    return PT_OK;
}

bool world_blob_is_durable(void *data, const struct pt_hash *hash)
{
    const struct world_blob *blob = world_blob(data, hash);
    return blob != NULL && blob->whole;
}

static bool blob_is_durable(void *data, const struct pt_hash *hash)
{
    expect_writer(data);
    return world_blob_is_durable(data, hash);
}

struct pt_blob_ops world_blob_ops(struct world_node *node)
{
    return (struct pt_blob_ops){
        .read = blob_read, .append = blob_append, .resume = blob_resume, .is_durable = blob_is_durable, .data = node};
}

void world_remember(struct pt_txn *txn, const struct world_node *node, enum pt_err *err)
{
    *err = *err == PT_OK ? pt_meta_put_u64(txn, PT_META_EPOCH, node->epoch) : *err;
    *err = *err == PT_OK ? pt_meta_put_u64(txn, PT_META_INCARNATION, node->incarnation) : *err;
    *err = *err == PT_OK ? pt_meta_put_u64(txn, PT_META_PREVIOUS_INCARNATION, node->previous_incarnation) : *err;
}

void world_recall(struct world_node *node)
{
    struct pt_txn *txn = begin(node, false);
    PT_CHECK(pt_meta_get_u64(txn, PT_META_EPOCH, &node->epoch) == PT_OK);
    PT_CHECK(pt_meta_get_u64(txn, PT_META_INCARNATION, &node->incarnation) == PT_OK);
    PT_CHECK(pt_meta_get_u64(txn, PT_META_PREVIOUS_INCARNATION, &node->previous_incarnation) == PT_OK);
    pt_store_abort(txn);
}

enum pt_err world_renew(void *data)
{
    struct world_node *node = data;
    struct pt_txn *txn;
    struct world_node renewed = *node;
    renewed.epoch = node->tier != PT_TIER_DEVICE ? chance(node->world) : 0;
    renewed.previous_incarnation = node->incarnation;
    renewed.incarnation = chance(node->world);
    enum pt_err err = pt_store_begin_write(node->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    world_remember(txn, &renewed, &err);
    if (err == PT_OK) {
        err = pt_store_commit(txn);
    } else {
        pt_store_abort(txn);
    }
    world_trace(node->world, "node %zu: takes a new incarnation: %s\n", world_number(node), pt_err_name(err));
    if (err == PT_OK) {
        node->epoch = renewed.epoch;
        node->previous_incarnation = renewed.previous_incarnation;
        node->incarnation = renewed.incarnation;
        node->refilling = node->asks_anew = node->tier != PT_TIER_DEVICE && node->world->refills;
    }
    return err;
}

bool world_gather_news(struct world_node *node, uint64_t *lsn, struct pt_news *out)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    if (pt_store_begin_read(node->store, &txn) != PT_OK) {
        return false;
    }
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_news_read(txn, lsn, out);
    if (err == PT_OK) {
        err = pt_logs_list(txn, NULL, &arena, &heads, &n);
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        struct pt_receipt_log log = {.log = heads[i].log};
        err = pt_news_add_receipt(out, &(struct pt_receipt){.logs = &log, .n_logs = 1});
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
    return err == PT_OK;
}
