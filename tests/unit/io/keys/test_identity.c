#include "base/mem.h"
#include "io/disk/files.h"
#include "io/keys/identity.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[64];
    char key[80]; /* path of device.key */
};

static struct folder folder_make(void)
{
    struct folder folder = {.path = "/tmp/patuh-identity-XXXXXX"};
    cr_assert_not_null(mkdtemp(folder.path));
    (void)snprintf(folder.key, sizeof folder.key, "%s/device.key", folder.path);
    return folder;
}

static void folder_remove(const struct folder *folder)
{
    (void)unlink(folder->key);
    cr_expect_eq(rmdir(folder->path), 0, "other files were left behind");
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(identity, is_made_once_and_read_again)
{
    struct folder folder = folder_make();
    struct pt_random random = pt_random_system();
    struct pt_keypair made;
    struct pt_keypair read;
    struct pt_problem warning = {0};
    cr_assert_eq(pt_identity_load(folder.path, "device", &made, NULL, NULL), PT_ENOTFOUND);
    cr_assert_eq(pt_identity_load_or_create(folder.path, "device", &random, &made, &warning, NULL), PT_OK);
    cr_assert_eq(pt_identity_load_or_create(folder.path, "device", &random, &read, &warning, NULL), PT_OK);
    cr_expect_arr_eq(&made, &read, sizeof made);
    cr_expect_eq(warning.msg, PT_MSG_NONE);
    struct stat info;
    cr_assert_eq(stat(folder.key, &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0600);
    cr_expect_eq(info.st_size, PT_KEY_BYTES);
    cr_expect_eq(pt_identity_create(folder.path, "device", &random, &read, NULL), PT_EEXISTS);
    folder_remove(&folder);
}

Test(identity, warns_when_others_can_read_the_key)
{
    struct folder folder = folder_make();
    struct pt_random random = pt_random_system();
    struct pt_keypair pair;
    cr_assert_eq(pt_identity_create(folder.path, "device", &random, &pair, NULL), PT_OK);
    static const mode_t modes[] = {0640, 0604, 0660, 0644};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct pt_problem warning = {0};
        cr_assert_eq(chmod(folder.key, modes[i]), 0);
        cr_expect_eq(pt_identity_load(folder.path, "device", &pair, &warning, NULL), PT_OK);
        cr_expect_eq(warning.msg, PT_MSG_KEY_FILE_OPEN_TO_ALL, "mode %o", (unsigned)modes[i]);
        cr_expect_str_eq(warning.arg[0], folder.key);
    }
    folder_remove(&folder);
}

Test(identity, a_damaged_file_is_never_replaced)
{
    static const size_t sizes[] = {0, 31, 33, 5000};
    static const uint8_t zeros[5000];
    struct folder folder = folder_make();
    struct pt_random random = pt_random_system();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cr_assert_eq(pt_file_write(folder.key, pt_bytes_of(zeros, sizes[i]), 0600, NULL), PT_OK);
        struct pt_problem problem = {0};
        struct pt_keypair pair;
        enum pt_err err = pt_identity_load_or_create(folder.path, "device", &random, &pair, NULL, &problem);
        cr_expect_eq(err, PT_EDAMAGED, "%zu bytes", sizes[i]);
        cr_expect_eq(problem.msg, PT_MSG_KEY_FILE_DAMAGED, "%zu bytes", sizes[i]);
        struct stat info;
        cr_assert_eq(stat(folder.key, &info), 0);
        cr_expect_eq((size_t)info.st_size, sizes[i]);
    }
    folder_remove(&folder);
}
