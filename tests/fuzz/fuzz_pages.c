/* fuzz_pages.c - a store's file with any content: refused with a sentence, or LMDB can read all of it. */
#include "base/check.h"
#include "io/disk/files.h"
#include "io/store/store_lmdb.h"
#include "io/store/store_pages.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char folder[] = "/dev/shm/patuh-fuzz-XXXXXX";
static char file[PATH_MAX];
static char lock[PATH_MAX];

static void remove_folder(void)
{
    (void)unlink(file);
    (void)unlink(lock);
    (void)rmdir(folder);
}

static void make_folder(void)
{
    if (file[0] == '\0') {
        PT_CHECK(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
        PT_CHECK(pt_path_join(file, sizeof file, folder, "data.mdb") == PT_OK);
        PT_CHECK(pt_path_join(lock, sizeof lock, folder, "lock.mdb") == PT_OK);
    }
}

static void put_file(const uint8_t *data, size_t n)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    PT_CHECK(fd >= 0 && write(fd, data, n) == (ssize_t)n && close(fd) == 0);
}

static void read_table(struct pt_store *store, enum pt_table table)
{
    struct pt_txn *txn;
    struct pt_bytes key;
    struct pt_bytes value;
    PT_CHECK(pt_store_begin_read(store, &txn) == PT_OK);
    struct pt_rows rows = pt_rows_of(txn, table, (struct pt_bytes){0});
    while (pt_rows_next(&rows, &key, &value)) {
    }
    enum pt_err err = pt_rows_end(&rows);
    PT_CHECK(err == PT_OK || err == PT_EDAMAGED || err == PT_EVERSION || err == PT_EDENIED);
    pt_store_abort(txn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_problem problem = {0};
    struct pt_store *store;
    const struct pt_store_lmdb_options options = {.must_exist = true};
    make_folder();
    put_file(data, n);
    enum pt_err err = pt_store_pages_check(folder, false, &problem);
    PT_CHECK(err == PT_OK || (err == PT_EDAMAGED && problem.msg != PT_MSG_NONE));
    if (err != PT_OK) {
        return 0;
    }
    /* A page number may be too large for the map; the rest of what is whole can be opened and read. */
    if (pt_store_lmdb_open(folder, NULL, &options, &store, &problem) == PT_OK) {
        for (int i = 0; i < PT_TABLE_COUNT; i++) {
            read_table(store, (enum pt_table)i);
        }
        pt_store_close(store);
    }
    return 0;
}
