/* cmd_fix.c - patuhd fix and unfix: the national result of a cycle, fixed and opened again. */
#include "rollup/fix.h"

#include "base/json.h"
#include "commands/command.h"
#include "commands/renewal_report.h"
#include "core/log/texts.h"
#include "core/score/score.h"
#include "core/table/csv.h"
#include "io/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const part_names[] = {"enters", "not_assessed", "open_range", "left_out", "late"};

/* What somebody has to look at comes first, the thousands that nobody opened last. */
static const enum pt_fix_part part_order[] = {PT_FIX_OPEN, PT_FIX_LATE, PT_FIX_ENTERS, PT_FIX_NOT_ASSESSED,
                                              PT_FIX_LEFT_OUT};
#define N_PARTS (sizeof part_order / sizeof part_order[0])

static enum pt_err make_plan(struct command *c, const char *cycle, const struct pt_hash *reason, struct pt_fix *out)
{
    struct office *office = c->office;
    struct pt_rollup_input input = command_rollup_input(c);
    struct pt_txn *txn;
    uint64_t incarnation = 0;
    input.cycle = cycle;
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err == PT_OK) {
        err = office_incarnation(txn, &incarnation);
        pt_store_abort(txn);
    }
    return err == PT_OK ? pt_fix_plan(&input, incarnation, reason, out, &c->problem) : err;
}

/* --- the list --- */

/* A score as printed, and what to do in both languages; "" where there is none. */
struct row_text {
    struct pt_buf low;
    struct pt_buf high;
    struct pt_buf todo;
};

static enum pt_err write_texts(const struct pt_fix *fix, const struct pt_fix_row *row, struct row_text *text)
{
    pt_buf_clear(&text->low);
    pt_buf_clear(&text->high);
    pt_buf_clear(&text->todo);
    if (row->has_score) {
        pt_score_put(&text->low, row->low, fix->decimals);
        pt_score_put(&text->high, row->high, fix->decimals);
    }
    if (row->todo != PT_MSG_NONE) {
        pt_say(&text->todo, row->todo, NULL);
    }
    return text->low.err != PT_OK ? text->low.err : text->high.err != PT_OK ? text->high.err : text->todo.err;
}

static void put_json_row(struct pt_json *json, const struct pt_fix_row *row, const struct row_text *text)
{
    pt_json_begin(json, NULL, '{');
    pt_json_text(json, "code", row->code);
    pt_json_text(json, "part", part_names[row->part]);
    pt_json_text(json, "state", row->state);
    pt_json_number(json, "score_low", pt_buf_text(&text->low));
    pt_json_number(json, "score_high", pt_buf_text(&text->high));
    pt_json_count(json, "conflicts", row->n_conflicts);
    pt_json_count(json, "missing", row->n_missing);
    pt_json_count(json, "late", row->n_late);
    pt_json_text(json, "todo", pt_buf_text(&text->todo));
    pt_json_end(json, '}');
}

static void put_csv_row(struct pt_csv_writer *csv, const struct pt_fix_row *row, const struct row_text *text)
{
    pt_csv_put(csv, row->code);
    pt_csv_put(csv, part_names[row->part]);
    pt_csv_put(csv, row->state);
    pt_csv_put(csv, pt_buf_text(&text->low));
    pt_csv_put(csv, pt_buf_text(&text->high));
    pt_csv_put_int(csv, (int64_t)row->n_conflicts);
    pt_csv_put_int(csv, (int64_t)row->n_missing);
    pt_csv_put_int(csv, (int64_t)row->n_late);
    pt_csv_put(csv, pt_buf_text(&text->todo));
    pt_csv_end_row(csv);
}

static enum pt_err put_part(const struct pt_fix *fix, enum pt_fix_part part, struct pt_csv_writer *csv,
                            struct pt_json *json)
{
    struct row_text text = {0};
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < fix->n_rows && err == PT_OK; i++) {
        const struct pt_fix_row *row = &fix->rows[i];
        if (row->part != part) {
            continue;
        }
        err = write_texts(fix, row, &text);
        if (json != NULL) {
            put_json_row(json, row, &text);
        } else {
            put_csv_row(csv, row, &text);
        }
    }
    pt_buf_free(&text.low);
    pt_buf_free(&text.high);
    pt_buf_free(&text.todo);
    return err;
}

/* Those of some parts, one part after the other. */
static enum pt_err put_rows(struct command *c, const struct pt_fix *fix, bool as_json, const enum pt_fix_part *parts,
                            size_t n_parts)
{
    struct pt_csv_writer csv = {.out = &c->out};
    struct pt_json json = {.out = &c->out};
    enum pt_err err = PT_OK;
    if (as_json) {
        pt_json_begin(&json, NULL, '[');
    } else {
        pt_buf_put_str(&c->out, "code,part,state,score_low,score_high,conflicts,missing,late,todo\n");
    }
    for (size_t i = 0; i < n_parts && err == PT_OK; i++) {
        err = put_part(fix, parts[i], &csv, as_json ? &json : NULL);
    }
    if (as_json) {
        pt_json_end(&json, ']');
        pt_buf_put_str(&c->out, "\n");
    }
    return err;
}

