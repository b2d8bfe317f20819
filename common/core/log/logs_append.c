/* logs_append.c - where a verified chunk goes: connected, duplicate, parked or held. */
#include "core/log/branches.h"
#include "core/log/logs_internal.h"
#include "core/log/prune.h"
#include "core/store/meta.h"

#include <string.h>

enum pt_err pt_arrival_last(struct pt_txn *txn, uint64_t *lsn, struct pt_hash *hash)
{
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = pt_store_last(txn, PT_TABLE_ARRIVAL, (struct pt_bytes){0}, &key, &value);
    if (err == PT_ENOTFOUND) {
        *lsn = 0;
        *hash = (struct pt_hash){0};
        return PT_OK;
    }
    struct pt_arena arena;
    struct pt_record record;
    pt_arena_init(&arena, SIZE_MAX);
    if (err == PT_OK) {
        err = pt__record_read(value, &arena, &record, hash);
    }
    if (err == PT_OK) {
        err = pt_key_read_u64(key, lsn);
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt__arrival_add(struct pt_txn *txn, const struct pt_record *record, uint64_t *lsn)
{
    uint64_t last;
    struct pt_hash before;
    enum pt_err err = pt_arrival_last(txn, &last, &before);
    if (err != PT_OK) {
        return err;
    }
    struct pt_hash hash = pt_hash2(PT_CONTEXT_ARRIVAL, pt_hash_bytes(&before), pt_hash_bytes(&record->link));
    struct pt_key key = pt_key_u64(last + 1);
    err = pt__record_put(txn, PT_TABLE_ARRIVAL, &key, record, &hash);
    if (err == PT_OK) {
        struct pt_key index = pt_key_log_seq_link(record->log, record->first_seq, &record->link);
        err = pt_store_put(txn, PT_TABLE_CHUNKS, pt_key_bytes(&index), pt_key_bytes(&key));
    }
    if (err == PT_OK) {
        *lsn = last + 1;
    }
    return err;
}

enum pt_err pt_arrival_read(struct pt_txn *txn, uint64_t lsn, struct pt_arena *arena, struct pt_record *out)
{
    struct pt_bytes value;
    struct pt_hash hash;
    struct pt_key key = pt_key_u64(lsn);
    enum pt_err err = pt_store_get(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&key), &value);
    return err == PT_OK ? pt__record_read(value, arena, out, &hash) : err;
}

enum pt_err pt__indexed_read(struct pt_txn *txn, struct pt_bytes lsn_row, struct pt_arena *arena,
                             struct pt_record *record, uint64_t *lsn)
{
    enum pt_err err = pt_key_read_u64(lsn_row, lsn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_arrival_read(txn, *lsn, arena, record);
    return err == PT_ENOTFOUND ? PT_EDAMAGED : err;
}

/* Where a chunk of a run is, or will go. */
enum place { PLACE_NONE, PLACE_STORED, PLACE_PARKED };

static enum pt_err find_place(struct pt_txn *txn, const struct pt_record *record, enum place *place)
{
    struct pt_bytes value;
    struct pt_key key = pt_key_log_seq_link(record->log, record->first_seq, &record->link);
    enum pt_err err = pt_store_get(txn, PT_TABLE_CHUNKS, pt_key_bytes(&key), &value);
    *place = PLACE_STORED;
    if (err == PT_ENOTFOUND) {
        err = pt_store_get(txn, PT_TABLE_PARKED, pt_key_bytes(&key), &value);
        *place = err == PT_OK ? PLACE_PARKED : PLACE_NONE;
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* Is this the chunk that another one follows? */
static enum pt_err is_before(struct pt_txn *txn, struct pt_bytes lsn_row, const struct pt_record *record, bool *before)
{
    struct pt_arena arena;
    struct pt_record other;
    uint64_t lsn;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt__indexed_read(txn, lsn_row, &arena, &other, &lsn);
    *before = err == PT_OK && other.last_seq + 1 == record->first_seq && pt_hash_eq(&other.link, &record->previous);
    pt_arena_close(&arena);
    return err;
}

/* Is the link before this chunk one that we have, at that place? Else there is a gap. */
static enum pt_err predecessor_known(struct pt_txn *txn, const struct pt_head *head, const struct pt_record *record,
                                     bool *known)
{
    *known = record->first_seq == 1 /* link 0 follows from the log id; pt_run_check has compared it */
             || (record->first_seq == head->seq + 1 && pt_hash_eq(&record->previous, &head->link));
    if (*known) {
        return PT_OK;
    }
    uint64_t reach = record->first_seq > PT_CHUNK_ENTRIES_MAX ? record->first_seq - PT_CHUNK_ENTRIES_MAX : 1;
    struct pt_key prefix = pt_key_u64(record->log);
    struct pt_key from = pt_key_log_seq(record->log, reach);
    struct pt_rows rows = pt_rows_from(txn, PT_TABLE_CHUNKS, pt_key_bytes(&prefix), pt_key_bytes(&from));
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = PT_OK;
    bool past = false;
    while (err == PT_OK && !*known && !past && pt_rows_next(&rows, &key, &value)) {
        uint64_t log;
        uint64_t seq = 0;
        struct pt_hash link;
        err = pt_key_read_log_seq_link(key, &log, &seq, &link);
        past = seq >= record->first_seq;
        if (err == PT_OK && !past) {
            err = is_before(txn, value, record, known);
        }
    }
    enum pt_err end = pt_rows_end(&rows);
    return err == PT_OK ? end : err;
}

static enum pt_err park(struct pt_txn *txn, const struct pt_record *record, struct pt_append *out)
{
    struct pt_key key = pt_key_log_seq_link(record->log, record->first_seq, &record->link);
    enum pt_err err = pt__record_put(txn, PT_TABLE_PARKED, &key, record, NULL);
    if (err == PT_OK) {
        out->head.n_parked++;
        out->n_parked++;
    }
    return err;
}

/* The head goes back to the fork, so that it is the same whichever branch came first. */
static void note_fork(struct pt_head *head, const struct pt_record *record)
{
    uint64_t furthest = head->seq > record->last_seq ? head->seq : record->last_seq;
    head->held_seq = head->held_seq > furthest ? head->held_seq : furthest;
    if (record->first_seq - 1 < head->seq) {
        head->seq = record->first_seq - 1;
        head->link = record->previous;
    }
    head->forked = true;
    head->fork_seq = head->seq;
}

/* A chunk whose predecessor is here: the next one of the log, or (part of) a branch past a fork. */
static enum pt_err connect_chunk(struct pt_txn *txn, struct pt_record *record, struct pt_append *out)
{
    uint64_t lsn;
    struct pt_head *head = &out->head;
    bool good = !head->forked && record->first_seq == head->seq + 1 && pt_hash_eq(&record->previous, &head->link);
    record->held = !good;
    enum pt_err err = pt__arrival_add(txn, record, &lsn);
    if (err != PT_OK) {
        return err;
    }
    head->last_lsn = lsn;
    out->first_lsn = out->first_lsn == 0 ? lsn : out->first_lsn;
    if (good) {
        head->seq = record->last_seq;
        head->link = record->link;
        out->n_accepted++;
        out->n_returned += record->last_seq <= head->recalled_seq;
    } else {
        note_fork(head, record);
        out->n_held++;
    }
    return PT_OK;
}

/* A run ends at a chunk that is parked unsigned: its signature is the next one for what comes before it. Kept, else
 * overlapping runs would join to one that is too long to send on. What is stored needs none: so is all before it. */
static enum pt_err sign_parked(struct pt_txn *txn, const struct pt_record *record)
{
    struct pt_key key = pt_key_log_seq_link(record->log, record->first_seq, &record->link);
    return record->has_signature ? pt__record_put(txn, PT_TABLE_PARKED, &key, record, NULL) : PT_OK;
}

static enum pt_err put_chunk(struct pt_txn *txn, struct pt_record *record, struct pt_append *out)
{
    enum place place;
    bool known;
    enum pt_err err = find_place(txn, record, &place);
    if (err == PT_OK && place != PLACE_NONE) {
        out->n_duplicate++;
        return place == PLACE_PARKED ? sign_parked(txn, record) : PT_OK;
    }
    if (err == PT_OK) {
        err = predecessor_known(txn, &out->head, record, &known);
    }
    if (err != PT_OK) {
        return err;
    }
    return known ? connect_chunk(txn, record, out) : park(txn, record, out);
}

/* One parked chunk whose predecessor has come; *found false when there is none. */
static enum pt_err take_parked(struct pt_txn *txn, struct pt_arena *arena, struct pt_append *out, bool *found)
{
    struct pt_key prefix = pt_key_u64(out->head.number);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_PARKED, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_record record;
    enum pt_err err = PT_OK;
    *found = false;
    while (err == PT_OK && !*found && pt_rows_next(&rows, &key, &value)) {
        err = pt__record_read(value, arena, &record, NULL);
        if (err == PT_OK) {
            err = predecessor_known(txn, &out->head, &record, found);
        }
    }
    enum pt_err end = pt_rows_end(&rows);
    err = err == PT_OK ? end : err;
    if (err != PT_OK || !*found) {
        return err;
    }
    struct pt_key row = pt_key_log_seq_link(record.log, record.first_seq, &record.link);
    err = pt_store_del(txn, PT_TABLE_PARKED, pt_key_bytes(&row));
    if (err == PT_OK) {
        out->head.n_parked--;
        err = connect_chunk(txn, &record, out);
    }
    return err;
}

static struct pt_record record_of(const struct pt_checked_run *checked, size_t i, const struct pt_head *head,
                                  int64_t now_ms)
{
    const struct pt_run *run = checked->run;
    return (struct pt_record){
        .log = head->number,
        .first_seq = i == 0 ? run->first_seq : checked->last_seqs[i - 1] + 1,
        .last_seq = checked->last_seqs[i],
        .chunk = run->chunks[i],
        .previous = i == 0 ? run->previous : checked->links[i - 1],
        .link = checked->links[i],
        .has_signature = i + 1 == run->n_chunks,
        .signature = run->signature,
        .received_ms = now_ms,
    };
}

/* Before anything is written: is there room for what would be parked? Errors: LIMIT. */
static enum pt_err check_room(struct pt_txn *txn, const struct pt_checked_run *checked, const struct pt_head *head)
{
    size_t n_parked = head->n_parked;
    bool follows = false; /* the chunk before is stored, or will be */
    for (size_t i = 0; i < checked->run->n_chunks; i++) {
        struct pt_record record = record_of(checked, i, head, 0);
        enum place place;
        bool known = follows;
        enum pt_err err = find_place(txn, &record, &place);
        if (err == PT_OK && place == PLACE_NONE && !known) {
            err = predecessor_known(txn, head, &record, &known);
        }
        if (err != PT_OK) {
            return err;
        }
        follows = place == PLACE_STORED || (place == PLACE_NONE && known);
        n_parked += place == PLACE_NONE && !known;
    }
    return n_parked > PT_PARKED_PER_LOG_MAX ? PT_ELIMIT : PT_OK;
}

/* Where the last chunk of a run ended up: what its sender has to hear. */
static enum pt_err note_last(struct pt_txn *txn, const struct pt_checked_run *checked, struct pt_append *out)
{
    enum place place;
    struct pt_record last = record_of(checked, checked->run->n_chunks - 1, &out->head, 0);
    enum pt_err err = find_place(txn, &last, &place);
    out->last_held = err == PT_OK && place == PLACE_STORED && last.last_seq > out->head.seq;
    out->last_parked = err == PT_OK && place == PLACE_PARKED;
    return err;
}

/* All of it that was pruned comes again from the first chunk on, every branch, with this run among it. The run that
 * recalls it is left out in any case, since it may be one branch of a fork that nobody knew of; a later one where it
 * would be parked: there is room for PT_PARKED_PER_LOG_MAX only. */
static bool waits_for_return(const struct pt_append *append, const struct pt_run *run)
{
    const struct pt_head *head = &append->head;
    return head->recalled_seq > head->seq && (append->recalled || run->first_seq > head->seq + 1);
}

static enum pt_err append_run(struct pt_txn *txn, const struct pt_checked_run *checked, int64_t now_ms,
                              struct pt_arena *arena, struct pt_append *out)
{
    const struct pt_run *run = checked->run;
    struct pt_append result = *out;
    enum pt_err err = check_room(txn, checked, &result.head); /* of a log that is not here: number 0, nothing stored */
    if (err == PT_OK) {
        err = pt_logs_find_or_add(txn, &run->log, &run->key, &result.head);
    }
    for (size_t i = 0; i < run->n_chunks && err == PT_OK; i++) {
        struct pt_record record = record_of(checked, i, &result.head, now_ms);
        err = put_chunk(txn, &record, &result);
    }
    bool found = err == PT_OK && result.head.n_parked > 0;
    while (err == PT_OK && found) {
        err = take_parked(txn, arena, &result, &found);
    }
    if (err == PT_OK) {
        err = pt__prune_returned(txn, &result.head);
    }
    if (err == PT_OK) {
        err = note_last(txn, checked, &result);
    }
    if (err == PT_OK) {
        err = pt_logs_branch_ends(txn, &result.head, arena, &result.branch_ends, &result.n_branch_ends);
    }
    if (err == PT_OK) {
        *out = result;
    }
    return err;
}

enum pt_err pt_logs_append(struct pt_txn *txn, const struct pt_checked_run *checked, int64_t now_ms,
                           struct pt_arena *arena, struct pt_append *out)
{
    struct pt_append result = {0};
    enum pt_err err = pt_prune_recall(txn, &checked->run->log.subject, &result.recalled);
    if (err == PT_OK) {
        err = pt_logs_find(txn, &checked->run->log, &result.head);
    }
    if (err == PT_ENOTFOUND || (err == PT_OK && !waits_for_return(&result, checked->run))) {
        err = append_run(txn, checked, now_ms, arena, &result);
    }
    if (err == PT_OK) {
        *out = result;
    }
    return err;
}

enum pt_err pt_logs_find(struct pt_txn *txn, const struct pt_log_id *id, struct pt_head *out)
{
    struct pt_bytes value;
    uint64_t number = 0;
    struct pt_key key = pt_key_log_id(id);
    enum pt_err err = pt_store_get(txn, PT_TABLE_LOGS, pt_key_bytes(&key), &value);
    if (err == PT_OK) {
        err = pt_key_read_u64(value, &number);
    }
    if (err != PT_OK) {
        return err;
    }
    err = pt_logs_head(txn, number, out);
    return err == PT_ENOTFOUND ? PT_EDAMAGED : err; /* a log without a head */
}

enum pt_err pt_logs_find_or_add(struct pt_txn *txn, const struct pt_log_id *id, const struct pt_public_key *key,
                                struct pt_head *out)
{
    enum pt_err err = pt_logs_find(txn, id, out);
    if (err != PT_ENOTFOUND) {
        return err;
    }
    uint64_t last = 0;
    err = pt_meta_get_u64(txn, PT_META_LAST_LOG, &last);
    if (err != PT_OK && err != PT_ENOTFOUND) {
        return err;
    }
    struct pt_head head = {.number = last + 1, .log = *id, .key = *key, .link = pt_link_first(id)};
    struct pt_key row = pt_key_log_id(id);
    struct pt_key number = pt_key_u64(head.number);
    err = pt_meta_put_u64(txn, PT_META_LAST_LOG, head.number);
    if (err == PT_OK) {
        err = pt_store_put(txn, PT_TABLE_LOGS, pt_key_bytes(&row), pt_key_bytes(&number));
    }
    if (err == PT_OK) {
        err = pt_logs_put_head(txn, &head);
    }
    if (err == PT_OK) {
        *out = head;
    }
    return err;
}
