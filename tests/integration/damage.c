/* damage.c - changes a closed store below everything that guards it.
 *
 *     damage flip STORE TABLE ROW     flips a bit in the middle of the raw value of a row (from 0)
 *     damage cut STORE TABLE ROW      makes the raw value one byte shorter
 *     damage meta STORE NAME TEXT [KEY FILE]   a rightly written store that says something else of itself: its format,
 *                                     its role; of a device with its store.key
 *     damage byte FILE OFFSET [BIT]   flips a bit of a file */
#include "base/mem.h"
#include "io/disk/files.h"
#include "io/store/store_lmdb.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void)
{
    (void)fputs("damage flip|cut STORE TABLE ROW | meta STORE NAME TEXT [KEY] | byte FILE OFFSET [BIT]\n", stderr);
    return 2;
}

static bool change_value(MDB_cursor *cursor, bool cut, unsigned long row)
{
    MDB_val key;
    MDB_val value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (; rc == MDB_SUCCESS && row > 0; row--) {
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (rc != MDB_SUCCESS) {
        return false;
    }
    uint8_t *copy = pt_alloc(value.mv_size);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, value.mv_data, value.mv_size);
    copy[value.mv_size / 2] ^= 1u;
    MDB_val changed = {.mv_size = value.mv_size - (cut ? 1 : 0), .mv_data = copy};
    rc = mdb_cursor_put(cursor, &key, &changed, MDB_CURRENT);
    pt_free(copy);
    return rc == MDB_SUCCESS;
}

static bool change_row(const char *store, const char *table, bool cut, unsigned long row)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_cursor *cursor;
    bool good = mdb_env_create(&env) == MDB_SUCCESS && mdb_env_set_maxdbs(env, 32) == MDB_SUCCESS &&
                mdb_env_open(env, store, 0, 0600) == MDB_SUCCESS && mdb_txn_begin(env, NULL, 0, &txn) == MDB_SUCCESS;
    if (!good) {
        return false;
    }
    good = mdb_dbi_open(txn, table, 0, &dbi) == MDB_SUCCESS && mdb_cursor_open(txn, dbi, &cursor) == MDB_SUCCESS;
    if (good) {
        good = change_value(cursor, cut, row);
        mdb_cursor_close(cursor);
    }
    good = mdb_txn_commit(txn) == MDB_SUCCESS && good;
    mdb_env_close(env);
    return good;
}

static bool read_key(const char *name, struct pt_store_key *key)
{
    struct pt_buf bytes = {0};
    bool good = pt_file_read(name, sizeof key->key, &bytes, NULL) == PT_OK && bytes.n == sizeof key->key;
    if (good) {
        *key = (struct pt_store_key){.present = true, .id = 1};
        memcpy(key->key, bytes.data, sizeof key->key);
    }
    pt_buf_free(&bytes);
    return good;
}

static bool change_meta(const char *dir, const char *name, const char *text, const char *key_file)
{
    struct pt_store *store;
    struct pt_txn *txn;
    struct pt_problem problem = {0};
    struct pt_store_key key = {0};
    struct pt_store_lmdb_options options = pt_store_lmdb_defaults();
    if ((key_file != NULL && !read_key(key_file, &key)) ||
        pt_store_lmdb_open(dir, &key, &options, &store, &problem) != PT_OK) {
        return false;
    }
    bool good = pt_store_begin_write(store, &txn) == PT_OK &&
                pt_store_put(txn, PT_TABLE_META, pt_bytes_str(name), pt_bytes_str(text)) == PT_OK &&
                pt_store_commit(txn) == PT_OK;
    pt_store_close(store);
    return good;
}

static bool change_byte(const char *name, long offset, int bit)
{
    FILE *file = fopen(name, "r+b");
    if (file == NULL) {
        return false;
    }
    int byte = fseek(file, offset, SEEK_SET) == 0 ? fgetc(file) : EOF;
    bool good = byte != EOF && fseek(file, offset, SEEK_SET) == 0 && fputc(byte ^ (1 << bit), file) != EOF;
    return fclose(file) == 0 && good;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    bool good = false;
    if (argc == 5 && (strcmp(what, "flip") == 0 || strcmp(what, "cut") == 0)) {
        good = change_row(argv[2], argv[3], strcmp(what, "cut") == 0, strtoul(argv[4], NULL, 10));
    } else if ((argc == 5 || argc == 6) && strcmp(what, "meta") == 0) {
        good = change_meta(argv[2], argv[3], argv[4], argc == 6 ? argv[5] : NULL);
    } else if ((argc == 4 || argc == 5) && strcmp(what, "byte") == 0) {
        good = change_byte(argv[2], strtol(argv[3], NULL, 10), argc == 5 ? (int)(strtoul(argv[4], NULL, 10) % 8) : 2);
    } else {
        return usage();
    }
    if (!good) {
        (void)fprintf(stderr, "damage: %s cannot be changed\n", argv[2]);
    }
    return good ? 0 : 1;
}
