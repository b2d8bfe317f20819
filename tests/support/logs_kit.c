#include "support/logs_kit.h"

#include "core/store/store_mem.h"
#include "core/wire/pack.h"
#include "support/store_checks.h"

#include <criterion/criterion.h>
#include <string.h>

uint64_t kit_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint64_t mixed = *state ^ (*state >> 33);
    return mixed * 0xff51afd7ed558ccdu ^ (mixed >> 29);
}

static uint64_t below(uint64_t *state, uint64_t n)
{
    return kit_random(state) % n;
}

struct pt_subject kit_subject(const char *text)
{
    struct pt_subject subject = {0};
    cr_assert_eq(pt_subject_read(pt_bytes_str(text), &subject), PT_OK, "%s", text);
    return subject;
}

struct pt_keypair kit_pair(uint8_t n)
{
    struct pt_keypair pair;
    uint8_t seed[PT_KEY_BYTES] = {n};
    cr_assert_eq(pt_crypto_init(), PT_OK);
    pt_keypair_from_seed(seed, &pair);
    return pair;
}

struct pt_log_id kit_log(const char *subject, const struct pt_keypair *pair, uint64_t incarnation)
{
    return (struct pt_log_id){
        .subject = kit_subject(subject), .author = pt_author_of(pair->public_key), .incarnation = incarnation};
}

struct pt_entry kit_answer(uint32_t question, int64_t number)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, 1700000000);
    entry.question = question;
    entry.value = (struct pt_value){.type = PT_VALUE_INTEGER, .number = {number, 0}};
    return entry;
}

/* Numbers of all lengths. */
static uint64_t random_number(uint64_t *state)
{
    uint64_t shift = below(state, 64);
    return kit_random(state) >> shift;
}

static void random_bytes(uint64_t *state, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)kit_random(state);
    }
}

static struct pt_value random_value(uint64_t *state)
{
    struct pt_value value = {.type = (enum pt_value_type)below(state, PT_VALUE_TEXT + 1)};
    uint64_t sign = 0 - below(state, 2);
    int64_t number = (int64_t)(random_number(state) ^ sign);
    switch (value.type) {
    case PT_VALUE_NONE:
        break;
    case PT_VALUE_INTEGER:
        value.number.mantissa = number;
        break;
    case PT_VALUE_DECIMAL:
        value.number.scale = (uint8_t)below(state, 10);
        value.number.mantissa = value.number.scale > 0 && number % 10 == 0 ? number + 1 : number;
        break;
    case PT_VALUE_CHOICE:
        value.choices = 1 + below(state, 64);
        break;
    case PT_VALUE_CHOICES:
        value.choices = kit_random(state);
        break;
    case PT_VALUE_TEXT:
        random_bytes(state, value.text.b, sizeof value.text.b);
        break;
    }
    return value;
}

static const struct pt_entry_ref *random_refs(size_t n, uint64_t *state, struct pt_arena *arena)
{
    struct pt_entry_ref *refs = pt_arena_zalloc(arena, n, sizeof *refs);
    cr_assert_not_null(refs);
    for (size_t i = 0; i < n; i++) {
        uint64_t log = below(state, 3);
        refs[i].author.b[0] = (uint8_t)log;
        refs[i].incarnation = log;
        refs[i].link[0] = (uint8_t)below(state, 2);
        refs[i].seq = random_number(state);
    }
    return refs;
}

struct pt_entry kit_entry(Patuh__EntryKind kind, uint64_t *state, struct pt_arena *arena)
{
    static const char *const instances[] = {"", "akta", "k3f9q", "ktp-el_2.b"};
    unsigned fields = pt_entry_fields(kind);
    struct pt_entry entry = pt_entry_of(kind, 1700000000 + (int64_t)below(state, 100000) - 50000);
    if ((fields & PT_FIELD_QUESTION) != 0) {
        entry.question = (uint32_t)(random_number(state) >> 32);
        entry.instance = instances[below(state, 4)];
    }
    if ((fields & PT_FIELD_VALUE) != 0) {
        entry.value = random_value(state);
    }
    if ((fields & PT_FIELD_REPLACES) != 0) {
        entry.n_replaces = below(state, 4);
        entry.replaces = random_refs(entry.n_replaces, state, arena);
    }
    if ((fields & PT_FIELD_HASH) != 0) {
        random_bytes(state, entry.hash.b, sizeof entry.hash.b);
    }
    if ((fields & PT_FIELD_DETAIL) != 0) {
        uint8_t detail[20];
        random_bytes(state, detail, sizeof detail);
        entry.detail = pt_arena_dup(arena, pt_bytes_of(detail, below(state, sizeof detail + 1)));
    }
    return entry;
}

struct pt_entry *kit_entries(size_t n, uint64_t *state, struct pt_arena *arena)
{
    const ProtobufCEnumDescriptor *kinds = &patuh__entry_kind__descriptor;
    struct pt_entry *entries = pt_arena_zalloc(arena, n, sizeof *entries);
    cr_assert_not_null(entries);
    for (size_t i = 0; i < n; i++) {
        size_t kind = 1 + below(state, kinds->n_values - 1); /* the first one is ENTRY_UNKNOWN */
        entries[i] = kit_entry((Patuh__EntryKind)kinds->values[kind].value, state, arena);
    }
    return entries;
}

