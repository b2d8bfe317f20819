/* rollup_internal.h - what the parts of the rollup share. Inside server/rollup only.
 *
 * Order of work: inputs (logs, cycle, registry, results) -> units -> institutions -> files -> manifest. */
#ifndef PT_ROLLUP_INTERNAL_H
#define PT_ROLLUP_INTERNAL_H

#include "core/log/logs.h"
#include "core/merge/cycle.h"
#include "core/score/score.h"
#include "core/table/csv.h"
#include "core/table/registry.h"
#include "core/table/results.h"
#include "io/disk/files.h"
#include "rollup/fix.h"
#include "rollup/rollup.h"

/* One unit: expected by the registry, opened by an office, or imported. */
struct pt__unit {
    const char *code;
    const char *institution;
    const char *name;
    const char *type;
    bool expected; /* in the registry */
    bool opened;
    bool counts; /* reached the level that was asked for */
    bool not_assessed;
    bool has_reason; /* somebody said why it was not assessed */
    bool imported;   /* the score is a published one */
    bool foreign;    /* an office that is not in charge opened it too, in vain */
    Patuh__State state;
    size_t n_conflicts;
    size_t n_missing;
    size_t n_pending;
    size_t n_ineffective;
    bool placeholder;
    bool exact;
    bool has_score;
    bool may_lack; /* as in pt_unit_score */
    int64_t low;
    int64_t high;
    uint32_t n_to_come;                      /* as in pt_unit_score */
    uint32_t n_products;                     /* mean_of_products: how many an imported score stands for; 0 = not said */
    const struct pt_product_score *products; /* NULL: not known one by one */
    size_t n_product_scores;
    bool has_logs;
    struct pt_subject subject; /* of its assessment */
    struct pt_hash inputs;     /* over the logs' heads */
    uint32_t rank_low;         /* 0 = none */
    uint32_t rank_high;
};

struct pt__institution {
    const char *code;
    const char *name;
    const char *type;
    const char *province;
    const char *office;
    bool in_registry;
    bool shown;    /* something was opened or imported */
    bool imported; /* the score rests on published ones */
    bool placeholder;
    bool exact;
    bool has_score;
    bool may_lack; /* as in pt_institution_score */
    int64_t low;
    int64_t high;
    size_t n_units; /* that took part in the score */
    uint32_t rank_low;
    uint32_t rank_high;
    bool has_published;
    int64_t published;
    bool has_computed; /* from units, whether or not it is the score */
    int64_t computed;
    size_t n_expected, n_opened, n_submitted, n_approved, n_not_assessed, n_scored;
    size_t n_foreign; /* units that an office not in charge opened */
};

/* An opened instrument of the cycle. */
struct pt__version {
    struct pt_hash hash;
    struct pt_arena arena;
    struct pt_instrument instrument;
};

/* How far one log goes: for recomputing what was computed earlier. */
struct pt__limit {
    const char *subject;
    const char *author; /* pseudonym */
    const char *incarnation;
    uint64_t seq;
    struct pt_hash link;
    bool forked; /* as it was known then */
    uint64_t fork_seq;
};

/* What files that are checked say of where they come from. */
struct pt__checked {
    const struct pt__limit *limits; /* sorted as inputs.csv is; NULL: it cannot be read, so all differs anyway */
    size_t n_limits;
    bool has_salt_link; /* files of earlier versions do not say it */
    struct pt_hash salt_link;
};

/* Where an entry stands: in this view, or on a branch of it. */
struct pt__place {
    size_t view;
    uint64_t seq;
    struct pt_hash link; /* of its chunk */
};

/* The version that is computed, and what the cycle's log says of versions. */
struct pt__fix {
    uint32_t last;        /* highest version so far, whichever branch of a forked log has it */
    bool stands;          /* it was not opened again */
    uint32_t version;     /* computed now; 0 = none: interim */
    struct pt_log_id log; /* of the FIX entry of this version; of an interim result of the last one */
    uint64_t seq;
    struct pt_hash link;
    const Patuh__Pins *pins;
    size_t n_met;   /* pins that were found */
    size_t n_found; /* assessments that are in it */
    uint32_t n_fixed;
    uint32_t n_not_assessed;
};

