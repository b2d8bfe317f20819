/* rollup.h - the result of a cycle, as files: a pure function of all logs up to a fixed point.
 *
 * Whoever has the same logs gets the same bytes, whatever the order they came in and whatever the machine. Nothing in
 * the files says when, where or by which number of arrival they were made. manifest.json has the hash of every file and
 * a Merkle tree over every log used; manifest.sig is the office's signature (README.md has the hashes in full).
 *
 *     results.csv     institutions: score, zone, category, rank       units.csv     the same of units
 *     tree.csv        scores of the tree, per unit                    answers.csv   answers, authors as pseudonyms
 *     coverage.csv    expected, opened, submitted, ... per institution; level and manifest root in every row
 *     codebook.csv    questions of the instrument                     zones.csv     zone counts per type
 *     comparison.csv  computed beside published, where both exist     inputs.csv    how much of every log is in it
 *     national.json   totals; level and manifest root                 report.html   all of it for people
 *
 * Memory: one assessment at a time beside the files themselves.  Thread: any one; short read transactions only. */
#ifndef PT_ROLLUP_H
#define PT_ROLLUP_H

#include "base/problem.h"
#include "core/merge/merge.h"
#include "core/store/store.h"

#define PT_ENGINE_VERSION "6" /* of everything that decides a score or a byte of the files */
#define PT_ROLLUP_FILES_MAX 16
#define PT_ROLLUP_MANIFEST "manifest.json"
#define PT_ROLLUP_SIGNATURE "manifest.sig"

struct pt_rollup_input {
    struct pt_store *store;
    struct pt_author root;           /* head office */
    const struct pt_keypair *office; /* signs; NULL to build without a signature (verify) */
    const char *cycle;
    enum pt_level level; /* SUBMITTED .. FIXED */
    uint32_t version;    /* of the fixed result: 0 = the one that stands */
    uint64_t upto_lsn;   /* 0 = what is there now; not for FIXED, which says itself how far it goes */
    /* Appends the content of a blob. Errors: NOTFOUND, DAMAGED, IO, NOMEM. */
    enum pt_err (*blob)(void *data, const struct pt_hash *hash, struct pt_buf *out);
    void *blob_data;
    /* Asked before each assessment, from the caller's thread: true ends with CANCELED. NULL: never. */
    bool (*is_cancelled)(void *data);
    void *cancel_data;
    const char *cache; /* folder of what may be computed again; made when missing; NULL: none. Never for FIXED */
};

struct pt_rollup_file {
    const char *name;       /* static */
    struct pt_buf content;  /* all of it; empty when it is divided */
    struct pt_bytes *parts; /* of a divided file: its heading, then the rows of one unit each */
    size_t n_parts;
};

struct pt_rollup_files {
    struct pt_rollup_file file[PT_ROLLUP_FILES_MAX]; /* sorted by name; manifest.json and manifest.sig come last */
    size_t n;
    struct pt_hash root;         /* of the Merkle tree */
    size_t n_taken;              /* assessments that came out of the cache */
    struct pt_rollup_rows *rows; /* what the parts lie in; ours */
};

/* Starts from zeros; ended by pt_rollup_files_free in every case. Errors: INVALID (with a problem: cycle or blob not
 * here, not fixed), DAMAGED (with a problem that names the log), CANCELED, NOMEM, and those of the store. */
enum pt_err pt_rollup_build(const struct pt_rollup_input *input, struct pt_rollup_files *out,
                            struct pt_problem *problem);
void pt_rollup_files_free(struct pt_rollup_files *files);
/* By name; NULL when there is no such file. */
const struct pt_rollup_file *pt_rollup_file(const struct pt_rollup_files *files, const char *name);
/* All bytes of a file, divided or not, appended. */
void pt_rollup_file_put(const struct pt_rollup_file *file, struct pt_buf *out);
/* The same bytes, however they are divided. */
bool pt_rollup_file_eq(const struct pt_rollup_file *a, const struct pt_rollup_file *b);

/* Write all files into a folder, which is made when it is missing. Errors: IO, FULL, NOMEM, with a problem. */
enum pt_err pt_rollup_write(const struct pt_rollup_files *files, const char *folder, struct pt_problem *problem);
/* Read a folder of written files; those that are missing stay empty. Errors: IO, NOMEM, INVALID, with a problem. */
enum pt_err pt_rollup_read(const char *folder, struct pt_rollup_files *out, struct pt_problem *problem);

/* Recompute everything from the store, with every chunk's link and signature checked anew, as far as inputs.csv says
 * the files went, and compare byte by byte. input: office, level, cycle and upto_lsn are not used; cycle and level are
 * read from the manifest. One line for a person is appended to report: what is the same, or the first difference.
 * Errors: INVALID (a file differs), SIGNATURE, DAMAGED (a log in the store), and those of pt_rollup_build. */
enum pt_err pt_rollup_verify(const struct pt_rollup_input *input, const struct pt_rollup_files *written,
                             struct pt_buf *report);

/* "work", "submitted", "region", "national", "fixed". */
const char *pt_level_name(enum pt_level level);
/* Errors: NOTFOUND. */
enum pt_err pt_level_read(const char *name, enum pt_level *out);

#endif
