/* keys.h - the one place that builds the keys of the store's tables, and reads them back.
 *
 * Integers are big-endian, so that the order of keys is the order of numbers. The tables and the parts of their keys
 * stand in store.h; a prefix of parts is the prefix of the rows.
 * Thread: any.  Memory: all by value; pt_key_bytes lends from the key. */
#ifndef PT_KEYS_H
#define PT_KEYS_H

#include "core/ids.h"

/* The longest is a log id: subject with its length, author, incarnation. */
#define PT_KEY_BYTES_LONGEST (1 + PT_SUBJECT_BYTES_MAX + PT_HASH_BYTES + 8)

struct pt_key {
    uint8_t b[PT_KEY_BYTES_LONGEST];
    size_t n;
};

struct pt_bytes pt_key_bytes(const struct pt_key *key);
/* Of a row of one of the tables below, to begin there again. */
struct pt_key pt_key_copy(struct pt_bytes key);

struct pt_key pt_key_log_id(const struct pt_log_id *id);        /* LOGS */
struct pt_key pt_key_subject(const struct pt_subject *subject); /* prefix in LOGS and TEXTS: all of one subject */
struct pt_key pt_key_u64(uint64_t number);                      /* HEADS, ARRIVAL; prefix: log number */
struct pt_key pt_key_log_seq(uint64_t log, uint64_t seq);       /* TAIL; prefix in CHUNKS, PARKED */
struct pt_key pt_key_log_seq_link(uint64_t log, uint64_t seq, const struct pt_hash *link); /* CHUNKS, PARKED */
struct pt_key pt_key_receipt(uint64_t log, enum pt_tier tier); /* RECEIPTS; prefix of the next */
struct pt_key pt_key_receipt_held(uint64_t log, enum pt_tier tier, const struct pt_hash *link); /* RECEIPTS */
struct pt_key pt_key_hash(const struct pt_hash *hash); /* prefix in WANTED and BLOB_RECEIPTS: all of one hash */
/* WANTED; subject: of a text, NULL: a file. Prefix: all logs that name it. Rows of before have the hash alone. */
struct pt_key pt_key_wanted(const struct pt_hash *hash, const struct pt_subject *subject);
struct pt_key pt_key_wanted_log(const struct pt_hash *hash, const struct pt_subject *subject, uint64_t log);
struct pt_key pt_key_text(const struct pt_subject *subject, const struct pt_hash *hash); /* TEXTS */
struct pt_key pt_key_hash_tier(const struct pt_hash *hash, enum pt_tier tier);           /* BLOB_RECEIPTS */
struct pt_key pt_key_author(const struct pt_author *author);                             /* prefix in PEERS */
struct pt_key pt_key_peer(const struct pt_author *author, uint64_t incarnation);         /* PEERS */

/* Back from a row's key. Errors of all: DAMAGED (another shape than the table's). Outputs untouched on error. LOGS:
 * pt_log_id_read. */
enum pt_err pt_key_read_u64(struct pt_bytes key, uint64_t *number);
enum pt_err pt_key_read_log_seq(struct pt_bytes key, uint64_t *log, uint64_t *seq);
enum pt_err pt_key_read_log_seq_link(struct pt_bytes key, uint64_t *log, uint64_t *seq, struct pt_hash *link);
enum pt_err pt_key_read_wanted(struct pt_bytes key, struct pt_hash *hash); /* also a row of before */

#endif