/* Rows of one assessment in a divided file (or its heading), in pt_rollup_rows. */
struct pt__part {
    struct pt_bytes bytes;
    struct pt_hash hash;
};

/* A file that is divided into parts: its heading, then the rows of one assessment after the other. */
struct pt__divided {
    struct pt_buf rows; /* of the part that is being made */
    struct pt_bytes *parts;
    size_t n_parts, capacity;
    struct pt_buf hashes; /* of the parts, one after the other */
};

/* What the parts of divided files lie in. */
struct pt_rollup_rows {
    struct pt_arena made;   /* by this run */
    struct pt_mapped taken; /* out of the cache */
};

#define PT__PIECES 3

/* What the cache keeps of one assessment: a stretch of the heap. */
struct pt__held {
    struct pt_bytes subject;
    struct pt_hash key;
    uint64_t at;    /* in the heap */
    uint64_t check; /* of these bytes: damage is noticed, an attack is not */
    size_t n;
    struct pt_bytes pieces[PT__PIECES]; /* where it is now; one piece when it was found */
    bool is_new;                        /* not in the heap yet */
};

/* The files of the cache, rollup_heap.c. */
struct pt__heap {
    char index_path[4096];
    char heap_path[4096];
    struct pt_mapped *mapped; /* the heap as it was found */
    struct pt_buf index;      /* the same */
    struct pt_reader reader;  /* on the records that follow the one at hand */
    struct pt__held at_hand;
    bool has_record;
    bool writes; /* nobody else does */
    int lock;    /* while writes */
    struct pt__held *held;
    size_t n_held, capacity;
};

/* One assessment on its way into the cache: its key, what it adds to the divided files, and where in inputs. */
struct pt__kept {
    bool usable;
    struct pt_hash key;
    struct pt_hash inputs;
    size_t inputs_at;
    struct pt__part tree;
    struct pt__part answers;
};

#define PT__PSEUDONYM_BYTES 17
#define PT__KNOWN 64 /* authors whose pseudonym is at hand */

struct pt__known {
    struct pt_author author;
    char text[PT__PSEUDONYM_BYTES]; /* "": none yet */
};

struct pt__leaf {
    const char *subject;
    struct pt_hash hash;
};

struct pt__rollup {
    const struct pt_rollup_input *in;
    struct pt_problem *problem;
    const struct pt__checked *checked; /* NULL: it is made */
    const struct pt__limit *limits;    /* of what is checked, not of a version; NULL: up to the LSN */
    uint64_t upto_lsn;
    struct pt_arena keep;  /* the whole run */
    struct pt_arena work;  /* one assessment */
    struct pt_head *heads; /* sorted by subject, then log id */
    size_t n_heads;
    struct pt_hash salt;               /* of the pseudonyms */
    struct pt_hash salt_link;          /* of the chunk that it comes from */
    struct pt__known known[PT__KNOWN]; /* by the first byte of the author */
    struct pt_hash cycle_inputs;       /* over where the cycle's logs end */
    bool caches;                       /* the cache is used */
    struct pt__heap heap;
    struct pt_buf key_ends; /* room for making keys */
    struct pt_buf key_rest;
    struct pt_rollup_rows *rows; /* given to the files at the end */
    size_t n_taken;              /* assessments out of the cache */
    struct pt_view *cycle_views; /* as far as they count */
    size_t n_cycle_views;
    struct pt_view *office_views;
    size_t n_office_views;
    struct pt_authority authority;
    struct pt_cycle cycle;
    struct pt__fix fix;
    struct pt_fix *plan; /* what fixing would take; NULL for a result */
    struct pt__version *versions;
    size_t n_versions;
    const struct pt_instrument *ins; /* current */
    struct pt_hash instrument_hash;
    bool has_registry;
    struct pt_hash registry_hash;
    struct pt_registry registry;
    const struct pt_result **results; /* of all files loaded, the later row of a code in place of the earlier */
    size_t n_results;
    struct pt_hash *result_hashes;
    size_t n_result_hashes;
    struct pt__unit *units; /* sorted by code once collected */
    size_t n_units, units_capacity;
    size_t n_registry_units; /* while collecting: the first so many are the registry's */
    struct pt__institution *institutions;
    size_t n_institutions, institutions_capacity;
    struct pt__leaf *leaves; /* sorted by subject */
    size_t n_leaves, leaves_capacity;
    struct pt_hash root;
    const char *status; /* "published" (fixed), "imported" (no assessment here, published results only) or "interim" */
    struct pt__divided tree;
    struct pt__divided answers;
    struct pt_buf unit_rows;    /* units.csv */
    struct pt_buf inputs;       /* inputs.csv, line by line as they are read */
    struct pt_buf inputs_above; /* of cycle and offices */
};

