#include "support/field.h"

#include "client/sync.h"

#include "base/mem.h"
#include "core/instrument/instrument.h"
#include "core/log/receipts.h"
#include "core/log/texts.h"
#include "core/store/meta.h"
#include "core/sync/inbox.h"
#include "core/wire/pack.h"
#include "io/disk/files.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OFFICE_INCARNATION 1

static const char *const names[FIELD_DEVICES] = {"sari", "budi", "tono"};

/* --- what head office and region have --- */

static void make_pair(uint8_t seed, struct pt_keypair *out)
{
    uint8_t bytes[PT_KEY_BYTES] = {seed};
    pt_keypair_from_seed(bytes, out);
}

static void read_sheet(const char *name, struct pt_buf *out)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/deploy/cycles/2023/%s.csv", PATUH_SOURCE_DIR, name);
    cr_assert_eq(pt_file_read(path, (size_t)1 << 20, out, NULL), PT_OK, "%s", path);
}

static void compile(struct pt_buf *out)
{
    struct pt_buf sheets[4] = {{0}};
    static const char *const sheet_names[] = {"survey", "choices", "settings", "zones"};
    for (size_t i = 0; i < 4; i++) {
        read_sheet(sheet_names[i], &sheets[i]);
    }
    struct pt_sheets in = {.survey = pt_buf_bytes(&sheets[0]),
                           .choices = pt_buf_bytes(&sheets[1]),
                           .settings = pt_buf_bytes(&sheets[2]),
                           .zones = pt_buf_bytes(&sheets[3])};
    cr_assert_eq(pt_instrument_compile(&in, out, NULL), PT_OK);
    for (size_t i = 0; i < 4; i++) {
        pt_buf_free(&sheets[i]);
    }
}

static struct pt_bytes pack(const ProtobufCMessage *message, struct pt_arena *arena)
{
    struct pt_bytes packed;
    cr_assert_eq(pt_pack(message, arena, &packed), PT_OK);
    return packed;
}

static ProtobufCBinaryData binary(const void *data, size_t n, struct pt_arena *arena)
{
    struct pt_bytes copy = pt_arena_dup(arena, pt_bytes_of(data, n));
    return pt_binary(copy.data, copy.n);
}

static char *text(const char *from, struct pt_arena *arena)
{
    return pt_arena_str(arena, from);
}

static void write_log(struct field *field, struct patuh *device, const struct pt_keypair *pair,
                      enum pt_subject_kind kind, const char *name, const struct pt_entry *entries, size_t n)
{
    struct pt_author_pen pen = {
        .pair = pair, .incarnation = OFFICE_INCARNATION, .wall_ms = field->now_ms, .boot = 1, .monotonic_ms = 1};
    struct pt_subject subject;
    struct pt_txn *txn;
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_subject_make(kind, name, &subject), PT_OK);
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_pen_write(txn, &pen, &subject, entries, n, &arena), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_arena_close(&arena);
}

static struct pt_entry office_entry(const struct field *field, const char *code, const char *name,
                                    const struct pt_keypair *pair, struct pt_arena *arena)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_OFFICE, field->now_ms / 1000);
    Patuh__Office office = PATUH__OFFICE__INIT;
    office.code = text(code, arena);
    office.name = text(name, arena);
    office.has_public_key = office.has_transport_key = office.has_generation = true;
    office.public_key = binary(pair->public_key, PT_KEY_BYTES, arena);
    office.transport_key = binary(field->transport.public_key, PT_KEY_BYTES, arena);
    office.generation = 1;
    entry.detail = pack(&office.base, arena);
    return entry;
}

static struct pt_entry member_entry(const struct field *field, const char *name, const struct pt_keypair *pair,
                                    struct pt_arena *arena)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MEMBER, field->now_ms / 1000);
    Patuh__Member member = PATUH__MEMBER__INIT;
    member.name = text(name, arena);
    member.has_public_key = member.has_transport_key = member.has_role = true;
    member.public_key = binary(pair->public_key, PT_KEY_BYTES, arena);
    member.transport_key = binary(pair->public_key, PT_KEY_BYTES, arena);
    member.role = PATUH__ROLE__ROLE_DEVICE;
    entry.detail = pack(&member.base, arena);
    return entry;
}

