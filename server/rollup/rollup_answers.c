/* rollup_answers.c - tree.csv and answers.csv, written unit by unit. */
#include "rollup/rollup_internal.h"

#include <stdlib.h>
#include <string.h>

enum pt_err pt__rollup_put_headings(struct pt__rollup *r)
{
    struct pt__part part;
    pt_buf_put_str(&r->tree.rows,
                   "cycle,unit,number,name,parent,score_low,score_high,score,relevant,answers,placeholder_weights\n");
    pt_buf_put_str(&r->answers.rows, "cycle,unit,path,value,authors,conflict\n");
    enum pt_err err = pt__part_end(r, &r->tree, &part);
    return err == PT_OK ? pt__part_end(r, &r->answers, &part) : err;
}

static void put_unit(const struct pt__rollup *r, const struct pt__unit *unit, struct pt_buf *out)
{
    struct pt_csv_writer csv = {.out = out};
    pt_csv_put(&csv, r->in->cycle);
    pt_csv_put(&csv, unit->code);
}

/* Which scores rest on a weight or scale that is not official: their own, or of anything below that has a score. The
 * mark of a unit is that of its root. Parents come before children. */
static bool *find_placeholders(struct pt__rollup *r, const struct pt_unit_score *score)
{
    bool *marks = pt_arena_zalloc(&r->work, score->n_nodes, sizeof *marks);
    for (size_t i = score->n_nodes; marks != NULL && i > 1; i--) {
        const struct pt_node *node = &r->ins->nodes[i - 1];
        bool takes_part = node->has_weight && score->nodes[i - 1].has_score;
        marks[i - 1] = takes_part && (marks[i - 1] || node->placeholder);
        marks[node->scorer] = marks[node->scorer] || marks[i - 1];
    }
    return marks;
}

enum pt_err pt__rollup_put_tree(struct pt__rollup *r, const struct pt__unit *unit, const struct pt_unit_score *score)
{
    struct pt_csv_writer csv = {.out = &r->tree.rows};
    struct pt_buf row = {0}; /* cycle and unit, which begin every row */
    const bool *placeholders = find_placeholders(r, score);
    if (placeholders == NULL) {
        return PT_ENOMEM;
    }
    put_unit(r, unit, &row);
    for (size_t i = 1; i < r->ins->n_nodes && i < score->n_nodes; i++) {
        const struct pt_node *node = &r->ins->nodes[i];
        const struct pt_node_score *s = &score->nodes[i];
        if (!node->has_weight) {
            continue;
        }
        pt_buf_put_bytes(&r->tree.rows, pt_buf_bytes(&row));
        csv.in_row = true;
        pt_csv_put_int(&csv, node->number);
        pt_csv_put(&csv, node->name);
        pt_csv_put(&csv, r->ins->nodes[node->scorer].name);
        pt__put_range(&csv, r, s->has_score, s->has_score && !s->may_lack && s->low == s->high, s->low, s->high);
        pt_csv_put_int(&csv, s->relevant);
        pt_csv_put_int(&csv, s->n_answered);
        pt_csv_put_int(&csv, placeholders[i]);
        pt_csv_end_row(&csv);
    }
    enum pt_err err = row.err != PT_OK ? row.err : r->tree.rows.err;
    pt_buf_free(&row);
    return err;
}

static int compare_pseudonyms(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The few authors of a unit stand in all of its rows: hashed once. */
static const char *known_pseudonym(struct pt__rollup *r, const struct pt_author *author)
{
    struct pt__known *known = &r->known[author->b[0] % PT__KNOWN];
    if (known->text[0] == '\0' || !pt_author_eq(&known->author, author)) {
        known->author = *author;
        (void)pt__pseudonym(r, author, known->text);
    }
    return known->text;
}

/* Everyone who holds this value, each once, sorted. */
static enum pt_err put_authors(struct pt__rollup *r, const struct pt_register *reg, const struct pt_value *value,
                               struct pt_buf *out)
{
    char(*names)[PT__PSEUDONYM_BYTES] = pt_arena_zalloc(&r->work, reg->n_heads, sizeof *names);
    size_t n = 0;
    if (names == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < reg->n_heads; i++) {
        if (pt_value_eq(&reg->heads[i].value, value)) {
            memcpy(names[n++], known_pseudonym(r, &reg->heads[i].view->log.author), sizeof *names);
        }
    }
    if (n > 1) {
        qsort(names, n, sizeof *names, compare_pseudonyms);
    }
    pt_buf_clear(out);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0) {
            pt_buf_put_str(out, i == 0 ? "" : " ");
            pt_buf_put_str(out, names[i]);
        }
    }
    return out->err;
}

/* What one row of answers.csv is made of, with room for its texts. */
struct answer_row {
    struct pt_buf unit; /* cycle and unit, which begin every row */
    struct pt_buf path;
    struct pt_buf value;
    struct pt_buf authors;
};

static void put_row(struct pt__rollup *r, const struct answer_row *row, bool conflict)
{
    struct pt_csv_writer csv = {.out = &r->answers.rows, .in_row = true};
    pt_buf_put_bytes(&r->answers.rows, pt_buf_bytes(&row->unit));
    pt_csv_put(&csv, pt_buf_text(&row->path));
    pt_csv_put(&csv, pt_buf_text(&row->value));
    pt_csv_put(&csv, pt_buf_text(&row->authors));
    pt_csv_put_int(&csv, conflict);
    pt_csv_end_row(&csv);
}

/* One row for each value: a conflict shows them all. */
static enum pt_err put_answer(struct pt__rollup *r, const struct pt_assessment *a, size_t i, struct answer_row *row)
{
    const struct pt_answer *answer = &a->answers.answers[i];
    uint32_t node = pt_node_by_number(r->ins, answer->question);
    if (node == PT_NONE) { /* a question of an earlier version only */
        return PT_OK;
    }
    const char *instance = answer->instance == 0 ? "" : a->answers.instances[answer->instance - 1].name;
    pt_buf_clear(&row->path);
    pt_path_put(&row->path, r->ins, node, instance);
    enum pt_err err = row->path.err;
    for (size_t v = 0; v < answer->n_values && err == PT_OK; v++) {
        pt_buf_clear(&row->value);
        pt_value_put(&row->value, r->ins, node, &answer->values[v]);
        err = put_authors(r, &a->registers[i], &answer->values[v], &row->authors);
        if (err == PT_OK) {
            err = row->value.err;
            put_row(r, row, answer->n_values > 1);
        }
    }
    return err;
}

enum pt_err pt__rollup_put_answers(struct pt__rollup *r, const struct pt__unit *unit,
                                   const struct pt_assessment *assessment)
{
    struct answer_row row = {0};
    put_unit(r, unit, &row.unit);
    enum pt_err err = row.unit.err;
    for (size_t i = 0; i < assessment->answers.n_answers && err == PT_OK; i++) {
        err = put_answer(r, assessment, i, &row);
    }
    pt_buf_free(&row.unit);
    pt_buf_free(&row.path);
    pt_buf_free(&row.value);
    pt_buf_free(&row.authors);
    return err;
}