static bool refs_eq(const struct pt_entry_ref *a, const struct pt_entry_ref *b)
{
    return pt_author_eq(&a->author, &b->author) && a->incarnation == b->incarnation && a->seq == b->seq &&
           memcmp(a->link, b->link, sizeof a->link) == 0;
}

static bool entry_eq(const struct pt_entry *a, const struct pt_entry *b)
{
    bool equal = a->kind == b->kind && a->wall_s == b->wall_s && a->question == b->question &&
                 strcmp(a->instance, b->instance) == 0 && pt_value_eq(&a->value, &b->value) &&
                 pt_hash_eq(&a->hash, &b->hash) && a->n_replaces == b->n_replaces && pt_bytes_eq(a->detail, b->detail);
    for (size_t i = 0; equal && i < a->n_replaces; i++) {
        equal = refs_eq(&a->replaces[i], &b->replaces[i]);
    }
    return equal;
}

bool kit_entries_eq(const struct pt_entry *a, const struct pt_entry *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!entry_eq(&a[i], &b[i])) {
            return false;
        }
    }
    return true;
}

void kit_typical(struct pt_entry *entries, size_t n)
{
    uint64_t state = 1;
    for (size_t i = 0; i < n; i++) {
        entries[i] = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, 1700000000 + 20 * (int64_t)i);
        entries[i].question = (uint32_t)i + 10;
        entries[i].value = (struct pt_value){.type = PT_VALUE_CHOICE, .choices = 1 + below(&state, 5)};
    }
}

struct pt_chunk_header kit_header(const struct pt_log_id *log, uint64_t first_seq, uint32_t count)
{
    return (struct pt_chunk_header){
        .log = *log,
        .first_seq = first_seq,
        .count = count,
        .has_instrument = log->subject.text[0] == 'a',
        .instrument = {.b = {7}},
        .has_seen = true,
        .seen_epoch = 0x1122334455667788,
        .seen_lsn = 12345,
        .seen_hash = {1, 2, 3, 4, 5, 6, 7, 8},
        .wall_ms = 1700000000123,
        .monotonic_ms = 98765432,
        .boot = 0x99aabbccddeeff00,
    };
}

struct pt_bytes kit_pack(const void *message, struct pt_arena *arena)
{
    struct pt_bytes packed;
    cr_assert_eq(pt_pack(message, arena, &packed), PT_OK);
    return packed;
}

struct kit_chunk kit_chunk_after(const struct pt_log_id *log, const struct kit_chunk *before, uint32_t n, int64_t value,
                                 struct pt_arena *arena)
{
    struct kit_chunk chunk = {.previous = before == NULL ? pt_link_first(log) : before->link};
    struct pt_entry entries[64];
    struct pt_buf out = {0};
    chunk.first_seq = before == NULL ? 1 : before->last_seq + 1;
    chunk.last_seq = chunk.first_seq + n - 1;
    cr_assert_leq(n, 64);
    for (uint32_t i = 0; i < n; i++) {
        entries[i] = kit_answer(i + 1, value);
    }
    struct pt_chunk_header header = kit_header(log, chunk.first_seq, n);
    cr_assert_eq(pt_chunk_encode(&header, entries, &out), PT_OK);
    chunk.bytes = pt_arena_dup(arena, pt_buf_bytes(&out));
    chunk.link = pt_link_next(&chunk.previous, chunk.bytes);
    pt_buf_free(&out);
    return chunk;
}

struct pt_run kit_run(const struct pt_log_id *log, const struct pt_keypair *pair, const struct kit_chunk *chunks,
                      size_t n, struct pt_arena *arena)
{
    struct pt_run run = {.log = *log, .first_seq = chunks[0].first_seq, .previous = chunks[0].previous, .n_chunks = n};
    struct pt_bytes *bytes = pt_arena_zalloc(arena, n, sizeof *bytes);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = chunks[i].bytes;
    }
    run.chunks = bytes;
    memcpy(run.key.b, pair->public_key, sizeof run.key.b);
    pt_sign(pair, PT_CONTEXT_LINK, &chunks[n - 1].link, &run.signature);
    return run;
}

struct pt_txn *kit_begin(struct pt_store *store, bool write)
{
    struct pt_txn *txn = NULL;
    cr_assert_eq((write ? pt_store_begin_write : pt_store_begin_read)(store, &txn), PT_OK);
    return txn;
}

struct pt_append kit_deliver(struct pt_store *store, const struct pt_run *run)
{
    struct pt_arena arena;
    struct pt_checked_run checked;
    struct pt_append append = {0};
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_run_check(run, &arena, &checked), PT_OK);
    struct pt_txn *txn = kit_begin(store, true);
    cr_assert_eq(pt_logs_append(txn, &checked, 1700000000000, &arena, &append), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_arena_close(&arena);
    return append;
}

struct pt_store *kit_store(void)
{
    static uint64_t seed = 1;
    struct pt_store *store = NULL;
    cr_assert_eq(pt_crypto_init(), PT_OK);
    struct pt_random random = test_random(&seed);
    cr_assert_eq(pt_store_mem_create(NULL, &random, &store), PT_OK);
    return store;
}
