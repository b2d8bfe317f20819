/* Every example in proto/README.md is computed here and in score_example.c from the code, so that the document cannot
 * rot. What differs is printed to stderr as the document should have it. */
#include "golden/examples.h"

#include "base/mem.h"
#include "core/bundle/fill.h"
#include "core/log/texts.h"
#include "core/store/store_mem.h"
#include "core/sync/enrol.h"
#include "core/sync/session.h"
#include "core/wire/frame.h"
#include "core/wire/pack.h"
#include "support/bundle_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define WALL_MS 1700000000000LL
#define INCARNATION 0x0102030405060708ULL

static void add_frame(struct examples *x, const char *name, struct pt_bytes body)
{
    struct pt_buf framed = {0};
    pt_frame_put(&framed, body);
    example_add(x, name, framed.data, framed.n);
    pt_buf_free(&framed);
}

static struct pt_keypair pair_of(uint8_t byte)
{
    uint8_t seed[PT_KEY_BYTES];
    struct pt_keypair pair;
    memset(seed, byte, sizeof seed);
    pt_keypair_from_seed(seed, &pair);
    return pair;
}

/* Bytes that count up: the office's salt is 0807060504030201 in the frames. */
static void count_up(void *data, void *out, size_t n)
{
    uint8_t *at = data;
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)out)[i] = ++*at;
    }
}

/* --- the two peers --- */

struct world {
    struct pt_keypair device, device_transport, office, office_transport, head_office;
    struct pt_store *stores[2]; /* device, office */
    struct pt_log_id log;
    Patuh__SignedStatement *signed_statement;
    struct pt_bytes statement; /* packed */
    struct pt_hash text_hash;
    struct pt_hash instrument;
    uint8_t counter;
};

static bool all_logs(void *data, const struct pt_log_id *log)
{
    (void)data;
    (void)log;
    return true;
}

static bool of_the_device(void *data, const struct pt_log_id *log)
{
    const struct world *w = data;
    return pt_author_eq(&w->log.author, &log->author);
}

static enum pt_err admit(void *data, const Patuh__SignedStatement *statement, struct pt_peer *peer,
                         Patuh__FailureCode *code)
{
    struct world *w = data;
    struct pt_public_key office;
    struct pt_statement read;
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    memcpy(office.b, w->office.public_key, sizeof office.b);
    enum pt_err err = pt_statement_read(statement, &office, &arena, &read);
    *peer = (struct pt_peer){.author = pt_author_of(read.key.b),
                             .scope = {.has = all_logs, .is_up = of_the_device, .data = w}};
    *code = PATUH__FAILURE_CODE__FAILURE_SIGNATURE;
    pt_arena_close(&arena);
    return err;
}

static void world_open(struct world *w)
{
    static char unit[] = "2023/62.71/disdukcapil";
    struct pt_random random = pt_random_system();
    *w = (struct world){.device = pair_of(1),
                        .device_transport = pair_of(2),
                        .office = pair_of(3),
                        .office_transport = pair_of(4),
                        .head_office = pair_of(5)};
    memset(w->instrument.b, 0x55, sizeof w->instrument.b);
    w->log.author = pt_author_of(w->device.public_key);
    w->log.incarnation = INCARNATION;
    cr_assert_eq(pt_subject_make(PT_SUBJECT_ASSESSMENT, unit, &w->log.subject), PT_OK);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(pt_store_mem_create(NULL, &random, &w->stores[i]), PT_OK);
    }
}

static void world_close(struct world *w)
{
    pt_store_close(w->stores[0]);
    pt_store_close(w->stores[1]);
}

static void show_keys(struct examples *x, const struct world *w)
{
    struct pt_author office = pt_author_of(w->office.public_key);
    struct pt_hash abc = pt_hash1(PT_CONTEXT_BLOB, pt_bytes_str("abc"));
    struct pt_signature signature;
    pt_sign(&w->device, PT_CONTEXT_LINK, &abc, &signature);
    example_add(x, "hash_of_abc", abc.b, sizeof abc.b);
    example_add(x, "signed_abc", signature.b, sizeof signature.b);
    example_add(x, "device_key", w->device.public_key, PT_KEY_BYTES);
    example_add(x, "device_author", w->log.author.b, sizeof w->log.author.b);
    example_add(x, "office_key", w->office.public_key, PT_KEY_BYTES);
    example_add(x, "office_author", office.b, sizeof office.b);
}

