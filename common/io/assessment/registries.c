#include "io/assessment/registries.h"

void pt_registries_open(struct pt_registries *registries, struct pt_blobs *blobs)
{
    *registries = (struct pt_registries){.blobs = blobs};
    pt_arena_init(&registries->arena, SIZE_MAX);
}

void pt_registries_close(struct pt_registries *registries)
{
    pt_arena_close(&registries->arena);
    *registries = (struct pt_registries){0};
}

static enum pt_err read_registry(struct pt_registries *registries)
{
    struct pt_registry_files files;
    struct pt_buf bytes = {0};
    enum pt_err err = pt_blobs_get(registries->blobs, &registries->hash, &bytes);
    if (err == PT_OK) {
        err = pt_registry_unpack(pt_buf_bytes(&bytes), &registries->arena, &files);
    }
    if (err == PT_OK) {
        err = pt_registry_read(&files, &registries->arena, &registries->registry, NULL);
    }
    pt_buf_free(&bytes);
    return err;
}

const char *pt_registries_office(struct pt_registries *registries, const struct pt_hash *hash,
                                 const struct pt_subject *subject)
{
    char institution[PT_SUBJECT_BYTES_MAX + 1];
    if (!registries->asked || !pt_hash_eq(&registries->hash, hash)) {
        pt_arena_reset(&registries->arena);
        registries->asked = true;
        registries->hash = *hash;
        registries->here = read_registry(registries) == PT_OK;
    }
    if (!registries->here) {
        return NULL;
    }
    pt_subject_institution(subject, institution);
    const struct pt_institution_row *row = pt_registry_institution(&registries->registry, institution);
    return row == NULL ? "" : row->office;
}
