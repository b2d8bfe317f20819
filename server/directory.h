/* directory.h - who is who and which assessment belongs to whom, read from the office's own store.
 *
 * A cache of what the logs say. It follows what comes in, one assessment after the other; what office logs say of
 * people and forks makes all of it stale. It decides what a peer may see and bring; what counts in a score is decided
 * by merge alone. Thread: any one thread at a time.  Memory: what it lends lives until directory_follow or
 * directory_close. */
#ifndef PATUHD_DIRECTORY_H
#define PATUHD_DIRECTORY_H

#include "core/merge/authority.h"
#include "office.h"

struct directory_names {
    const char **list;
    size_t n;
};

struct directory_assessment {
    struct pt_subject subject;
    struct directory_names offices; /* that opened it, each for itself or head office for it: merge says whose it is */
    struct directory_names surveyors; /* ever assigned */
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
    size_t n_assessments, assessments_capacity;
    struct directory_own *owns; /* sorted by author and subject, each pair once */
    size_t n_owns, owns_capacity;
    size_t built_bytes; /* of the arena when it was built: what was followed since then grows it */
};

enum pt_err directory_open(const struct office *office, struct directory *out);
void directory_close(struct directory *directory);

/* Can it follow these? Not where an office log grew, or when it has followed for so long that most of its memory is
 * what once was: then it has to be opened anew. */
bool directory_can_follow(const struct directory *directory, const struct pt_news *news);
/* Read the assessments that something came in for, by an office or by somebody new to them. Afterwards it is what
 * directory_open would give. After an error it has to be opened anew. */
enum pt_err directory_follow(struct directory *directory, const struct office *office, const struct pt_news *news);

/* How an author is called: name of surveyor or reviewer, code of an office, "?" and the first digits of a key that no
 * office has named. Lent by the authority or in the arena, which remembers when it is exhausted. */
const char *directory_author(const struct pt_authority *authority, const struct pt_author *author,
                             struct pt_arena *arena);

const struct directory_assessment *directory_find(const struct directory *directory, const struct pt_subject *subject);
bool directory_names_has(const struct directory_names *names, const char *name);
bool directory_is_assigned(const struct directory_assessment *assessment, const char *surveyor);
/* The assessments a surveyor was ever assigned to, those it has written about, and the cycles of the former, each once;
 * in the arena. Errors: NOMEM. */
enum pt_err directory_subjects(const struct directory *directory, const char *surveyor, const struct pt_author *author,
                               struct pt_arena *arena, struct pt_subject **out, size_t *n);
/* Head office itself, or a reviewer or surveyor of head office: what they write comes down from there. */
bool directory_is_of_root(const struct directory *directory, const struct office *office,
                          const struct pt_author *author);
/* Has this surveyor any assessment of the cycle? */
bool directory_has_cycle(const struct directory *directory, const char *surveyor, const char *cycle);

#endif