static void show_log(struct examples *x, const struct world *w)
{
    struct pt_buf id = {0};
    char name[8];
    struct pt_hash link = pt_link_first(&w->log);
    pt_log_id_put(&id, &w->log);
    pt_entry_instance_name(&w->log, 1, name);
    example_add(x, "log_id", id.data, id.n);
    example_add(x, "link_0", link.b, sizeof link.b);
    example_add_text(x, "instance_name", name);
    pt_buf_free(&id);
}

/* --- enrolment --- */

static void show_signed(struct examples *x, const char *const names[3], const char *context, struct pt_bytes body,
                        const struct pt_signature *signature)
{
    struct pt_hash hash = pt_hash1(context, body);
    example_add(x, names[0], body.data, body.n);
    example_add(x, names[1], hash.b, sizeof hash.b);
    example_add(x, names[2], signature->b, sizeof signature->b);
}

static void show_request(struct examples *x, const struct world *w)
{
    struct pt_code code = {.address = "kalteng.example:7420", .id = {1, 2, 3, 4, 5}};
    struct pt_applicant device = {.pair = &w->device, .transport_key = w->device_transport.public_key};
    struct pt_buf text = {0};
    struct pt_buf request = {0};
    memset(code.secret, 0xaa, sizeof code.secret);
    pt_code_key_of(w->office_transport.public_key, code.key);
    pt_code_put(&text, &code);
    cr_assert_eq(pt_enrol_request_put(&request, &code, &device), PT_OK);
    example_add_text(x, "code", pt_buf_text(&text));
    add_frame(x, "frame_enrol_request", pt_buf_bytes(&request));
    pt_buf_free(&text);
    pt_buf_free(&request);
}

static void make_statement(struct examples *x, struct world *w)
{
    static const char *const names[] = {"statement_body", "statement_hash", "statement_signature"};
    struct pt_statement statement = {
        .role = PATUH__ROLE__ROLE_DEVICE, .name = "sari", .office = "62", .issued_ms = WALL_MS - 86400000};
    struct pt_signature signature;
    memcpy(statement.key.b, w->device.public_key, PT_KEY_BYTES);
    memcpy(statement.transport_key.b, w->device_transport.public_key, PT_KEY_BYTES);
    cr_assert_eq(pt_statement_sign(&statement, &w->office, &x->arena, &w->signed_statement), PT_OK);
    cr_assert_eq(pt_pack(&w->signed_statement->base, &x->arena, &w->statement), PT_OK);
    memcpy(signature.b, w->signed_statement->signature.data, sizeof signature.b);
    const ProtobufCBinaryData *body = &w->signed_statement->body;
    show_signed(x, names, PT_CONTEXT_STATEMENT, pt_bytes_of(body->data, body->len), &signature);
}

static void sign_offices(struct examples *x, const struct world *w, struct pt_office_record offices[2])
{
    static const char *const names[] = {"office_body", "office_hash", "office_signature"};
    offices[0] = (struct pt_office_record){.code = "62",
                                           .name = "Kalimantan Tengah",
                                           .address = "kalteng.example:7420",
                                           .generation = 1,
                                           .tier = PT_TIER_REGION};
    offices[1] = (struct pt_office_record){
        .code = "00", .name = "Pusat", .address = "", .generation = 1, .tier = PT_TIER_NATIONAL};
    memcpy(offices[0].key.b, w->office.public_key, PT_KEY_BYTES);
    memcpy(offices[0].transport_key.b, w->office_transport.public_key, PT_KEY_BYTES);
    memcpy(offices[1].key.b, w->head_office.public_key, PT_KEY_BYTES);
    memcpy(offices[1].transport_key.b, w->head_office.public_key, PT_KEY_BYTES);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(pt_office_record_sign(&offices[i], &w->head_office, &x->arena), PT_OK);
    }
    show_signed(x, names, PT_CONTEXT_OFFICE, offices[0].body, &offices[0].signature);
}