/* The list of what stands in the way, and the sentence. */
static enum pt_err refuse(struct command *c, const struct pt_fix *fix, bool as_json, enum pt_fix_part part,
                          enum pt_msg msg)
{
    char count[24];
    (void)snprintf(count, sizeof count, "%zu", fix->n_of[part]);
    enum pt_err err = put_rows(c, fix, as_json, &part, 1);
    return err == PT_OK ? pt_problem_set(&c->problem, PT_EINVALID, msg, count, NULL) : err;
}

/* --- writing --- */

struct job {
    const struct office *office;
    const struct pt_fix *fix;
    struct pt_bytes reason_text; /* with its salt; empty: none */
    const char *reason;
};

/* Where the entries name it: texts lie beside the others of their subject. */
static enum pt_err keep_reason(struct pt_txn *txn, const struct job *job)
{
    enum pt_err err = PT_OK;
    struct pt_hash hash;
    for (size_t i = 0; i < job->fix->n_rows && err == PT_OK && job->reason_text.n > 0; i++) {
        const struct pt_fix_row *row = &job->fix->rows[i];
        err = row->move.n == 0 ? PT_OK : pt_text_put(txn, &row->subject, job->reason_text, &hash);
    }
    return err;
}

static enum pt_err run_job(struct pt_txn *txn, struct pt_write_req *req)
{
    const struct job *job = req->data;
    struct pt_author_pen pen;
    enum pt_err err = office_pen(txn, &job->office->pair, NULL, &pen);
    if (err == PT_OK && pen.incarnation != job->fix->incarnation) {
        return PT_EBUSY; /* the store was renewed since the plan was made */
    }
    if (err == PT_OK) {
        err = keep_reason(txn, job);
    }
    return err == PT_OK ? pt_fix_write(txn, &pen, job->fix, job->reason) : err;
}

static enum pt_err write_plan(struct command *c, const char *cycle, const struct pt_fix *fix, struct pt_bytes text,
                              const char *reason)
{
    struct job job = {.office = c->office, .fix = fix, .reason_text = text, .reason = reason};
    struct pt_hash hash;
    enum pt_err err = pt_blobs_put(c->office->blobs, fix->pins, &hash); /* durable before an entry names it */
    if (err == PT_OK) {
        err = office_write(c->office, run_job, &job);
    }
    return err == PT_EBUSY ? pt_problem_set(&c->problem, err, PT_MSG_FIX_CHANGED, cycle, NULL) : err;
}

/* --- fix --- */

struct fix_words {
    const char *cycle;
    bool check;
    bool leave_out;
    bool json;
    bool alone; /* without regions that were not heard since the store went back in time */
};

static enum pt_err check_plan(struct command *c, const struct fix_words *words, const struct pt_fix *fix)
{
    char version[24];
    (void)snprintf(version, sizeof version, "%" PRIu32, fix->version);
    if (fix->stands) {
        return pt_problem_set(&c->problem, PT_EEXISTS, PT_MSG_FIX_STANDS, words->cycle, version, NULL);
    }
    if (fix->n_of[PT_FIX_OPEN] > 0) {
        return refuse(c, fix, words->json, PT_FIX_OPEN, PT_MSG_FIX_OPEN);
    }
    if (fix->n_of[PT_FIX_ENTERS] == 0) {
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_FIX_NOTHING, words->cycle, NULL);
    }
    bool whole = fix->n_of[PT_FIX_LEFT_OUT] == 0 || words->leave_out;
    return whole ? PT_OK : refuse(c, fix, words->json, PT_FIX_LEFT_OUT, PT_MSG_FIX_LEFT_OUT);
}

static void tell_fixed(struct command *c, const char *cycle, const struct pt_fix *fix)
{
    char text[3][24];
    (void)snprintf(text[0], sizeof text[0], "%" PRIu32, fix->version);
    (void)snprintf(text[1], sizeof text[1], "%zu", fix->n_of[PT_FIX_ENTERS]);
    (void)snprintf(text[2], sizeof text[2], "%zu", fix->n_of[PT_FIX_NOT_ASSESSED]);
    pt_say(&c->err, PT_MSG_FIX_DONE, cycle, text[0], text[1], text[2], NULL);
    pt_buf_put_str(&c->err, "\n");
}

/* How many rows of each part there are. */
static void tell_sums(struct command *c, const struct pt_fix *fix)
{
    char text[PT_FIX_LATE + 1][24];
    for (size_t i = 0; i <= PT_FIX_LATE; i++) {
        (void)snprintf(text[i], sizeof text[i], "%zu", fix->n_of[i]);
    }
    pt_say(&c->err, PT_MSG_FIX_SUMS, text[PT_FIX_ENTERS], text[PT_FIX_NOT_ASSESSED], text[PT_FIX_OPEN],
           text[PT_FIX_LATE], text[PT_FIX_LEFT_OUT], NULL);
    pt_buf_put_str(&c->err, "\n");
}