/* rollup_input.c: authority, cycle, instrument, registry, results. */
enum pt_err pt__rollup_open(struct pt__rollup *r);
void pt__rollup_close(struct pt__rollup *r);
const struct pt_instrument *pt__rollup_instrument(void *data, const struct pt_hash *hash);

/* rollup_logs.c */
/* The content of a loaded blob in the arena, compared with its hash (rollup_input.c). */
enum pt_err pt__rollup_blob(struct pt__rollup *r, const struct pt_loaded *loaded, struct pt_arena *arena,
                            struct pt_bytes *out);
/* Whole chunks only, so that every way of limiting a log ends at the same entry. */
void pt__cut_view(struct pt_view *view, uint64_t upto);
/* Heads and the last LSN of one moment. */
enum pt_err pt__rollup_list_heads(struct pt__rollup *r);
/* Before anything is read from them: every link and signature of all logs that can take part, on every branch. */
enum pt_err pt__rollup_check_chains(struct pt__rollup *r);
/* NULL when the limits do not know the log. */
const struct pt__limit *pt__rollup_limit(const struct pt__rollup *r, const struct pt_log_id *log);
/* Views of the logs [first, last) of r->heads, into arena, as they are or as the limits say. */
enum pt_err pt__rollup_read_views(struct pt__rollup *r, size_t first, size_t last, struct pt_arena *arena,
                                  struct pt_view **out);
/* Their lines go into inputs.csv, *inputs is the hash over their ends; views of which nothing counts fall away. */
enum pt_err pt__rollup_note_inputs(struct pt__rollup *r, struct pt_view *views, size_t *n_views,
                                   struct pt_hash *inputs);
/* Both, with what stands of forked logs. */
enum pt_err pt__rollup_views(struct pt__rollup *r, size_t first, size_t last, struct pt_arena *arena,
                             struct pt_view **views, size_t *n_views, struct pt_hash *inputs);
/* An assessment of this cycle, and not a second one. */
bool pt__rollup_of_cycle(const struct pt__rollup *r, const struct pt_subject *subject);
/* rollup_pseudonym.c */
/* After the version is known. Errors: NOTFOUND (nothing was loaded into the cycle). */
enum pt_err pt__pseudonym_open(struct pt__rollup *r, const struct pt_subject *cycle);
/* Sixteen hexadecimal digits; buf: at least PT__PSEUDONYM_BYTES. Returns buf. */
const char *pt__pseudonym(const struct pt__rollup *r, const struct pt_author *author, char *buf);

/* rollup_version.c: views of the cycle's whole log say which version is computed, and from what. Errors: INVALID. */
enum pt_err pt__version_open(struct pt__rollup *r, const struct pt_view *views, size_t n);
/* Cut the views of one subject to what the version rests on; nothing at other levels. Errors: INVALID. */
enum pt_err pt__version_cut(struct pt__rollup *r, struct pt_view *views, size_t n, struct pt_arena *arena);
/* Is all of the version here? Errors: INVALID. */
enum pt_err pt__version_check(struct pt__rollup *r);
/* The move that puts an assessment into version r->fix.last or r->fix.version, whose FIX r->fix names; its log stands
 * up to there afterwards. *out: NULL when it is not in it. Errors: NOMEM. */
enum pt_err pt__version_move(const struct pt__rollup *r, uint32_t version, struct pt_view *views, size_t n,
                             struct pt_arena *arena, const Patuh__Move **out, struct pt__place *at);