static struct pt_entry open_entry(const struct field *field, struct pt_arena *arena)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_OPEN, field->now_ms / 1000);
    Patuh__Opening opening = PATUH__OPENING__INIT;
    opening.unit_name = text("Unit Contoh", arena);
    opening.institution_name = text("Kota Contoh", arena);
    opening.office = text("62", arena);
    entry.detail = pack(&opening.base, arena);
    return entry;
}

static struct pt_entry assign_entry(const struct field *field, const char *surveyor, struct pt_arena *arena)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ASSIGN, field->now_ms / 1000);
    Patuh__Assignment assignment = PATUH__ASSIGNMENT__INIT;
    assignment.surveyor = text(surveyor, arena);
    entry.detail = pack(&assignment.base, arena);
    return entry;
}

static void write_offices(struct field *field, struct patuh *device, struct pt_keypair members[FIELD_DEVICES])
{
    struct pt_arena arena;
    struct pt_entry entries[FIELD_DEVICES];
    pt_arena_init(&arena, SIZE_MAX);
    entries[0] = office_entry(field, "pusat", "Kantor Pusat", &field->head_office, &arena);
    entries[1] = office_entry(field, "62", "Perwakilan Contoh", &field->region, &arena);
    write_log(field, device, &field->head_office, PT_SUBJECT_OFFICE, "pusat", entries, 2);
    for (size_t i = 0; i < FIELD_DEVICES; i++) {
        entries[i] = member_entry(field, names[i], &members[i], &arena);
    }
    write_log(field, device, &field->region, PT_SUBJECT_OFFICE, "62", entries, FIELD_DEVICES);
    pt_arena_close(&arena);
}

static void write_assessments(struct field *field, struct patuh *device)
{
    struct pt_arena arena;
    struct pt_entry entries[3];
    pt_arena_init(&arena, SIZE_MAX);
    entries[0] = open_entry(field, &arena);
    entries[1] = assign_entry(field, "budi", &arena);
    entries[2] = assign_entry(field, "sari", &arena);
    write_log(field, device, &field->region, PT_SUBJECT_ASSESSMENT, FIELD_UNIT, entries, 3);
    write_log(field, device, &field->region, PT_SUBJECT_ASSESSMENT, FIELD_OTHER_UNIT, entries, 2);
    pt_arena_close(&arena);
}

static void write_cycle(struct field *field, struct patuh *device)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, field->now_ms / 1000);
    cr_assert_eq(pt_blobs_put(device->blobs, pt_buf_bytes(&field->instrument), &entry.hash), PT_OK);
    write_log(field, device, &field->head_office, PT_SUBJECT_CYCLE, "2023", &entry, 1);
}

/* --- what an enrolment leaves --- */

static struct pt_office_record record_of(const struct field *field, const char *code, enum pt_tier tier,
                                         const struct pt_keypair *pair, struct pt_arena *arena)
{
    struct pt_office_record record = {
        .code = code, .name = code, .address = "127.0.0.1:1", .generation = 1, .tier = tier};
    memcpy(record.key.b, pair->public_key, PT_KEY_BYTES);
    memcpy(record.transport_key.b, field->transport.public_key, PT_KEY_BYTES);
    cr_assert_eq(pt_office_record_sign(&record, &field->head_office, arena), PT_OK);
    return record;
}

static Patuh__SignedOffice signed_office(struct pt_office_record *record, struct pt_arena *arena)
{
    Patuh__SignedOffice office = PATUH__SIGNED_OFFICE__INIT;
    office.has_body = office.has_signature = true;
    office.body = binary(record->body.data, record->body.n, arena);
    office.signature = binary(record->signature.b, PT_SIGNATURE_BYTES, arena);
    return office;
}