/* Numbers follow each other: the last one says which there are. */
static void tell_versions(struct command *c, const char *cycle, const struct pt_fix *fix)
{
    char last[24];
    (void)snprintf(last, sizeof last, "%" PRIu32, fix->stands ? fix->version : fix->version - 1);
    enum pt_msg msg = fix->stands         ? PT_MSG_FIX_VERSIONS
                      : fix->version == 1 ? PT_MSG_FIX_VERSIONS_NONE
                                          : PT_MSG_FIX_VERSIONS_OPEN;
    command_tell(c, msg, cycle, last);
}

static enum pt_err look(struct command *c, const struct fix_words *words, const struct pt_fix *fix)
{
    char late[24];
    char version[24];
    (void)snprintf(late, sizeof late, "%zu", fix->n_late);
    (void)snprintf(version, sizeof version, "%" PRIu32, fix->version);
    tell_sums(c, fix);
    tell_versions(c, words->cycle, fix);
    if (fix->n_late > 0) {
        command_tell(c, PT_MSG_FIX_LATE, late, version);
    }
    return put_rows(c, fix, words->json, part_order, N_PARTS);
}

static enum pt_err run_fix(struct command *c, const struct fix_words *words)
{
    struct pt_fix fix;
    enum pt_err err = make_plan(c, words->cycle, NULL, &fix);
    if (err != PT_OK) {
        return err;
    }
    if (words->check) {
        err = look(c, words, &fix);
    } else {
        err = words->alone ? PT_OK : renewal_check_heard(c);
        err = err == PT_OK ? check_plan(c, words, &fix) : err;
        if (err == PT_OK) {
            err = write_plan(c, words->cycle, &fix, (struct pt_bytes){0}, NULL);
        }
        if (err == PT_OK) {
            tell_fixed(c, words->cycle, &fix);
        }
    }
    pt_fix_close(&fix);
    return err;
}

enum pt_err cmd_fix(struct command *c)
{
    struct pt_option options[] = {{.name = "--cycle", .has_value = true},
                                  {.name = "--check"},
                                  {.name = "--leave-out-rest"},
                                  {.name = "--json"},
                                  {.name = "--alone"}};
    size_t n = 0;
    enum pt_err err = command_words(c, options, 5, NULL, 0, &n);
    if (err != PT_OK) {
        return err;
    }
    struct fix_words words = {.cycle = options[0].value, .check = options[1].n > 0};
    words.leave_out = options[2].n > 0;
    words.json = options[3].n > 0;
    words.alone = options[4].n > 0;
    if (words.cycle == NULL) {
        return command_usage(c, PT_MSG_OPTION_NEEDED, "--cycle");
    }
    if (!c->office->national) {
        return pt_problem_set(&c->problem, PT_EDENIED, PT_MSG_FIX_HEAD_OFFICE, NULL);
    }
    return run_fix(c, &words);
}

/* --- unfix --- */

static enum pt_err reopen(struct command *c, const char *cycle, const char *reason, struct pt_bytes text)
{
    struct pt_fix fix;
    struct pt_hash hash = pt_text_hash(text);
    char version[24];
    char next[24];
    enum pt_err err = make_plan(c, cycle, &hash, &fix);
    if (err != PT_OK) {
        return err;
    }
    (void)snprintf(version, sizeof version, "%" PRIu32, fix.version);
    (void)snprintf(next, sizeof next, "%" PRIu32, fix.version + 1);
    err = fix.stands ? write_plan(c, cycle, &fix, text, reason)
                     : pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_FIX_NOT_FIXED, cycle, NULL);
    pt_fix_close(&fix);
    if (err == PT_OK) {
        pt_say(&c->err, PT_MSG_FIX_REOPENED, cycle, version, next, NULL);
        pt_buf_put_str(&c->err, "\n");
    }
    return err;
}

enum pt_err cmd_unfix(struct command *c)
{
    struct pt_option options[] = {{.name = "--cycle", .has_value = true}, {.name = "--reason", .has_value = true}};
    struct pt_random random = pt_random_system();
    uint8_t salt[PT_TEXT_SALT_BYTES];
    size_t n = 0;
    enum pt_err err = command_words(c, options, 2, NULL, 0, &n);
    if (err != PT_OK) {
        return err;
    }
    const char *reason = options[1].value;
    if (options[0].value == NULL || reason == NULL) {
        return command_usage(c, PT_MSG_OPTION_NEEDED, reason == NULL ? "--reason" : "--cycle");
    }
    if (!c->office->national) {
        return pt_problem_set(&c->problem, PT_EDENIED, PT_MSG_FIX_HEAD_OFFICE, NULL);
    }
    err = command_check_reason(c, reason);
    if (err != PT_OK) {
        return err;
    }
    struct pt_buf text = {0};
    pt_random_fill(&random, salt, sizeof salt);
    pt_buf_put(&text, salt, sizeof salt);
    pt_buf_put_str(&text, reason);
    err = text.err == PT_OK ? reopen(c, options[0].value, reason, pt_buf_bytes(&text)) : text.err;
    pt_buf_free(&text);
    return err;
}