/* Is this log of the cycle a part of the version? True of all when none is computed. */
bool pt__version_has(const struct pt__rollup *r, const struct pt_view *view);
/* fix.c: what fixing takes of one assessment, after its unit was made. */
enum pt_err pt__fix_take(struct pt__rollup *r, struct pt_view *views, size_t n_views, const struct pt_assessment *a,
                         const struct pt__unit *unit);

/* rollup_parts.c: divided files. */
/* What was put into rows is the next part (nothing: no part). */
enum pt_err pt__part_end(struct pt__rollup *r, struct pt__divided *divided, struct pt__part *out);
enum pt_err pt__part_add(struct pt__divided *divided, const struct pt__part *part);
/* The hash that the manifest gives a divided file. */
struct pt_hash pt__divided_hash(const struct pt__divided *divided);
void pt__divided_free(struct pt__divided *divided);
void pt__rows_free(struct pt_rollup_rows *rows); /* NULL is fine */
/* The divided file of a name; NULL when that one is not divided. */
const struct pt__divided *pt__divided_of(const struct pt__rollup *r, const char *name);

/* rollup_cache.c. The cache is off for verify, for a version, and without a folder. whole: every assessment was kept.
 */
void pt__cache_open(struct pt__rollup *r);
void pt__cache_close(struct pt__rollup *r, bool whole);
/* The unit of the assessment with heads [first, last) as an earlier run made it. Errors: NOTFOUND (compute it, then
 * pt__cache_put), NOMEM. */
enum pt_err pt__cache_take(struct pt__rollup *r, size_t first, size_t last, struct pt__kept *kept);
void pt__cache_put(struct pt__rollup *r, const struct pt_subject *subject, const struct pt__unit *unit,
                   const struct pt__kept *kept);

/* rollup_kept.c: what is kept of an assessment, as bytes that begin the stretch; its rows follow, tree before answers.
 */
void pt__kept_put(const struct pt__rollup *r, const struct pt__unit *unit, const struct pt__kept *kept,
                  struct pt_buf *out);
/* The whole stretch as a unit and rows, which are lent from it. Errors: NOMEM; MALFORMED (nothing was taken). */
enum pt_err pt__kept_take(struct pt__rollup *r, const struct pt_subject *subject, const struct pt_hash *inputs,
                          struct pt_bytes stretch);

/* rollup_heap.c: the two files of the cache. Nothing here fails a rollup. mapped: starts from zeros; the caller's to
 * unmap, when nothing that was found is needed any more. */
void pt__heap_open(struct pt__heap *heap, const char *folder, struct pt_mapped *mapped);
/* What was kept under this key, as it was written; subjects are asked for in ascending order. */
bool pt__heap_find(struct pt__heap *heap, const char *subject, const struct pt_hash *key, struct pt_bytes *out);
void pt__heap_keep(struct pt__heap *heap); /* what was just found */
/* Subject and pieces are needed until the heap is closed. */
void pt__heap_put(struct pt__heap *heap, const char *subject, const struct pt_hash *key,
                  const struct pt_bytes pieces[PT__PIECES]);
/* writes: all that was kept or put, for the next run. */
void pt__heap_close(struct pt__heap *heap, bool writes);

/* rollup_collect.c: units out of assessments; tree.csv and answers.csv grow with each. */
enum pt_err pt__rollup_collect(struct pt__rollup *r);
/* The unit of a code, added when it is not there; NULL when out of memory. Not after sorting. */
struct pt__unit *pt__rollup_unit(struct pt__rollup *r, const char *code);
enum pt_err pt__rollup_sort_units(struct pt__rollup *r);
/* rollup_answers.c */
enum pt_err pt__rollup_put_headings(struct pt__rollup *r);
enum pt_err pt__rollup_put_tree(struct pt__rollup *r, const struct pt__unit *unit, const struct pt_unit_score *score);
enum pt_err pt__rollup_put_answers(struct pt__rollup *r, const struct pt__unit *unit,
                                   const struct pt_assessment *assessment);

