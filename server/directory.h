/* directory.h - who is who and which assessment belongs to whom, read from the office's own store.
 *
 * A cache of what the logs say: rebuilt whenever office logs grew. It decides what a peer may see and bring; what
 * counts in a score is decided by merge alone.
 * Thread: any one thread at a time.  Memory: everything lives in its arena until directory_close. */
#ifndef PATUHD_DIRECTORY_H
#define PATUHD_DIRECTORY_H

#include "core/merge/authority.h"
#include "office.h"

struct directory_assessment {
    struct pt_subject subject;
    const Patuh__Opening *opening; /* NULL: not opened yet */
    const char *office;            /* responsible office; NULL while not opened */
    bool by_root;                  /* head office opened it */
    const char **surveyors;        /* ever assigned */
    size_t n_surveyors;
};

/* A log about an assessment that a device or reviewer wrote. */
struct directory_own {
    struct pt_author author;
    struct pt_subject subject;
};

struct directory {
    struct pt_arena arena;
    struct pt_authority authority;
    struct directory_assessment *assessments; /* sorted by subject */
    size_t n_assessments;
    struct directory_own *owns; /* sorted by author */
    size_t n_owns;
};

enum pt_err directory_open(const struct office *office, struct directory *out);
void directory_close(struct directory *directory);

/* How an author is called: name of surveyor or reviewer, code of an office, "?" and the first digits of a key that no
 * office has named. Lent by the authority or in the arena, which remembers when it is exhausted. */
const char *directory_author(const struct pt_authority *authority, const struct pt_author *author,
                             struct pt_arena *arena);

const struct directory_assessment *directory_find(const struct directory *directory, const struct pt_subject *subject);
bool directory_is_assigned(const struct directory_assessment *assessment, const char *surveyor);
/* The assessments a surveyor was ever assigned to, those it has written about, and the cycles of the former, each once;
 * in the arena. Errors: NOMEM. */
enum pt_err directory_subjects(const struct directory *directory, const char *surveyor, const struct pt_author *author,
                               struct pt_arena *arena, struct pt_subject **out, size_t *n);
/* False for a log of an assessment that directory_subjects would not find for its author: it is a new one. */
bool directory_knows(const struct directory *directory, const struct pt_log_id *log);
/* Head office itself, or a reviewer or surveyor of head office: what they write comes down from there. */
bool directory_is_of_root(const struct directory *directory, const struct office *office,
                          const struct pt_author *author);
/* Has this surveyor any assessment of the cycle? */
bool directory_has_cycle(const struct directory *directory, const char *surveyor, const char *cycle);

#endif
