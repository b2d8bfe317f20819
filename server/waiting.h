/* waiting.h - what waits at this office, where, and since when.
 *
 * Read from the store in short transactions, one for each assessment, which is merged once (twice when something of it
 * counts already): about a millisecond each. Nothing is kept between two calls. Times are this office's clock.
 * Thread: a command's.  Memory: everything lives in its arena until waiting_close. */
#ifndef PATUHD_WAITING_H
#define PATUHD_WAITING_H

#include "core/merge/merge.h"
#include "directory.h"

/* A key that is known here: a device, a reviewer, or (at head office) a region. */
struct waiting_peer {
    const char *kind; /* "device", "reviewer", "office" */
    const char *name;
    struct pt_author author;
    bool revoked;
    int64_t seen_ms;   /* last time it showed itself; 0 = never since it was enrolled */
    int64_t offset_ms; /* office minus peer, then */
    uint64_t entries;  /* of its logs here */
};

struct waiting_assessment {
    const char *name; /* "2023/62.71/disdukcapil" */
    const char *office;
    const char *surveyors; /* assigned now: "budi, siti" */
    Patuh__State state;
    enum pt_tier tier; /* who made the state; DEVICE: a surveyor, or nobody */
    bool of_root;      /* head office assesses the unit itself */
    bool incomplete;   /* of what the last move names not all is here, or stands: nobody can go on from it yet */
    int64_t since_ms;  /* when the move that made the state came here; 0 while draft */
    size_t n_conflicts;
    size_t n_outside; /* entries outside what counts: pending, or late once it is fixed */
    size_t n_ineffective;
};

/* Who can go on with an assessment that was handed in or approved. */
enum waiting_turn {
    WAITING_HERE,
    WAITING_REGION,      /* head office waits for its region */
    WAITING_HEAD_OFFICE, /* head office approved it: a region changes that no more */
    WAITING_UNFIX        /* its result is fixed: head office has to open the cycle first */
};

/* Entries that count nowhere, by reason. */
struct waiting_reason {
    enum pt_msg why;
    size_t n_entries;
    const char *example; /* an assessment */
};

/* Contents that entries name and nobody has brought. */
struct waiting_blobs {
    const char *author; /* who wrote the entries, and has them */
    size_t n_texts;
    size_t n_files;
};

/* Chunks that wait for the ones before them. */
struct waiting_log {
    const char *subject;
    const char *author;
    uint64_t have; /* last entry that is connected */
    uint64_t next; /* first entry that waits */
    uint32_t n_chunks;
};

struct waiting {
    struct pt_arena arena;
    struct directory directory;
    uint64_t epoch; /* of the store */
    struct waiting_peer *peers;
    size_t n_peers;
    struct waiting_assessment *assessments; /* sorted by name */
    size_t n_assessments;
    struct waiting_reason *reasons;
    size_t n_reasons;
    struct waiting_blobs *blobs;
    size_t n_blobs, n_wanted;
    struct waiting_log *parked;
    size_t n_parked, n_parked_chunks;
    size_t n_forked; /* logs; forks.h tells about them */
    size_t n_logs;
    uint64_t n_entries;
    uint64_t n_waiting_upper; /* entries without head office's receipt */
};

/* Errors: CANCELED (the server ends), NOMEM, and those of the store. */
enum pt_err waiting_open(const struct office *office, struct waiting *out);
void waiting_close(struct waiting *waiting);
/* At head office (national) or at the region. */
enum waiting_turn waiting_turn(bool national, const struct waiting_assessment *assessment);

#endif