static void write_enrolment(struct field *field, struct patuh *device, int which)
{
    struct pt_arena arena;
    struct pt_txn *txn;
    pt_arena_init(&arena, SIZE_MAX);
    struct pt_office_record region = record_of(field, "62", 1, &field->region, &arena);
    struct pt_office_record root = record_of(field, "pusat", 2, &field->head_office, &arena);
    struct pt_statement statement = {
        .role = PATUH__ROLE__ROLE_DEVICE, .name = names[which], .office = "62", .issued_ms = field->now_ms};
    memcpy(statement.key.b, device->author_pair.public_key, PT_KEY_BYTES);
    memcpy(statement.transport_key.b, device->transport_pair.public_key, PT_KEY_BYTES);
    Patuh__SignedOffice offices[2] = {signed_office(&region, &arena), signed_office(&root, &arena)};
    Patuh__SignedOffice *list[2] = {&offices[0], &offices[1]};
    Patuh__EnrolAnswer answer = PATUH__ENROL_ANSWER__INIT;
    cr_assert_eq(pt_statement_sign(&statement, &field->region, &arena, &answer.statement), PT_OK);
    answer.n_office = 2;
    answer.office = list;
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_meta_put(txn, PT_META_ENROLMENT, pack(&answer.base, &arena)), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    cr_assert_eq(pt_device_read_enrolment(device, NULL), PT_OK);
    pt_arena_close(&arena);
}

/* --- the folders --- */

static void create_devices(struct field *field, struct pt_keypair members[FIELD_DEVICES])
{
    for (int i = 0; i < FIELD_DEVICES; i++) {
        struct patuh *device;
        struct patuh_problem problem = {""};
        cr_assert_eq(pt_path_join(field->dir[i], sizeof field->dir[i], field->root, names[i]), PT_OK);
        cr_assert_eq(patuh_create(field->dir[i], &device, &problem), PATUH_OK, "%s", problem.text);
        members[i] = device->author_pair;
        patuh_close(device);
    }
}

void field_open(struct field *field)
{
    struct pt_keypair members[FIELD_DEVICES];
    *field = (struct field){.now_ms = 1690858985000};
    (void)snprintf(field->root, sizeof field->root, "/tmp/patuh-field-XXXXXX");
    cr_assert_not_null(mkdtemp(field->root));
    cr_assert_eq(pt_crypto_init(), PT_OK);
    make_pair(1, &field->head_office);
    make_pair(2, &field->region);
    make_pair(3, &field->transport);
    compile(&field->instrument);
    create_devices(field, members);
    for (int i = 0; i < FIELD_DEVICES; i++) {
        struct patuh *device = field_device(field, i);
        write_enrolment(field, device, i);
        write_offices(field, device, members);
        write_cycle(field, device);
        write_assessments(field, device);
        patuh_close(device);
    }
}

