/* ids.h - names of things: hashes, authors, subjects, logs.
 *
 * A subject is what a log is about, written with a one-letter kind: "a:2023/62.71/disdukcapil" (an assessment),
 * "o:62" (an office), "c:2023" (a cycle). A log is one author's entries about one subject in one incarnation.
 * Thread: any.  Memory: all by value. */
#ifndef PT_IDS_H
#define PT_IDS_H

#include "base/bytes.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct pt_hash {
    uint8_t b[PT_HASH_BYTES];
};

/* BLAKE2b-256 of an author's Ed25519 public key (context "patuh/1 author"). */
struct pt_author {
    uint8_t b[PT_HASH_BYTES];
};

/* Where somebody stands: what it connects to is one tier up. Of an author that acts for no office: DEVICE. On the wire
 * and in keys: the number. */
enum pt_tier { PT_TIER_DEVICE, PT_TIER_REGION, PT_TIER_NATIONAL };

enum pt_subject_kind {
    PT_SUBJECT_NONE, /* malformed */
    PT_SUBJECT_ASSESSMENT,
    PT_SUBJECT_OFFICE,
    PT_SUBJECT_CYCLE
};

struct pt_subject {
    char text[PT_SUBJECT_BYTES_MAX + 1];
};

struct pt_log_id {
    struct pt_subject subject;
    struct pt_author author;
    uint64_t incarnation; /* random; a restored or cloned store takes a new one */
};

bool pt_hash_eq(const struct pt_hash *a, const struct pt_hash *b);
int pt_hash_cmp(const struct pt_hash *a, const struct pt_hash *b);
bool pt_author_eq(const struct pt_author *a, const struct pt_author *b);
int pt_author_cmp(const struct pt_author *a, const struct pt_author *b);

/* Kind by the first letters; NONE when a part of the rest is empty, begins with a point or has a character outside
 * [a-z0-9._-]. An assessment is cycle/institution/unit with an optional ~n (n from 1) for an independent second one. */
enum pt_subject_kind pt_subject_kind(const struct pt_subject *subject);
/* Errors: MALFORMED. text need not be NUL-terminated. */
enum pt_err pt_subject_read(struct pt_bytes text, struct pt_subject *out);
/* From the parts people type: "2023/62.71/disdukcapil", "62", "2023". Errors: MALFORMED. */
enum pt_err pt_subject_make(enum pt_subject_kind kind, const char *name, struct pt_subject *out);
/* The part after the kind letter; lent from the subject. */
const char *pt_subject_name(const struct pt_subject *subject);
/* Of an assessment or cycle: its cycle, into out (PT_SUBJECT_BYTES_MAX + 1 bytes); "" for an office. */
void pt_subject_cycle(const struct pt_subject *subject, char *out);
/* Of an assessment: unit code "62.71/disdukcapil" (without ~n) and institution code "62.71"; "" for others. */
void pt_subject_unit(const struct pt_subject *subject, char *out);
void pt_subject_institution(const struct pt_subject *subject, char *out);
/* An independent second assessment (~n): never enters a rollup. */
bool pt_subject_is_second(const struct pt_subject *subject);
bool pt_subject_eq(const struct pt_subject *a, const struct pt_subject *b);

int pt_log_id_cmp(const struct pt_log_id *a, const struct pt_log_id *b); /* subject, author, incarnation */
bool pt_log_id_eq(const struct pt_log_id *a, const struct pt_log_id *b);
/* Canonical bytes: u8 subject length, subject, author, u64 incarnation. Hashed into link 0 and used as a store key. */
void pt_log_id_put(struct pt_buf *out, const struct pt_log_id *id);
enum pt_err pt_log_id_read(struct pt_bytes bytes, struct pt_log_id *out);

#endif
