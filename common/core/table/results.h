/* results.h - published results of earlier cycles, without logs: one table.
 *
 *     cycle,level,type,code,name,parent_code,score,weight[,zone,category,note]
 *
 * level is institution, unit or product; weight = number of products a unit's score stands for. zone and category are
 * those that were published, as printed: empty where nothing was. note: what a reader has to know of the row, in both
 * languages. Codes may lie outside the registry.  Thread: read-only after it is made.  Memory: the arena given. */
#ifndef PT_RESULTS_H
#define PT_RESULTS_H

#include "base/arena.h"
#include "base/problem.h"

#include <stdint.h>

#define PT_RESULT_WEIGHT_MAX 1000000

enum pt_result_level { PT_RESULT_INSTITUTION, PT_RESULT_UNIT, PT_RESULT_PRODUCT };

struct pt_result {
    enum pt_result_level level;
    const char *type;
    const char *code;
    const char *name;
    const char *parent; /* of a unit: institution; of a product: unit; "" of an institution */
    int64_t score;      /* in units of 10^-9 point */
    uint32_t weight;    /* 0 = not said */
    const char *zone;   /* "" = none was published; so category */
    const char *category;
    const char *note;
    size_t line;
};

/* In the order of the file. */
struct pt_results {
    const char *cycle; /* the one that all rows name */
    const struct pt_result *rows;
    size_t n_rows;
};

/* name: of the file, for problems. Errors: INVALID (with a problem that names file, line, column), NOMEM. */
enum pt_err pt_results_read(struct pt_bytes bytes, const char *name, struct pt_arena *arena, struct pt_results *out,
                            struct pt_problem *problem);

#endif
