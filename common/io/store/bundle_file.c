#include "io/store/bundle_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- reading --- */

static enum pt_err read_more(void *data, void *out, size_t n, size_t *n_read)
{
    return pt_in_read(data, out, n, n_read);
}

static enum pt_err tell_read(const char *path, enum pt_err err, struct pt_problem *problem)
{
    switch ((int)err) {
    case PT_EMALFORMED:
        return pt_problem_set(problem, err, PT_MSG_BUNDLE_NONE, path, NULL);
    case PT_EVERSION:
        return pt_problem_set(problem, err, PT_MSG_BUNDLE_NEWER, path, NULL);
    case PT_EDENIED:
        return pt_problem_set(problem, err, PT_MSG_BUNDLE_NOT_OURS, path, NULL);
    case PT_EDAMAGED:
        return pt_problem_set(problem, err, PT_MSG_BUNDLE_DAMAGED, path, NULL);
    case PT_EIO:
        return pt_problem_set(problem, err, PT_MSG_FILE_OPEN, path, strerror(EIO), NULL);
    default:
        return err;
    }
}

static enum pt_err open_reader(struct pt_bundle_in *in, const struct pt_keypair *transport)
{
    struct pt_bundle_source source = {.read = read_more, .data = &in->file};
    return pt_bundle_open(source, transport, &in->reader);
}

static enum pt_err read_through(struct pt_bundle_in *in)
{
    enum pt_err err = PT_OK;
    while (err == PT_OK) {
        const Patuh__BundleRecord *record;
        struct pt_arena arena;
        pt_arena_init(&arena, SIZE_MAX);
        err = pt_bundle_next(in->reader, &arena, &record);
        pt_arena_close(&arena);
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err pt_bundle_in_open(struct pt_bundle_in *in, const char *path, const struct pt_keypair *transport,
                              struct pt_problem *problem)
{
    *in = (struct pt_bundle_in){.file.fd = -1};
    (void)snprintf(in->path, sizeof in->path, "%s", path);
    enum pt_err err = pt_in_open(&in->file, path, problem);
    if (err != PT_OK) {
        return err;
    }
    err = open_reader(in, transport);
    if (err == PT_OK) {
        err = read_through(in);
        pt_bundle_reader_destroy(in->reader);
        in->reader = NULL;
    }
    if (err == PT_OK) {
        err = pt_in_rewind(&in->file);
    }
    return tell_read(path, err == PT_OK ? open_reader(in, transport) : err, problem);
}

enum pt_err pt_bundle_in_next(struct pt_bundle_in *in, struct pt_arena *arena, const Patuh__BundleRecord **out,
                              struct pt_problem *problem)
{
    return tell_read(in->path, pt_bundle_next(in->reader, arena, out), problem);
}

void pt_bundle_in_close(struct pt_bundle_in *in)
{
    pt_bundle_reader_destroy(in->reader);
    in->reader = NULL;
    pt_in_close(&in->file);
}

/* --- writing --- */

static enum pt_err put_more(void *data, struct pt_bytes bytes)
{
    struct pt_bundle_out *out = data;
    enum pt_err err = pt_out_put(&out->file, bytes);
    out->err = out->err == PT_OK ? err : out->err;
    return err;
}

enum pt_err pt_bundle_out_tell(const struct pt_bundle_out *out, enum pt_err err, struct pt_problem *problem)
{
    if (err == PT_OK || out->err == PT_OK) {
        return err;
    }
    int code = out->err == PT_EFULL ? ENOSPC : EIO;
    return pt_problem_set(problem, err, PT_MSG_FILE_WRITE, out->file.path, strerror(code), NULL);
}

enum pt_err pt_bundle_out_begin(struct pt_bundle_out *out, const char *path, const struct pt_random *random,
                                const struct pt_public_key *recipients, size_t n_recipients,
                                const struct pt_bundle_origin *origin, struct pt_problem *problem)
{
    *out = (struct pt_bundle_out){.file.fd = -1};
    /* Whoever carries it may read it: it is sealed. An office's server is another user than who plugs in the stick. */
    enum pt_err err = pt_out_begin(&out->file, path, 0644, problem);
    if (err != PT_OK) {
        return err;
    }
    struct pt_bundle_sink sink = {.put = put_more, .data = out};
    err = pt_bundle_begin(sink, random, recipients, n_recipients, origin, &out->writer);
    return pt_bundle_out_tell(out, err, problem);
}

enum pt_err pt_bundle_out_finish(struct pt_bundle_out *out, struct pt_problem *problem)
{
    enum pt_err err = pt_bundle_out_tell(out, pt_bundle_end(out->writer), problem);
    return err == PT_OK ? pt_out_finish(&out->file, problem) : err;
}

void pt_bundle_out_drop(struct pt_bundle_out *out)
{
    pt_bundle_writer_destroy(out->writer);
    out->writer = NULL;
    pt_out_drop(&out->file);
}
