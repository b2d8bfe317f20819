#include "member.h"

#include "core/store/keys.h"
#include "core/store/meta.h"
#include "io/disk/files.h"
#include "io/keys/identity.h"
#include "io/store/store_lmdb.h"

#include <limits.h>
#include <stdio.h>

static bool open_device(const char *folder, struct member *out)
{
    struct patuh_problem problem = {0};
    if (patuh_open(folder, &out->device, &problem) != PATUH_OK || !out->device->enrolled) {
        (void)fprintf(stderr, "%s: not an enrolled device. %s\n", folder, problem.text);
        return false;
    }
    out->pair = out->device->author_pair;
    out->transport = out->device->transport_pair;
    out->enrolment = out->device->enrolment;
    out->upper = &out->enrolment.offices[0];
    return true;
}

static enum pt_err read_enrolment(struct member *member)
{
    struct pt_txn *txn;
    struct pt_bytes answer;
    enum pt_err err = pt_store_begin_read(member->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_get(txn, PT_META_ENROLMENT, &answer);
    if (err == PT_OK) {
        err = pt_enrolment_read(answer, NULL, &member->arena, &member->enrolment);
    }
    pt_store_abort(txn);
    return err;
}

static bool open_region(const char *folder, struct member *out)
{
    char path[PATH_MAX];
    struct pt_store_lmdb_options options = pt_store_lmdb_defaults();
    options.must_exist = true;
    bool good = pt_identity_load(folder, "author", &out->pair, NULL, NULL) == PT_OK &&
                pt_identity_load(folder, "transport", &out->transport, NULL, NULL) == PT_OK &&
                pt_path_join(path, sizeof path, folder, "store") == PT_OK &&
                pt_store_lmdb_open(path, NULL, &options, &out->store, NULL) == PT_OK && read_enrolment(out) == PT_OK;
    if (!good) {
        (void)fprintf(stderr, "%s: not a region that has joined\n", folder);
        return false;
    }
    out->upper = pt_enrolment_root(&out->enrolment);
    return true;
}

bool member_open(const char *folder, struct member *out)
{
    char key[PATH_MAX];
    *out = (struct member){0};
    pt_arena_init(&out->arena, SIZE_MAX);
    if (pt_path_join(key, sizeof key, folder, "store.key") != PT_OK) {
        return false;
    }
    return pt_file_exists(key) ? open_device(folder, out) : open_region(folder, out);
}

void member_close(struct member *member)
{
    patuh_close(member->device);
    pt_store_close(member->store);
    pt_keypair_wipe(&member->pair);
    pt_keypair_wipe(&member->transport);
    pt_arena_close(&member->arena);
}
