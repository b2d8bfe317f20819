#include "base/mem.h"
#include "io/disk/files.h"
#include "io/keys/keybox.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSPHRASE pt_bytes_str("empat kata untuk rini")

struct box {
    char folder[64];
    char path[80];
};

static struct box box_make(void)
{
    struct box box = {.folder = "/tmp/patuh-keybox-XXXXXX"};
    cr_assert_eq(pt_crypto_init(), PT_OK);
    cr_assert_not_null(mkdtemp(box.folder));
    (void)snprintf(box.path, sizeof box.path, "%s/rini.key", box.folder);
    return box;
}

static void box_remove(const struct box *box)
{
    (void)unlink(box->path);
    cr_expect_eq(rmdir(box->folder), 0, "other files were left behind");
    cr_expect_eq(pt_mem_alive(), 0);
}

static enum pt_err create(const struct box *box, struct pt_bytes passphrase, struct pt_keypair *out, enum pt_msg *said)
{
    struct pt_random random = pt_random_system();
    struct pt_problem problem = {0};
    enum pt_err err = pt_keybox_create(box->path, passphrase, &random, out, &problem);
    *said = problem.msg;
    return err;
}

static enum pt_err open_box(const struct box *box, struct pt_bytes passphrase, struct pt_keypair *out,
                            enum pt_msg *said)
{
    struct pt_problem problem = {0};
    enum pt_err err = pt_keybox_open(box->path, passphrase, out, &problem);
    *said = problem.msg;
    return err;
}

Test(keybox, opens_with_its_passphrase_alone)
{
    struct box box = box_make();
    struct pt_keypair made;
    struct pt_keypair read;
    struct stat info;
    enum pt_msg said;
    cr_expect_eq(open_box(&box, PASSPHRASE, &read, &said), PT_ENOTFOUND);
    cr_assert_eq(create(&box, PASSPHRASE, &made, &said), PT_OK);
    cr_assert_eq(stat(box.path, &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0600);
    cr_assert_eq(open_box(&box, PASSPHRASE, &read, &said), PT_OK);
    cr_expect_arr_eq(&made, &read, sizeof made);
    cr_expect_eq(open_box(&box, pt_bytes_str("empat kata untuk dewi"), &read, &said), PT_EDENIED);
    cr_expect_eq(said, PT_MSG_PASSPHRASE_WRONG);
    cr_expect_eq(create(&box, PASSPHRASE, &read, &said), PT_EEXISTS, "never overwritten");
    cr_assert_eq(open_box(&box, PASSPHRASE, &read, &said), PT_OK);
    cr_expect_arr_eq(&made, &read, sizeof made);
    box_remove(&box);
}

Test(keybox, says_what_a_passphrase_needs)
{
    static const char long_one[PT_PASSPHRASE_BYTES_MAX + 1];
    struct box box = box_make();
    struct pt_keypair pair;
    enum pt_msg said;
    cr_expect_eq(create(&box, pt_bytes_str("pendek7"), &pair, &said), PT_EINVALID);
    cr_expect_eq(said, PT_MSG_PASSPHRASE_LENGTH);
    cr_expect_eq(create(&box, pt_bytes_of(long_one, sizeof long_one), &pair, &said), PT_EINVALID);
    cr_expect_not(pt_file_exists(box.path));
    box_remove(&box);
}

/* Header and content are bound to each other; the cost is a number that no file may raise without end. */
Test(keybox, a_changed_file_opens_nothing)
{
    static const struct {
        size_t at; /* magic 15, passes 4, memory 4, salt 16, nonce 24, sealed 48 */
        enum pt_err err;
    } rows[] = {{0, PT_EDAMAGED}, {15, PT_EDAMAGED}, {19, PT_EDAMAGED}, {23, PT_EDENIED}, {39, PT_EDENIED},
                {62, PT_EDENIED}, {63, PT_EDENIED},  {94, PT_EDENIED},  {110, PT_EDENIED}};
    struct box box = box_make();
    struct pt_keypair pair;
    struct pt_buf file = {0};
    enum pt_msg said;
    cr_assert_eq(create(&box, PASSPHRASE, &pair, &said), PT_OK);
    cr_assert_eq(pt_file_read(box.path, 4096, &file, NULL), PT_OK);
    cr_assert_eq(file.n, 111);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        file.data[rows[i].at] ^= 0x80;
        cr_assert_eq(pt_file_write(box.path, pt_buf_bytes(&file), 0600, NULL), PT_OK);
        cr_expect_eq(open_box(&box, PASSPHRASE, &pair, &said), rows[i].err, "byte %zu", rows[i].at);
        file.data[rows[i].at] ^= 0x80;
    }
    cr_assert_eq(pt_file_write(box.path, pt_bytes_of(file.data, file.n - 1), 0600, NULL), PT_OK);
    cr_expect_eq(open_box(&box, PASSPHRASE, &pair, &said), PT_EDAMAGED, "cut off");
    cr_expect_eq(said, PT_MSG_KEYBOX_DAMAGED);
    pt_buf_put_str(&file, "x");
    cr_assert_eq(pt_file_write(box.path, pt_buf_bytes(&file), 0600, NULL), PT_OK);
    cr_expect_eq(open_box(&box, PASSPHRASE, &pair, &said), PT_EDAMAGED, "too long");
    pt_buf_free(&file);
    box_remove(&box);
}