static void show_answer(struct examples *x, const struct world *w)
{
    struct pt_office_record records[2];
    struct pt_enrolment read;
    Patuh__SignedOffice offices[2];
    Patuh__SignedOffice *list[2] = {&offices[0], &offices[1]};
    Patuh__EnrolAnswer answer = PATUH__ENROL_ANSWER__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    uint8_t key[PT_CODE_KEY_BYTES];
    uint8_t bytes[2048];
    sign_offices(x, w, records);
    for (size_t i = 0; i < 2; i++) {
        patuh__signed_office__init(&offices[i]);
        offices[i].has_body = offices[i].has_signature = true;
        offices[i].body = pt_binary(records[i].body.data, records[i].body.n);
        offices[i].signature = pt_binary(records[i].signature.b, sizeof records[i].signature.b);
    }
    answer.statement = w->signed_statement;
    answer.office = list;
    answer.n_office = 2;
    frame.enrol_answer = &answer;
    cr_assert_leq(patuh__frame__get_packed_size(&frame), sizeof bytes);
    add_frame(x, "frame_enrol_answer", pt_bytes_of(bytes, patuh__frame__pack(&frame, bytes)));
    pt_code_key_of(w->office_transport.public_key, key);
    struct pt_bytes alone = pt_bytes_of(bytes, patuh__enrol_answer__pack(&answer, bytes));
    cr_expect_eq(pt_enrolment_read(alone, key, &x->arena, &read), PT_OK);
}

/* --- one chunk --- */

static void put_entry(const struct world *w, struct pt_txn *txn, struct pt_head *head, struct pt_entry *entry,
                      int64_t seconds_before)
{
    struct pt_author_pen pen = {.pair = &w->device, .incarnation = INCARNATION, .instrument = &w->instrument};
    uint64_t seq;
    pen.wall_ms = WALL_MS - seconds_before * 1000;
    cr_assert_eq(pt_tail_put(txn, &pen, head, entry, &seq), PT_OK);
}

static void write_entries(const struct world *w, struct pt_txn *txn, struct pt_head *head)
{
    struct pt_entry_ref seen = {.author = pt_author_of(w->office.public_key), .incarnation = 9, .seq = 4};
    memset(seen.link, 0xee, sizeof seen.link);
    char name[8];
    pt_entry_instance_name(&w->log, 1, name);
    struct pt_entry added = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE, 0);
    added.question = 20;
    struct pt_entry choice = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, 0);
    choice.question = 21;
    choice.instance = name;
    choice.value = (struct pt_value){.type = PT_VALUE_CHOICE, .choices = 2};
    struct pt_entry decimal = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, 0);
    decimal.question = 5;
    decimal.value = (struct pt_value){.type = PT_VALUE_DECIMAL, .number = {.mantissa = 125, .scale = 1}};
    decimal.replaces = &seen;
    decimal.n_replaces = 1;
    struct pt_entry note = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_NOTE, 0);
    note.question = 5;
    note.hash = w->text_hash;
    put_entry(w, txn, head, &added, 90);
    put_entry(w, txn, head, &choice, 60);
    put_entry(w, txn, head, &decimal, 30);
    put_entry(w, txn, head, &note, 0);
}

/* The parts of the chunk that its author's store now holds. */
static void show_chunk(struct examples *x, const struct world *w, struct pt_txn *txn, const struct pt_head *head)
{
    struct pt_run run;
    uint64_t last_seq;
    cr_assert_eq(pt_logs_run(txn, head, 1, PT_CREDIT_BYTES, &x->arena, &run, &last_seq), PT_OK);
    struct pt_bytes chunk = run.chunks[0];
    struct pt_hash hash = pt_hash1(PT_CONTEXT_CHUNK, chunk);
    Patuh__Chunk *read = patuh__chunk__unpack(NULL, chunk.n, chunk.data);
    struct pt_hash digest = {0};
    struct pt_buf row = {0};
    pt_log_id_put(&row, &w->log);
    pt_buf_put_u64(&row, head->seq);
    pt_buf_put(&row, head->link.b, sizeof head->link.b);
    digest = pt_hash2(PT_CONTEXT_DIGEST, pt_hash_bytes(&digest), pt_buf_bytes(&row));
    cr_assert(read != NULL && run.n_chunks == 1 && last_seq == 4);
    cr_expect_eq(read->codec, 0);
    example_add(x, "body", read->body.data, read->body.len);
    example_add(x, "chunk", chunk.data, chunk.n);
    example_add(x, "chunk_hash", hash.b, sizeof hash.b);
    example_add(x, "link_1", head->link.b, sizeof head->link.b);
    example_add(x, "link_1_signature", run.signature.b, sizeof run.signature.b);
    example_add(x, "digest", digest.b, sizeof digest.b);
    patuh__chunk__free_unpacked(read, NULL);
    pt_buf_free(&row);
}

