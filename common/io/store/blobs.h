/* blobs.h - large contents as files named by their hash.
 *
 *   dir/ab/abcd...        one content, in an envelope (envelope.h); appears whole and durable or not at all
 *   dir/parts/abcd...     a content that is still arriving, part by part, behind the size that its owner declared; not
 *                         durable, checked part by part
 *
 * Thread: any, and for a folder one process. Contents appear whole, so they may be read while others are put; what
 * writes parts, finishes or removes one blob is called by one thread at a time. Calls block on the disk: of a server's
 * loop only pt_blobs_get and pt_blobs_read are called, which sync nothing (a part for a peer; mostly cached by the
 * system). For sessions the writer's thread takes parts, finishes and looks (core/sync/file_work.h); commands use the
 * threads of their own.
 * Memory: contents go into the caller's buffer.  Limits: PT_BLOB_BYTES_MAX a content. */
#ifndef PT_BLOBS_H
#define PT_BLOBS_H

#include "core/store/store.h"
#include "io/disk/disk.h"

struct pt_blobs;

#define PT_BLOBS_KNOWN_MAX 65536 /* 32 bytes each, twice */

/* PT_CONTEXT_BLOB over the content. */
struct pt_hash pt_blob_hash(struct pt_bytes content);

/* Makes the folders, removes what a crash left half-written. key may be NULL (plain files); random gives the nonces.
 * Errors: NOMEM, IO, FULL, with a sentence. */
enum pt_err pt_blobs_open(const char *dir, const struct pt_store_key *key, const struct pt_random *random,
                          struct pt_disk_reserve reserve, struct pt_blobs **out, struct pt_problem *problem);
void pt_blobs_close(struct pt_blobs *blobs); /* NULL is fine */

/* Keep a whole content; durable when it returns PT_OK. A good file that is there already is left alone, a damaged one
 * replaced. Errors: LIMIT (too large), FULL, IO, NOMEM. */
enum pt_err pt_blobs_put(struct pt_blobs *blobs, struct pt_bytes content, struct pt_hash *hash);
/* Append the content to out, compared with its hash. Errors: NOTFOUND, DAMAGED, DENIED and VERSION (envelope), IO,
 * NOMEM.
 */
enum pt_err pt_blobs_get(struct pt_blobs *blobs, const struct pt_hash *hash, struct pt_buf *out);
/* Append up to n bytes from offset; fewer at the end, none behind it. Errors: as pt_blobs_get. */
enum pt_err pt_blobs_read(struct pt_blobs *blobs, const struct pt_hash *hash, uint32_t offset, uint32_t n,
                          struct pt_buf *out);
/* Is the content here, whole, good and durable? The first time it is read, and its folder synced: whoever put it there
 * may have crashed before that. What was found or put durable is remembered (up to PT_BLOBS_KNOWN_MAX of them), and
 * then only its name is looked up: a peer may ask as often as it likes. */
bool pt_blobs_is_durable(struct pt_blobs *blobs, const struct pt_hash *hash);
bool pt_blobs_has(struct pt_blobs *blobs, const struct pt_hash *hash);
/* Errors: NOTFOUND, IO. */
enum pt_err pt_blobs_remove(struct pt_blobs *blobs, const struct pt_hash *hash);

/* A content that arrives in parts; hash and size as its owner declared them. */
struct pt_blob_claim {
    struct pt_hash hash;
    uint32_t size; /* 1 .. PT_BLOB_BYTES_MAX */
};

#define PT_BLOB_PART_BYTES_MIN 64 /* all but the last: bounds the file of parts */

/* How much has arrived and may be resumed from; 0 when nothing. *claim: what was declared then; not set at 0. Errors:
 * IO, NOMEM. */
enum pt_err pt_blobs_arrived(struct pt_blobs *blobs, const struct pt_hash *hash, struct pt_blob_claim *claim,
                             uint32_t *offset);
/* Take the part at offset; *arrived is the new offset to go on from, also after GAP. A part that has arrived already is
 * good and changes nothing. Parts of another declared size count as nothing, and go when the first one of this size
 * comes. Errors: GAP (offset is ahead of what arrived), LIMIT (size, part outside the content or too small), FULL, IO,
 * NOMEM. */
enum pt_err pt_blobs_append(struct pt_blobs *blobs, const struct pt_blob_claim *claim, uint32_t offset,
                            struct pt_bytes part, uint32_t *arrived);
/* All has arrived: compare with the hash, keep as pt_blobs_put does, forget the parts. Errors: GAP (not all), MALFORMED
 * (another content than declared; the parts are gone), and those of pt_blobs_put. */
enum pt_err pt_blobs_finish(struct pt_blobs *blobs, const struct pt_blob_claim *claim);

#endif
