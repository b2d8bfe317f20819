#include "io/disk/files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_PARTS 3000 /* more than the system takes at once */

struct folder {
    char path[64];
    char file[128];
};

static void folder_open(struct folder *f)
{
    (void)snprintf(f->path, sizeof f->path, "/tmp/patuh-files-XXXXXX");
    cr_assert_not_null(mkdtemp(f->path));
    (void)snprintf(f->file, sizeof f->file, "%s/file", f->path);
}

static void folder_close(struct folder *f)
{
    (void)unlink(f->file);
    cr_expect_eq(rmdir(f->path), 0, "nothing else is left there");
}

static void expect_content(const struct folder *f, struct pt_bytes wanted)
{
    struct pt_buf content = {0};
    cr_assert_eq(pt_file_read(f->file, 1 << 24, &content, NULL), PT_OK);
    cr_expect(pt_bytes_eq(pt_buf_bytes(&content), wanted), "%zu bytes, not %zu", content.n, wanted.n);
    pt_buf_free(&content);
}

/* Parts of 0 to 5,000 bytes, empty ones at both ends, and what they are together. */
static void make_parts(struct pt_bytes parts[N_PARTS], struct pt_buf *all)
{
    for (size_t i = 0; i < N_PARTS; i++) {
        size_t n = i == 0 || i == N_PARTS - 1 ? 0 : i * 7919 % 5001;
        for (size_t k = 0; k < n; k++) {
            pt_buf_put_u8(all, (uint8_t)(i + k));
        }
        parts[i].n = n;
    }
    size_t at = 0;
    for (size_t i = 0; i < N_PARTS; i++) { /* now that it does not move any more */
        parts[i].data = parts[i].n == 0 ? NULL : all->data + at;
        at += parts[i].n;
    }
    cr_assert_eq(all->err, PT_OK);
}

Test(files, many_parts_are_one_file)
{
    static struct pt_bytes parts[N_PARTS];
    struct folder f;
    struct pt_buf all = {0};
    folder_open(&f);
    make_parts(parts, &all);
    cr_assert_eq(pt_file_write_parts(f.file, parts, N_PARTS, 0600, NULL), PT_OK);
    expect_content(&f, pt_buf_bytes(&all));
    cr_assert_eq(pt_file_replace(f.file, parts + 1, 2, 0600), PT_OK);
    expect_content(&f, pt_bytes_of(all.data, parts[1].n + parts[2].n));
    cr_assert_eq(pt_file_write_parts(f.file, parts, 0, 0600, NULL), PT_OK);
    expect_content(&f, (struct pt_bytes){0});
    pt_buf_free(&all);
    folder_close(&f);
}

Test(files, what_cannot_be_written_is_said_and_leaves_nothing)
{
    struct folder f;
    struct pt_problem problem = {0};
    struct pt_bytes part = pt_bytes_str("x");
    folder_open(&f);
    cr_assert_eq(pt_folder_make(f.file, 0700, NULL), PT_OK); /* a folder of that name is not replaced */
    cr_expect_eq(pt_file_write_parts(f.file, &part, 1, 0600, &problem), PT_EIO);
    cr_expect_eq(problem.msg, PT_MSG_FILE_WRITE);
    cr_expect_eq(pt_file_replace(f.file, &part, 1, 0600), PT_EIO);
    cr_expect_eq(rmdir(f.file), 0);
    folder_close(&f);
}

Test(files, a_mapped_file_stays_and_grows_behind)
{
    struct folder f;
    struct pt_mapped mapped = {0};
    struct pt_mapped longer = {0};
    struct pt_bytes part = pt_bytes_str("first");
    const struct pt_bytes more[] = {pt_bytes_str(" and"), pt_bytes_str(" second")};
    uint64_t at = 0;
    folder_open(&f);
    cr_expect_eq(pt_file_map(f.file, &mapped), PT_ENOTFOUND);
    pt_file_unmap(&mapped);
    cr_assert_eq(pt_file_write(f.file, part, 0600, NULL), PT_OK);
    cr_assert_eq(pt_file_map(f.file, &mapped), PT_OK);
    cr_assert_eq(pt_file_append(&mapped, more, 2, &at), PT_OK);
    cr_expect_eq(at, part.n);
    cr_expect(pt_bytes_eq(mapped.bytes, part));
    cr_assert_eq(pt_file_map(f.file, &longer), PT_OK);
    cr_expect(pt_bytes_eq(longer.bytes, pt_bytes_str("first and second")));
    cr_assert_eq(pt_file_replace(f.file, more, 1, 0600), PT_OK); /* another file of the name */
    cr_expect(pt_bytes_eq(longer.bytes, pt_bytes_str("first and second")));
    pt_file_unmap(&mapped);
    pt_file_unmap(&longer);
    folder_close(&f);
}

Test(files, of_an_empty_file_nothing_is_mapped)
{
    struct folder f;
    struct pt_mapped mapped = {0};
    struct pt_bytes part = pt_bytes_str("now");
    uint64_t at = 1;
    folder_open(&f);
    cr_assert_eq(pt_file_write(f.file, (struct pt_bytes){0}, 0600, NULL), PT_OK);
    cr_assert_eq(pt_file_map(f.file, &mapped), PT_OK);
    cr_expect_eq(mapped.bytes.n, 0);
    cr_expect_eq(pt_file_append(&mapped, &part, 1, &at), PT_OK);
    cr_expect_eq(at, 0);
    expect_content(&f, part);
    pt_file_unmap(&mapped);
    cr_expect_neq(pt_file_map(f.path, &mapped), PT_OK, "a folder");
    pt_file_unmap(&mapped);
    folder_close(&f);
}

Test(files, a_folder_is_held_by_one)
{
    struct folder f;
    int first;
    int second;
    folder_open(&f);
    cr_assert_eq(pt_folder_lock(f.path, &first), PT_OK);
    cr_expect_eq(pt_folder_lock(f.path, &second), PT_EBUSY);
    (void)close(first);
    cr_assert_eq(pt_folder_lock(f.path, &second), PT_OK);
    (void)close(second);
    cr_expect_eq(pt_folder_lock(f.file, &second), PT_ENOTFOUND);
    folder_close(&f);
}
