#include "io/disk/stream.h"

#include "io/disk/files.h"
#include "support/disk_shim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct folder {
    char path[64];
    char file[128];
};

static void folder_open(struct folder *f)
{
    (void)snprintf(f->path, sizeof f->path, "/tmp/patuh-stream-XXXXXX");
    cr_assert_not_null(mkdtemp(f->path));
    (void)snprintf(f->file, sizeof f->file, "%s/file", f->path);
}

static void folder_close(struct folder *f)
{
    (void)unlink(f->file);
    cr_expect_eq(rmdir(f->path), 0, "nothing else is left there");
}

static enum pt_err write_three(const struct folder *f, struct pt_problem *problem)
{
    struct pt_out out;
    enum pt_err err = pt_out_begin(&out, f->file, 0644, problem);
    for (int i = 0; i < 3 && err == PT_OK; i++) {
        err = pt_out_put(&out, pt_bytes_str("piece "));
    }
    if (err == PT_OK) {
        cr_expect_not(pt_file_exists(f->file), "not before it is whole");
        err = pt_out_finish(&out, problem);
    }
    pt_out_drop(&out);
    return err;
}

Test(stream, pieces_become_a_file_that_is_read_piece_by_piece)
{
    struct folder f;
    struct pt_in in;
    char part[16] = "";
    size_t n = 0;
    folder_open(&f);
    cr_assert_eq(write_three(&f, NULL), PT_OK);
    cr_assert_eq(pt_in_open(&in, f.file, NULL), PT_OK);
    for (int again = 0; again < 2; again++) {
        cr_expect_eq(pt_in_read(&in, part, 6, &n), PT_OK);
        cr_expect_eq(n, 6);
        cr_expect_eq(pt_in_read(&in, part, sizeof part, &n), PT_OK);
        cr_expect_eq(n, 12);
        cr_expect_arr_eq(part, "piece piece ", 12);
        cr_expect_eq(pt_in_read(&in, part, sizeof part, &n), PT_OK);
        cr_expect_eq(n, 0);
        cr_expect_eq(pt_in_rewind(&in), PT_OK);
    }
    pt_in_close(&in);
    folder_close(&f);
}

Test(stream, nothing_is_written_over)
{
    struct folder f;
    struct pt_problem problem = {0};
    folder_open(&f);
    cr_assert_eq(write_three(&f, NULL), PT_OK);
    cr_expect_eq(write_three(&f, &problem), PT_EEXISTS);
    cr_expect_eq(problem.msg, PT_MSG_FILE_EXISTS);
    folder_close(&f);
}

/* Each write and sync in turn: there is a whole file, or none and a sentence. */
Test(stream, a_disk_that_fails_leaves_no_file)
{
    static const int codes[] = {EIO, ENOSPC};
    for (size_t k = 0; k < 2; k++) {
        bool done = false;
        for (size_t pass = 0; !done; pass++) {
            struct folder f;
            struct pt_problem problem = {0};
            folder_open(&f);
            disk_shim_watch(f.path);
            disk_shim_fault_arm(pass, codes[k]);
            enum pt_err err = write_three(&f, &problem);
            disk_shim_fault_disarm();
            disk_shim_watch(NULL);
            done = err == PT_OK;
            cr_expect(done || err == PT_EIO || err == PT_EFULL, "%s", pt_err_name(err));
            cr_expect(done || !pt_file_exists(f.file));
            folder_close(&f);
        }
    }
}

Test(stream, what_is_no_file_says_so)
{
    struct folder f;
    struct pt_in in;
    struct pt_out out;
    struct pt_problem problem = {0};
    char far[160];
    folder_open(&f);
    cr_expect_eq(pt_in_open(&in, f.file, &problem), PT_ENOTFOUND);
    cr_expect_eq(problem.msg, PT_MSG_FILE_OPEN);
    problem = (struct pt_problem){0};
    cr_expect_eq(pt_in_open(&in, f.path, &problem), PT_EINVALID);
    cr_expect_str_eq(problem.arg[1], "not an ordinary file");
    pt_in_close(&in);
    (void)snprintf(far, sizeof far, "%s/nowhere/file", f.path);
    problem = (struct pt_problem){0};
    cr_expect_eq(pt_out_begin(&out, far, 0644, &problem), PT_ENOTFOUND);
    cr_expect_eq(problem.msg, PT_MSG_FILE_WRITE);
    pt_out_drop(&out);
    folder_close(&f);
}
