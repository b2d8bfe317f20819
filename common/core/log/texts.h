/* texts.h - what people write beside answers: notes, comments, reasons, labels. An entry holds a salted hash alone, so
 * that a text can be erased and the chain stays whole; the text lies in the store, beside the others of its subject.
 *
 * Thread: as the transaction.  Memory: in the given arena, or by value. */
#ifndef PT_TEXTS_H
#define PT_TEXTS_H

#include "base/arena.h"
#include "base/problem.h"
#include "core/store/store.h"

/* Hash that names a text blob: salt (16 bytes) and UTF-8, at most PT_TEXT_BYTES_MAX. */
struct pt_hash pt_text_hash(struct pt_bytes content);
/* A text lies beside the others of its subject: keys by hash alone would make the disk write a page a text. Errors:
 * LIMIT (longer than PT_TEXT_CONTENT_BYTES_MAX), those of the store. */
enum pt_err pt_text_put(struct pt_txn *txn, const struct pt_subject *subject, struct pt_bytes content,
                        struct pt_hash *hash);
/* Keep a text that somebody typed, behind a salt of its own, so that a short one cannot be guessed from its hash once
 * it is erased. Errors: INVALID (blank, longer than n_max bytes, not UTF-8; sentence), those of the store. */
enum pt_err pt_text_keep(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_random *random,
                         const char *text, size_t n_max, struct pt_hash *hash, struct pt_problem *problem);
/* The text without its salt, NUL-terminated in the arena. Errors: NOTFOUND, DAMAGED (its author wrote no salt, or what
 * is not UTF-8 without NUL). */
enum pt_err pt_text_get(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_hash *hash,
                        struct pt_arena *arena, const char **out);
/* The whole content, to send. NOTFOUND also for one that is longer than peers take: an older version may have kept
 * such.
 */
enum pt_err pt_text_content(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_hash *hash,
                            struct pt_arena *arena, struct pt_bytes *out);

#endif
