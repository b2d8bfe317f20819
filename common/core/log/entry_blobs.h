/* entry_blobs.h - the contents that an entry names by their hashes: texts and files.
 *
 * Thread: any.  Memory: the arena is scratch. */
#ifndef PT_ENTRY_BLOBS_H
#define PT_ENTRY_BLOBS_H

#include "base/arena.h"
#include "core/log/entry.h"

/* What an entry of this kind names is a file. All other blobs are texts; no kind names both. */
bool pt_kind_names_file(Patuh__EntryKind kind);
/* One call for each blob hash that an entry names. small: a text. */
typedef enum pt_err (*pt_blob_visit)(void *data, const struct pt_hash *hash, bool small, Patuh__EntryKind kind);
enum pt_err pt_entry_blobs(const struct pt_entry *entry, struct pt_arena *arena, pt_blob_visit visit, void *data);

#endif
