/* logs_kit.h - authors, entries and chunks for tests of the log core, the same every time. */
#ifndef PT_TEST_LOGS_KIT_H
#define PT_TEST_LOGS_KIT_H

#include "core/log/logs.h"

/* A deterministic generator. */
uint64_t kit_random(uint64_t *state);
struct pt_subject kit_subject(const char *text);
/* Key pair number n; also starts the crypto library. */
struct pt_keypair kit_pair(uint8_t n);
struct pt_log_id kit_log(const char *subject, const struct pt_keypair *pair, uint64_t incarnation);

/* An answer outside repeats with an integer. */
struct pt_entry kit_answer(uint32_t question, int64_t number);
/* An entry of the kind with every field filled at random; what it points to lives in the arena. */
struct pt_entry kit_entry(Patuh__EntryKind kind, uint64_t *state, struct pt_arena *arena);
/* n entries of random kinds that this version knows. */
struct pt_entry *kit_entries(size_t n, uint64_t *state, struct pt_arena *arena);
/* All fields, also what an entry points to. */
bool kit_entries_eq(const struct pt_entry *a, const struct pt_entry *b, size_t n);

/* Answers as a surveyor gives them: choices to question after question, twenty seconds apart. */
void kit_typical(struct pt_entry *entries, size_t n);
struct pt_chunk_header kit_header(const struct pt_log_id *log, uint64_t first_seq, uint32_t count);

/* A sealed chunk with its place in the chain. */
struct kit_chunk {
    struct pt_bytes bytes;
    struct pt_hash previous;
    struct pt_hash link;
    uint64_t first_seq;
    uint64_t last_seq;
};
/* n integer answers to question 1.. after a chunk (NULL: the first of the log); value tells branches apart. */
struct kit_chunk kit_chunk_after(const struct pt_log_id *log, const struct kit_chunk *before, uint32_t n, int64_t value,
                                 struct pt_arena *arena);
/* The run of consecutive chunks, signed at its end; chunks must stay while it is used. */
struct pt_run kit_run(const struct pt_log_id *log, const struct pt_keypair *pair, const struct kit_chunk *chunks,
                      size_t n, struct pt_arena *arena);
/* Check, append, commit; asserts that the run is good. */
struct pt_append kit_deliver(struct pt_store *store, const struct pt_run *run);
struct pt_txn *kit_begin(struct pt_store *store, bool write);
struct pt_store *kit_store(void);

/* Packed bytes of a message, in the arena. */
struct pt_bytes kit_pack(const void *message, struct pt_arena *arena);

#endif
