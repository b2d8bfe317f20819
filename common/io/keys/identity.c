#include "io/keys/identity.h"

#include "base/mem.h"
#include "io/disk/files.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static enum pt_err key_path(const char *folder, const char *name, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s/%s.key", folder, name);
    return n < 0 || n >= PATH_MAX ? PT_EIO : PT_OK;
}

static void warn_if_open(const char *path, struct pt_problem *warning)
{
    struct stat info;
    if (stat(path, &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        (void)!pt_problem_set(warning, PT_OK, PT_MSG_KEY_FILE_OPEN_TO_ALL, path, NULL);
    }
}

enum pt_err pt_identity_load(const char *folder, const char *name, struct pt_keypair *out, struct pt_problem *warning,
                             struct pt_problem *problem)
{
    char path[PATH_MAX];
    enum pt_err err = key_path(folder, name, path);
    if (err != PT_OK) {
        return pt_problem_set(problem, err, PT_MSG_FILE_OPEN, folder, pt_err_text(err), NULL);
    }
    struct pt_buf seed = {0};
    err = pt_file_read(path, 4096, &seed, problem);
    if (err == PT_EINVALID || (err == PT_OK && seed.n != PT_KEY_BYTES)) {
        err = pt_problem_set(problem, PT_EDAMAGED, PT_MSG_KEY_FILE_DAMAGED, path, NULL);
    }
    if (err == PT_OK) {
        pt_keypair_from_seed(seed.data, out);
        warn_if_open(path, warning);
    }
    pt_buf_wipe(&seed);
    return err;
}

enum pt_err pt_identity_create(const char *folder, const char *name, const struct pt_random *random,
                               struct pt_keypair *out, struct pt_problem *problem)
{
    char path[PATH_MAX];
    enum pt_err err = key_path(folder, name, path);
    if (err != PT_OK) {
        return pt_problem_set(problem, err, PT_MSG_FILE_WRITE, folder, pt_err_text(err), NULL);
    }
    if (pt_file_exists(path)) {
        return PT_EEXISTS;
    }
    uint8_t seed[PT_KEY_BYTES];
    pt_random_fill(random, seed, sizeof seed);
    err = pt_file_write(path, pt_bytes_of(seed, sizeof seed), S_IRUSR | S_IWUSR, problem);
    if (err == PT_OK) {
        pt_keypair_from_seed(seed, out);
    }
    pt_wipe(seed, sizeof seed);
    return err;
}

enum pt_err pt_identity_load_or_create(const char *folder, const char *name, const struct pt_random *random,
                                       struct pt_keypair *out, struct pt_problem *warning, struct pt_problem *problem)
{
    struct pt_problem reading = {0};
    enum pt_err err = pt_identity_load(folder, name, out, warning, &reading);
    if (err == PT_ENOTFOUND) {
        return pt_identity_create(folder, name, random, out, problem);
    }
    if (err != PT_OK && problem != NULL) {
        *problem = reading;
    }
    return err;
}
