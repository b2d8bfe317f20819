/* evidence.h - how a piece of evidence is called. Inside the library only. */
#ifndef PT_CLIENT_EVIDENCE_H
#define PT_CLIENT_EVIDENCE_H

#include "base/arena.h"
#include "core/log/entry.h"

/* "supervision_proof#1a2b3c4d": the question's path and the first digits of the content's hash. */
void pt_evidence_id(const char *path, const struct pt_hash *hash, char *out, size_t n);

/* What an ADD_EVIDENCE entry says of its content; NULL when it cannot be read. In the arena. */
const Patuh__Evidence *pt_evidence_detail(const struct pt_entry *entry, struct pt_arena *arena);

#endif
