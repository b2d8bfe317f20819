#include "base/mem.h"
#include "core/store/store_mem.h"
#include "io/disk/files.h"
#include "io/store/marker.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct marked {
    char dir[64];
    char file[PATH_MAX];
    struct pt_random random;
    struct pt_store *store;
};

static void open_marked(struct marked *m)
{
    (void)snprintf(m->dir, sizeof m->dir, "/tmp/patuh-marker-XXXXXX");
    cr_assert_not_null(mkdtemp(m->dir));
    cr_assert_eq(pt_crypto_init(), PT_OK);
    cr_assert_eq(pt_path_join(m->file, sizeof m->file, m->dir, "marker"), PT_OK);
    m->random = pt_random_system();
    cr_assert_eq(pt_store_mem_create(NULL, &m->random, &m->store), PT_OK);
}

static void close_marked(struct marked *m)
{
    pt_store_close(m->store);
    (void)unlink(m->file);
    cr_expect_eq(rmdir(m->dir), 0);
    cr_expect_eq(pt_mem_alive(), 0);
}

static enum pt_marker look(const struct marked *m)
{
    enum pt_marker marker = PT_MARKER_NONE;
    cr_assert_eq(pt_marker_check(m->store, m->dir, &marker), PT_OK);
    return marker;
}

static void mark(const struct marked *m)
{
    cr_assert_eq(pt_marker_write(m->store, m->dir, &m->random, NULL), PT_OK);
}

static void keep(const struct marked *m, struct pt_buf *text)
{
    pt_buf_clear(text);
    cr_assert_eq(pt_file_read(m->file, 64, text, NULL), PT_OK);
}

static void put_back(const struct marked *m, const struct pt_buf *text)
{
    cr_assert_eq(pt_file_write(m->file, pt_bytes_of(text->data, text->n), 0600, NULL), PT_OK);
}

Test(marker, a_store_without_one_is_new)
{
    struct marked m;
    open_marked(&m);
    cr_expect_eq(look(&m), PT_MARKER_NONE);
    mark(&m);
    cr_expect_eq(look(&m), PT_MARKER_FITS);
    mark(&m);
    cr_expect_eq(look(&m), PT_MARKER_FITS);
    close_marked(&m);
}

Test(marker, a_missing_file_is_noticed)
{
    struct marked m;
    open_marked(&m);
    mark(&m);
    cr_assert_eq(unlink(m.file), 0);
    cr_expect_eq(look(&m), PT_MARKER_FOREIGN);
    mark(&m);
    cr_expect_eq(look(&m), PT_MARKER_FITS);
    close_marked(&m);
}

/* The store may be one ahead of the file, where a crash fell between the two; not two. */
Test(marker, a_stale_file_is_noticed)
{
    struct marked m;
    struct pt_buf text = {0};
    open_marked(&m);
    mark(&m);
    keep(&m, &text);
    mark(&m);
    mark(&m);
    put_back(&m, &text);
    cr_expect_eq(look(&m), PT_MARKER_FOREIGN);
    pt_buf_free(&text);
    close_marked(&m);
}

/* At every start the store was marked, and then the file could not be written. */
Test(marker, a_file_that_stays_as_it_is_fits)
{
    struct marked m;
    struct pt_buf text = {0};
    open_marked(&m);
    mark(&m);
    keep(&m, &text);
    for (int start = 0; start < 4; start++) {
        mark(&m);
        put_back(&m, &text);
        cr_expect_eq(look(&m), PT_MARKER_FITS, "start %d", start);
    }
    pt_buf_free(&text);
    close_marked(&m);
}

Test(marker, whatever_else_stands_in_the_file_is_foreign)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "00",
                                        "zz112233445566778899aabbccddeeff\n",
                                        "00112233445566778899aabbccddeeff\n",
                                        "00112233445566778899aabbccddeeff00\n"};
    struct marked m;
    open_marked(&m);
    mark(&m);
    mark(&m);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_assert_eq(pt_file_write(m.file, pt_bytes_str(texts[i]), 0600, NULL), PT_OK);
        cr_expect_eq(look(&m), PT_MARKER_FOREIGN, "row %zu", i);
    }
    close_marked(&m);
}