struct patuh *field_device(const struct field *field, int which)
{
    struct patuh *device = NULL;
    struct patuh_problem problem = {""};
    cr_assert_eq(patuh_open(field->dir[which], &device, &problem), PATUH_OK, "%s", problem.text);
    return device;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

void field_close(struct field *field)
{
    pt_buf_free(&field->instrument);
    cr_expect_eq(nftw(field->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    cr_expect_eq(pt_mem_alive(), 0);
}

/* --- what comes from elsewhere --- */

static void carry_texts(struct pt_txn *from, struct pt_txn *to)
{
    struct pt_rows rows = pt_rows_of(from, PT_TABLE_TEXTS, (struct pt_bytes){0});
    struct pt_bytes key;
    struct pt_bytes value;
    while (pt_rows_next(&rows, &key, &value)) {
        cr_assert_eq(pt_store_put(to, PT_TABLE_TEXTS, key, value), PT_OK);
    }
    cr_assert_eq(pt_rows_end(&rows), PT_OK);
}

static void carry_log(struct pt_txn *from, struct pt_txn *to, const struct pt_head *head, struct pt_arena *arena)
{
    struct pt_head there;
    enum pt_err err = pt_logs_find(to, &head->log, &there);
    cr_assert(err == PT_OK || err == PT_ENOTFOUND);
    for (uint64_t next = err == PT_OK ? there.seq + 1 : 1; next <= head->seq;) {
        struct pt_run run;
        struct pt_checked_run checked;
        struct pt_append append;
        uint64_t last = 0;
        cr_assert_eq(pt_logs_run(from, head, next, PT_FRAME_BYTES_MAX, arena, &run, &last), PT_OK);
        cr_assert_eq(pt_run_check(&run, arena, &checked), PT_OK);
        cr_assert_eq(pt_logs_append(to, &checked, 1, arena, &append), PT_OK);
        next = last + 1;
    }
}

void field_carry(struct patuh *from, struct patuh *to)
{
    struct pt_arena arena;
    struct pt_txn *reading;
    struct pt_txn *writing;
    struct pt_head *heads;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_read(from->store, &reading), PT_OK);
    cr_assert_eq(pt_store_begin_write(to->store, &writing), PT_OK);
    cr_assert_eq(pt_logs_list(reading, NULL, &arena, &heads, &n), PT_OK);
    for (size_t i = 0; i < n; i++) {
        carry_log(reading, writing, &heads[i], &arena);
    }
    carry_texts(reading, writing);
    cr_assert_eq(pt_store_commit(writing), PT_OK);
    pt_store_abort(reading);
    pt_arena_close(&arena);
}

void field_meet(struct patuh *a, struct patuh *b)
{
    uint32_t n = 0;
    cr_assert_eq(pt_sync_seal(a, &n), PT_OK);
    cr_assert_eq(pt_sync_seal(b, &n), PT_OK);
    field_carry(a, b);
    field_carry(b, a);
}

void field_region_writes(struct field *field, struct patuh *device, const char *assessment, struct pt_entry entry)
{
    write_log(field, device, &field->region, PT_SUBJECT_ASSESSMENT, assessment, &entry, 1);
}

/* The cut names every log with a chunk, whole. */
static void put_cut(const struct pt_work *work, Patuh__Move *move, Patuh__LogSeen *seen)
{
    for (size_t v = 0; v < work->n_views; v++) {
        struct pt_view *view = &work->views[v];
        if (view->n_chunks == 0) {
            continue;
        }
        struct pt_view_chunk *last = &view->chunks[view->n_chunks - 1];
        Patuh__LogSeen *at = &seen[move->n_cut];
        patuh__log_seen__init(at);
        at->has_author = at->has_incarnation = at->has_seq = at->has_link = true;
        at->author = (ProtobufCBinaryData){.len = PT_HASH_BYTES, .data = view->log.author.b};
        at->incarnation = view->log.incarnation;
        at->seq = last->last_seq;
        at->link = (ProtobufCBinaryData){.len = PT_HASH_BYTES, .data = last->link.b};
        move->counted[move->n_cut] = last->last_seq;
        move->cut[move->n_cut++] = at;
    }
}

void field_office_moves(struct field *field, struct patuh *device, enum pt_tier tier, Patuh__State to)
{
    struct pt_work work;
    struct pt_subject subject;
    struct pt_txn *txn;
    Patuh__Move move = PATUH__MOVE__INIT;
    Patuh__LogSeen seen[8];
    Patuh__LogSeen *cut[8];
    uint64_t counted[8];
    uint8_t packed[1024];
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, 0);
    cr_assert_eq(pt_work_subject(FIELD_UNIT, &subject, NULL), PT_OK);
    cr_assert_eq(pt_store_begin_read(device->store, &txn), PT_OK);
    cr_assert_eq(pt_device_work(&work, device, txn, &subject, true, NULL), PT_OK);
    pt_store_abort(txn);
    move.has_to = true;
    move.to = to;
    move.cut = cut;
    move.counted = counted;
    put_cut(&work, &move, seen);
    move.has_version = to == PATUH__STATE__STATE_FIXED;
    move.version = 1;
    move.n_counted = move.has_version ? move.n_cut : 0;
    entry.detail = pt_bytes_of(packed, patuh__move__pack(&move, packed));
    entry.wall_s = field->now_ms / 1000;
    write_log(field, device, tier == PT_TIER_REGION ? &field->region : &field->head_office, PT_SUBJECT_ASSESSMENT,
              FIELD_UNIT, &entry, 1);
    pt_work_close(&work);
}

void field_office_time(struct patuh *device, int64_t now_ms)
{
    struct pt_txn *txn;
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_meta_put_u64(txn, PT_META_OFFICE_MS, (uint64_t)now_ms), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

void field_receipt_blobs(const struct field *field, struct patuh *device, enum pt_tier tier, struct pt_hash *hashes,
                         size_t n)
{
    struct pt_arena arena;
    struct pt_txn *txn;
    struct pt_receipt receipt = {.tier = tier,
                                 .author = device->author,
                                 .epoch = 7,
                                 .lsn = 1,
                                 .time_ms = field->now_ms,
                                 .blobs = hashes,
                                 .n_blobs = n};
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_receipt_sign(&receipt, tier == PT_TIER_REGION ? &field->region : &field->head_office, &arena),
                 PT_OK);
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_receipt_store(txn, &receipt), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_arena_close(&arena);
}

struct pt_hash field_text(struct patuh *device, const char *said)
{
    struct pt_hash hash;
    struct pt_txn *txn;
    struct pt_subject subject;
    struct pt_buf content = {0};
    cr_assert_eq(pt_subject_make(PT_SUBJECT_ASSESSMENT, FIELD_UNIT, &subject), PT_OK);
    pt_buf_put(&content, "0123456789abcdef", 16);
    pt_buf_put_str(&content, said);
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_text_put(txn, &subject, pt_buf_bytes(&content), &hash), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_buf_free(&content);
    return hash;
}

void field_receipt(const struct field *field, struct patuh *device, enum pt_tier tier)
{
    struct pt_arena arena;
    struct pt_txn *txn;
    struct pt_head *heads;
    size_t n = 0;
    const struct pt_keypair *office = tier == PT_TIER_REGION ? &field->region : &field->head_office;
    struct pt_receipt receipt = {.office = pt_author_of(office->public_key),
                                 .tier = tier,
                                 .author = device->author,
                                 .epoch = 7,
                                 .lsn = 1,
                                 .time_ms = field->now_ms};
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_list(txn, NULL, &arena, &heads, &n), PT_OK);
    receipt.logs = pt_arena_zalloc(&arena, n, sizeof *receipt.logs);
    for (size_t i = 0; i < n; i++) {
        if (pt_author_eq(&heads[i].log.author, &device->author) && heads[i].seq > 0) {
            receipt.logs[receipt.n_logs++] =
                (struct pt_receipt_log){.log = heads[i].log, .seq = heads[i].seq, .link = heads[i].link};
        }
    }
    cr_assert_eq(pt_receipt_sign(&receipt, office, &arena), PT_OK);
    cr_assert_eq(pt_receipt_store(txn, &receipt), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_arena_close(&arena);
}

/* --- shorthand --- */

void field_answer(struct patuh *device, const char *path, const char *value)
{
    struct patuh_problem problem = {""};
    cr_assert_eq(patuh_answer(device, FIELD_UNIT, path, value, NULL, &problem), PATUH_OK, "%s=%s: %s", path, value,
                 problem.text);
}

const struct patuh_item *field_item(const struct patuh_form *form, const char *path)
{
    for (size_t i = 0; i < form->n_items; i++) {
        if (strcmp(form->items[i].path, path) == 0) {
            return &form->items[i];
        }
    }
    cr_assert_fail("no item %s", path);
    return NULL;
}

struct patuh_form field_form(struct patuh *device, const char *assessment)
{
    struct patuh_form form = {0};
    struct patuh_problem problem = {""};
    cr_assert_eq(patuh_form(device, assessment, &form, &problem), PATUH_OK, "%s", problem.text);
    return form;
}