/* rollup_import.c: published results become units and institutions. */
enum pt_err pt__rollup_import(struct pt__rollup *r);
/* The published row of an institution; NULL when there is none. Reads all rows: for those that are compared. */
const struct pt_result *pt__published(const struct pt__rollup *r, const char *code);
/* The first note on it or on one of its units; "" when there is none. */
const char *pt__published_note(const struct pt__rollup *r, const char *code);

/* rollup_institution.c: scores, ranks, coverage of institutions; ranks of units. */
enum pt_err pt__rollup_institutions(struct pt__rollup *r);
/* Has a score in any case, and one only. */
bool pt__unit_settled(const struct pt__unit *unit);
bool pt__institution_settled(const struct pt__institution *institution);
/* Zone of a settled score; NULL while it is not or there is none. */
const struct pt_zone *pt__zone(const struct pt__rollup *r, bool settled, int64_t score);

/* rollup_tables.c, rollup_coverage.c: the tables. */
void pt__put_results(const struct pt__rollup *r, struct pt_buf *out);
void pt__put_unit_heading(struct pt_buf *out);
void pt__put_unit(const struct pt__rollup *r, const struct pt__unit *unit, struct pt_buf *out);
void pt__put_comparison(const struct pt__rollup *r, struct pt_buf *out);
void pt__put_coverage(const struct pt__rollup *r, struct pt_buf *out);
void pt__put_codebook(const struct pt__rollup *r, struct pt_buf *out);
void pt__put_zones(const struct pt__rollup *r, struct pt_buf *out);
bool pt__unit_shown(const struct pt__unit *unit);
/* cycle, level, status, version: what the rows of most tables begin with. */
#define PT__ORIGIN_COLUMNS "cycle,level,status,version,"
void pt__put_origin(const struct pt__rollup *r, struct pt_csv_writer *csv);
/* A text that people wrote: one that a spreadsheet would take for a formula gets an apostrophe in front. */
void pt__put_words(struct pt_csv_writer *csv, const char *text);
/* Does the score of any institution rest on a weight or scale that is not official? */
bool pt__has_placeholders(const struct pt__rollup *r);
/* Institution types in the order of people, then any others sorted; NULL past the last. */
const char *pt__type_at(const struct pt__rollup *r, size_t i);
const char *pt__type_label(const char *type, bool english);
/* score_low, score_high, and score when they are the same: three fields, the first not of its row. */
void pt__put_range(struct pt_csv_writer *csv, const struct pt__rollup *r, bool has_score, bool settled, int64_t low,
                   int64_t high);

/* rollup_merkle.c: the tree of RFC 9162 with our contexts. Sets r->root, and makes the rows that it is over. */
enum pt_err pt__rollup_leaves(struct pt__rollup *r);
struct pt_hash pt__merkle_root(const struct pt__leaf *leaves, size_t n);
enum pt_err pt__rollup_add_leaf(struct pt__rollup *r, const char *subject, const struct pt_hash *row,
                                const struct pt_hash *inputs);

/* rollup_manifest.c */
void pt__put_national(const struct pt__rollup *r, struct pt_buf *out);
void pt__put_manifest(const struct pt__rollup *r, const struct pt_rollup_files *files, struct pt_buf *out);
/* Text of a key in a manifest of ours, into out (n bytes). Errors: MALFORMED. */
enum pt_err pt__manifest_text(struct pt_bytes manifest, const char *key, char *out, size_t n);

/* rollup_report.c, rollup_report_list.c: report.html, and the list of institutions in it. */
void pt__put_report(const struct pt__rollup *r, struct pt_buf *out);
void pt__put_report_list(const struct pt__rollup *r, struct pt_buf *out);

/* The version as tables and JSON show it: "1", or `none` for an interim result. buf: at least 12 bytes. */
const char *pt__version_text(const struct pt__rollup *r, const char *none, char *buf);
/* A whole number of a manifest of ours. Errors: MALFORMED. */
enum pt_err pt__manifest_count(struct pt_bytes manifest, const char *key, uint32_t *out);

/* rollup.c: the whole way. checked: files to compute again, from the logs as they went into them; NULL: new ones. */
enum pt_err pt__rollup_run(const struct pt_rollup_input *input, const struct pt__checked *checked,
                           struct pt_rollup_files *out, struct pt_problem *problem);

#endif