static void seal(struct examples *x, struct world *w)
{
    static const uint8_t content[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0fLoket ramah";
    struct pt_txn *txn;
    struct pt_head head;
    struct pt_author_pen pen = {.pair = &w->device,
                                .incarnation = INCARNATION,
                                .wall_ms = WALL_MS,
                                .monotonic_ms = 3600000,
                                .boot = 7,
                                .instrument = &w->instrument};
    cr_assert_eq(pt_store_begin_write(w->stores[0], &txn), PT_OK);
    cr_assert_eq(pt_text_put(txn, &w->log.subject, pt_bytes_of(content, sizeof content - 1), &w->text_hash), PT_OK);
    cr_assert_eq(pt_pen_log(txn, &pen, &w->log.subject, &head), PT_OK);
    write_entries(w, txn, &head);
    cr_assert_eq(pt_tail_seal(txn, &pen, &head, &x->arena, NULL), PT_OK);
    example_add(x, "text_content", content, sizeof content - 1);
    example_add(x, "text_hash", w->text_hash.b, sizeof w->text_hash.b);
    show_chunk(x, w, txn, &head);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

/* --- one session --- */

struct end {
    struct pt_session *session;
    struct pt_store *store;
    const struct pt_now *now;
};

struct queue {
    struct pt_bytes frames[8]; /* sent by end `from` */
    size_t from[8];
    size_t n;
};

/* What a driver does: inboxes to the store, then frames to the other end. true: the end closes. */
static bool drive(struct end *end, size_t from, struct pt_update *update, struct queue *queue, struct pt_arena *arena)
{
    for (size_t i = 0; i < update->n_frames; i++) {
        cr_assert_lt(queue->n, sizeof queue->frames / sizeof *queue->frames);
        queue->from[queue->n] = from;
        queue->frames[queue->n++] = pt_arena_dup(arena, update->frames[i]);
    }
    bool close = update->close;
    cr_expect_eq(update->reason, PT_OK);
    for (size_t i = 0; i < update->n_inboxes; i++) {
        struct pt_txn *txn;
        struct pt_update next;
        cr_assert_eq(pt_store_begin_write(end->store, &txn), PT_OK);
        cr_assert_eq(pt_inbox_apply(txn, update->inboxes[i]), PT_OK);
        cr_assert_eq(pt_store_commit(txn), PT_OK);
        pt_session_stored(end->session, update->inboxes[i], PT_OK, end->now, &next);
        close = drive(end, from, &next, queue, arena) || close;
    }
    pt_update_close(update);
    return close;
}

static void talk(struct end ends[2], struct queue *queue, struct pt_arena *arena)
{
    struct pt_update update;
    bool closed = false;
    pt_session_start(ends[0].session, ends[0].now, &update);
    (void)drive(&ends[0], 0, &update, queue, arena);
    for (size_t i = 0; i < queue->n && !closed; i++) {
        size_t to = 1 - queue->from[i];
        pt_session_frame(ends[to].session, queue->frames[i], ends[to].now, &update);
        closed = drive(&ends[to], to, &update, queue, arena);
    }
    cr_expect(closed, "both ends agree that nothing is left");
}

static void show_receipt(struct examples *x, const struct world *w, struct pt_bytes frame_body)
{
    Patuh__Frame *frame = patuh__frame__unpack(NULL, frame_body.n, frame_body.data);
    cr_assert(frame != NULL && frame->receipt != NULL);
    const ProtobufCBinaryData *body = &frame->receipt->body;
    struct pt_hash hash = pt_hash1(PT_CONTEXT_RECEIPT, pt_bytes_of(body->data, body->len));
    struct pt_signature signature;
    memcpy(signature.b, frame->receipt->signature.data, sizeof signature.b);
    cr_expect_eq(pt_verify(w->office.public_key, PT_CONTEXT_RECEIPT, &hash, &signature), PT_OK);
    example_add(x, "receipt_body", body->data, body->len);
    example_add(x, "receipt_hash", hash.b, sizeof hash.b);
    example_add(x, "receipt_signature", signature.b, sizeof signature.b);
    patuh__frame__free_unpacked(frame, NULL);
}

static void show_session(struct examples *x, struct world *w)
{
    static const char *const names[] = {"frame_1_hello",   "frame_2_chunks",  "frame_3_welcome",
                                        "frame_4_settled", "frame_5_receipt", "frame_6_settled"};
    const struct pt_now device_now = {.wall_ms = WALL_MS + 5000, .monotonic_ms = 3605000, .boot = 7};
    const struct pt_now office_now = {.wall_ms = WALL_MS + 7000};
    struct pt_public_key office_key;
    struct pt_blob_ops blobs = {0}; /* no file is named */
    struct queue queue = {0};
    memcpy(office_key.b, w->office.public_key, sizeof office_key.b);
    uint64_t epoch = 0x1122334455667788ULL;
    uint64_t incarnation = INCARNATION;
    struct pt_session_config device = {.store = w->stores[0],
                                       .blobs = &blobs,
                                       .author = w->log.author,
                                       .incarnation = &incarnation,
                                       .connects = true,
                                       .upper_tier = PT_TIER_REGION,
                                       .statement = w->statement,
                                       .region_key = &office_key,
                                       .scope = {.has = all_logs, .is_up = of_the_device, .data = w}};
    struct pt_session_config office = {.store = w->stores[1],
                                       .blobs = &blobs,
                                       .random = {count_up, &w->counter},
                                       .author = pt_author_of(office_key.b),
                                       .tier = PT_TIER_REGION,
                                       .epoch = &epoch,
                                       .office_pair = &w->office,
                                       .admit = admit,
                                       .admit_data = w};
    struct end ends[2] = {{pt_session_create(&device), w->stores[0], &device_now},
                          {pt_session_create(&office), w->stores[1], &office_now}};
    talk(ends, &queue, &x->arena);
    cr_assert_eq(queue.n, sizeof names / sizeof *names);
    show_receipt(x, w, queue.frames[4]);
    for (size_t i = 0; i < queue.n; i++) {
        add_frame(x, names[i], queue.frames[i]);
    }
    pt_session_destroy(ends[0].session);
    pt_session_destroy(ends[1].session);
}

/* --- the same log in a bundle --- */

static void show_bundle(struct examples *x, const struct world *w)
{
    struct kit_file file = {0};
    struct pt_public_key recipient;
    struct pt_head head;
    uint8_t counter = 0;
    struct pt_random random = {count_up, &counter};
    struct pt_bundle_origin origin = {.author = &w->device, .statement = w->statement, .made_ms = WALL_MS + 5000};
    struct pt_bundle_fill fill = {0};
    memcpy(recipient.b, w->office_transport.public_key, sizeof recipient.b);
    cr_assert_eq(pt_store_begin_read(w->stores[0], &fill.txn), PT_OK);
    cr_assert_eq(pt_bundle_begin(kit_sink(&file), &random, &recipient, 1, &origin, &fill.writer), PT_OK);
    cr_assert_eq(pt_logs_find(fill.txn, &w->log, &head), PT_OK);
    cr_assert_eq(pt_fill_after(&fill, &head, NULL), PT_OK);
    kit_bundle_end(fill.writer);
    pt_store_abort(fill.txn);
    example_add(x, "bundle", file.bytes.data, file.bytes.n);
    pt_buf_free(&file.bytes);
}

static void compute(struct examples *x)
{
    struct world w;
    *x = (struct examples){0};
    pt_arena_init(&x->arena, SIZE_MAX);
    cr_assert_eq(pt_crypto_init(), PT_OK);
    world_open(&w);
    show_keys(x, &w);
    show_log(x, &w);
    show_request(x, &w);
    make_statement(x, &w);
    show_answer(x, &w);
    seal(x, &w);
    show_session(x, &w);
    show_bundle(x, &w);
    score_example(x);
    world_close(&w);
}

Test(protocol_examples, document_says_what_the_code_makes)
{
    struct examples made;
    struct examples told;
    compute(&made);
    examples_read(&told, PT_PROTOCOL_DOCUMENT);
    for (size_t i = 0; i < made.n; i++) {
        bool same = strcmp(example_value(&told, made.names[i]), made.values[i]) == 0;
        if (!same) {
            example_print(made.names[i], made.values[i]); /* too long for Criterion */
        }
        cr_expect(same, "%s is another one in the document", made.names[i]);
    }
    for (size_t i = 0; i < told.n; i++) {
        cr_expect_str_neq(example_value(&made, told.names[i]), EXAMPLE_NOT_THERE, "%s is not made here", told.names[i]);
    }
    cr_expect_eq(made.n, told.n);
    pt_arena_close(&made.arena);
    pt_arena_close(&told.arena);
    cr_expect_eq(pt_mem_alive(), 0);
}
