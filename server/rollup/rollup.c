#include "rollup/rollup.h"

#include "base/mem.h"
#include "base/text.h"
#include "rollup/rollup_internal.h"

#include <string.h>

static const char *const level_names[] = {"work", "submitted", "region", "national", "fixed"};
#define N_LEVELS (sizeof level_names / sizeof level_names[0])

const char *pt_level_name(enum pt_level level)
{
    return (size_t)level < N_LEVELS ? level_names[level] : "?";
}

enum pt_err pt_level_read(const char *name, enum pt_level *out)
{
    for (size_t i = 1; i < N_LEVELS; i++) {
        if (strcmp(level_names[i], name) == 0) {
            *out = (enum pt_level)i;
            return PT_OK;
        }
    }
    return PT_ENOTFOUND;
}

static struct pt_buf *add_file(struct pt_rollup_files *files, const char *name)
{
    struct pt_rollup_file *file = &files->file[files->n++];
    *file = (struct pt_rollup_file){.name = name};
    return &file->content;
}

static void take_file(struct pt_rollup_files *files, const char *name, struct pt_buf *content)
{
    *add_file(files, name) = *content;
    *content = (struct pt_buf){0};
}

static void take_divided(struct pt_rollup_files *files, const char *name, struct pt__divided *divided)
{
    (void)add_file(files, name);
    struct pt_rollup_file *file = &files->file[files->n - 1];
    file->parts = divided->parts;
    file->n_parts = divided->n_parts;
    divided->parts = NULL; /* the hashes are still needed */
}

/* In the order of names. */
static enum pt_err put_files(struct pt__rollup *r, struct pt_rollup_files *files)
{
    files->rows = r->rows;
    r->rows = NULL;
    take_divided(files, "answers.csv", &r->answers);
    pt__put_codebook(r, add_file(files, "codebook.csv"));
    pt__put_comparison(r, add_file(files, "comparison.csv"));
    pt__put_coverage(r, add_file(files, "coverage.csv"));
    pt_buf_put_bytes(&r->inputs, pt_buf_bytes(&r->inputs_above));
    take_file(files, "inputs.csv", &r->inputs);
    pt__put_national(r, add_file(files, "national.json"));
    pt__put_report(r, add_file(files, "report.html"));
    pt__put_results(r, add_file(files, "results.csv"));
    take_divided(files, "tree.csv", &r->tree);
    take_file(files, "units.csv", &r->unit_rows);
    pt__put_zones(r, add_file(files, "zones.csv"));
    for (size_t i = 0; i < files->n; i++) {
        if (files->file[i].content.err != PT_OK) {
            return files->file[i].content.err;
        }
    }
    return PT_OK;
}

/* "public key" and "signature" in hexadecimal, one a line. */
static enum pt_err sign_manifest(const struct pt_keypair *office, struct pt_rollup_files *files)
{
    struct pt_bytes manifest = pt_buf_bytes(&files->file[files->n - 1].content);
    struct pt_hash hash = pt_hash1(PT_CONTEXT_MANIFEST, manifest);
    struct pt_signature signature;
    pt_sign(office, PT_CONTEXT_MANIFEST, &hash, &signature);
    struct pt_buf *out = add_file(files, PT_ROLLUP_SIGNATURE);
    pt_hex_put(out, pt_bytes_of(office->public_key, sizeof office->public_key));
    pt_buf_put_str(out, "\n");
    pt_hex_put(out, pt_bytes_of(signature.b, sizeof signature.b));
    pt_buf_put_str(out, "\n");
    return out->err;
}

static const char *status_of(const struct pt__rollup *r)
{
    bool assessed = false;
    for (size_t i = 0; i < r->n_units; i++) {
        assessed = assessed || r->units[i].opened;
    }
    if (!assessed && r->n_results > 0) {
        return "imported";
    }
    return r->in->level == PT_LEVEL_FIXED ? "published" : "interim";
}

static enum pt_err compute(struct pt__rollup *r)
{
    enum pt_err err = pt__rollup_open(r);
    if (err == PT_OK) {
        err = pt__rollup_collect(r);
    }
    if (err == PT_OK) {
        err = pt__version_check(r);
    }
    if (err == PT_OK) {
        err = pt__rollup_import(r);
    }
    if (err == PT_OK) {
        err = pt__rollup_institutions(r);
    }
    r->status = status_of(r);
    return err == PT_OK ? pt__rollup_leaves(r) : err;
}

enum pt_err pt__rollup_run(const struct pt_rollup_input *input, const struct pt__checked *checked,
                           struct pt_rollup_files *out, struct pt_problem *problem)
{
    struct pt__rollup r = {.in = input, .problem = problem, .checked = checked};
    enum pt_err err = compute(&r);
    if (err == PT_OK) {
        err = put_files(&r, out);
    }
    if (err == PT_OK) {
        struct pt_buf manifest = {0};
        pt__put_manifest(&r, out, &manifest);
        err = manifest.err;
        take_file(out, PT_ROLLUP_MANIFEST, &manifest);
        out->root = r.root;
        out->n_taken = r.n_taken;
    }
    if (err == PT_OK && input->office != NULL) {
        err = sign_manifest(input->office, out);
    }
    pt__rollup_close(&r);
    return err;
}

enum pt_err pt_rollup_build(const struct pt_rollup_input *input, struct pt_rollup_files *out,
                            struct pt_problem *problem)
{
    return pt__rollup_run(input, NULL, out, problem);
}

void pt_rollup_files_free(struct pt_rollup_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        pt_buf_free(&files->file[i].content);
        pt_free(files->file[i].parts);
    }
    pt__rows_free(files->rows);
    *files = (struct pt_rollup_files){0};
}

const struct pt_rollup_file *pt_rollup_file(const struct pt_rollup_files *files, const char *name)
{
    for (size_t i = 0; i < files->n; i++) {
        if (strcmp(files->file[i].name, name) == 0) {
            return &files->file[i];
        }
    }
    return NULL;
}
