#include "io/store/store_lmdb.h"

#include "base/mem.h"
#include "io/disk/files.h"
#include "io/store/store_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#if SIZE_MAX > UINT32_MAX
#define MAP_BYTES ((size_t)1 << 40) /* address space only */
#else
#define MAP_BYTES ((size_t)1 << 30)
#endif
#define MAP_BYTES_MIN ((size_t)16 << 20)
#define READERS_MAX 256

struct lmdb_store {
    struct pt_store base;
    MDB_env *env;
    MDB_dbi table[PT_TABLE_COUNT];
    char *dir;
    int folder; /* holds the lock */
    struct pt_disk_reserve reserve;
    atomic_bool broken; /* a commit failed with IO: nobody knows what is on the disk until it is opened again */
};

struct lmdb_txn {
    struct pt_txn base;
    MDB_txn *mdb;
    bool grows; /* has put something */
};

/* The one translation of LMDB's codes (and the errno values it passes on). */
static enum pt_err from_mdb(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return PT_OK;
    case MDB_NOTFOUND:
        return PT_ENOTFOUND;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
        return PT_EFULL;
    case MDB_READERS_FULL:
    case EAGAIN:
    case EBUSY:
        return PT_EBUSY;
    case ENOMEM:
        return PT_ENOMEM;
    case MDB_BAD_VALSIZE:
        return PT_ELIMIT;
    case MDB_VERSION_MISMATCH:
        return PT_EVERSION;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return PT_EDAMAGED;
    default:
        return PT_EIO;
    }
}

static struct lmdb_store *store_of(const struct pt_txn *txn)
{
    return (struct lmdb_store *)txn->store;
}

static MDB_val val_of(struct pt_bytes bytes)
{
    MDB_val val = {.mv_size = bytes.n};
    memcpy(&val.mv_data, &bytes.data, sizeof val.mv_data); /* LMDB takes keys and values without const */
    return val;
}

static struct pt_bytes bytes_of(const MDB_val *val)
{
    return pt_bytes_of(val->mv_data, val->mv_size);
}

static int mdb_begin(struct lmdb_store *store, bool write, MDB_txn **out)
{
    unsigned flags = write ? 0 : MDB_RDONLY;
    int rc = mdb_txn_begin(store->env, NULL, flags, out);
    if (rc == MDB_READERS_FULL) {
        int dead = 0;
        (void)mdb_reader_check(store->env, &dead);
        rc = mdb_txn_begin(store->env, NULL, flags, out);
    }
    return rc;
}

static enum pt_err lmdb_begin(struct pt_store *base, bool write, struct pt_txn **out)
{
    struct lmdb_store *store = (struct lmdb_store *)base;
    if (write && atomic_load(&store->broken)) {
        return PT_EIO;
    }
    struct lmdb_txn *txn = pt_zalloc(sizeof *txn);
    if (txn == NULL) {
        return PT_ENOMEM;
    }
    enum pt_err err = from_mdb(mdb_begin(store, write, &txn->mdb));
    if (err != PT_OK) {
        pt_free(txn);
        return err;
    }
    txn->base.store = base;
    txn->base.write = write;
    *out = &txn->base;
    return PT_OK;
}

static void lmdb_abort(struct pt_txn *base)
{
    struct lmdb_txn *txn = (struct lmdb_txn *)base;
    mdb_txn_abort(txn->mdb);
    pt_free(txn);
}

/* Lack of space and a broken disk are told apart. */
static enum pt_err commit_failed(struct lmdb_store *store, enum pt_err err)
{
    /* LMDB reports a write that the disk cut short as EIO. */
    if (err == PT_EIO && !pt_disk_has_room(store->dir, store->reserve)) {
        err = PT_EFULL;
    }
    /* When it was the meta page that could not be written, the environment is dead, full disk or not. */
    MDB_txn *probe;
    int rc = mdb_begin(store, false, &probe);
    if (rc == MDB_SUCCESS) {
        mdb_txn_abort(probe);
    } else if (rc == MDB_PANIC) {
        err = PT_EIO;
    }
    if (err == PT_EIO) {
        atomic_store(&store->broken, true);
    }
    return err;
}

static enum pt_err lmdb_commit(struct pt_txn *base)
{
    struct lmdb_txn *txn = (struct lmdb_txn *)base;
    struct lmdb_store *store = store_of(base);
    if (txn->grows && !pt_disk_has_room(store->dir, store->reserve)) {
        lmdb_abort(base);
        return PT_EFULL;
    }
    enum pt_err err = from_mdb(mdb_txn_commit(txn->mdb));
    if (err != PT_OK && base->write) {
        err = commit_failed(store, err);
    }
    pt_free(txn);
    return err;
}

static enum pt_err lmdb_get(struct pt_txn *base, enum pt_table table, struct pt_bytes key, struct pt_bytes *value)
{
    MDB_val mdb_key = val_of(key);
    MDB_val mdb_value;
    int rc = mdb_get(((struct lmdb_txn *)base)->mdb, store_of(base)->table[table], &mdb_key, &mdb_value);
    if (rc == MDB_SUCCESS) {
        *value = bytes_of(&mdb_value);
    }
    return from_mdb(rc);
}

static enum pt_err lmdb_put(struct pt_txn *base, enum pt_table table, struct pt_bytes key, struct pt_bytes value)
{
    struct lmdb_txn *txn = (struct lmdb_txn *)base;
    MDB_val mdb_key = val_of(key);
    MDB_val mdb_value = val_of(value);
    txn->grows = true;
    return from_mdb(mdb_put(txn->mdb, store_of(base)->table[table], &mdb_key, &mdb_value, 0));
}

static enum pt_err lmdb_del(struct pt_txn *base, enum pt_table table, struct pt_bytes key)
{
    MDB_val mdb_key = val_of(key);
    return from_mdb(mdb_del(((struct lmdb_txn *)base)->mdb, store_of(base)->table[table], &mdb_key, NULL));
}

static enum pt_err lmdb_cursor_open(struct pt_txn *base, enum pt_table table, void **out)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(((struct lmdb_txn *)base)->mdb, store_of(base)->table[table], &cursor);
    if (rc == MDB_SUCCESS) {
        *out = cursor;
    }
    return from_mdb(rc);
}

static enum pt_err cursor_move(MDB_cursor *cursor, struct pt_bytes from, MDB_cursor_op op, struct pt_bytes *key,
                               struct pt_bytes *value)
{
    MDB_val mdb_key = val_of(from);
    MDB_val mdb_value;
    int rc = mdb_cursor_get(cursor, &mdb_key, &mdb_value, op);
    if (rc == MDB_SUCCESS) {
        *key = bytes_of(&mdb_key);
        *value = bytes_of(&mdb_value);
    }
    return from_mdb(rc);
}

static enum pt_err lmdb_cursor_seek(void *cursor, struct pt_bytes from, struct pt_bytes *key, struct pt_bytes *value)
{
    return cursor_move(cursor, from, from.n == 0 ? MDB_FIRST : MDB_SET_RANGE, key, value);
}

static enum pt_err lmdb_cursor_next(void *cursor, struct pt_bytes *key, struct pt_bytes *value)
{
    return cursor_move(cursor, (struct pt_bytes){0}, MDB_NEXT, key, value);
}

static void lmdb_cursor_close(void *cursor)
{
    mdb_cursor_close(cursor);
}

static enum pt_err lmdb_seek_last(struct pt_txn *base, enum pt_table table, struct pt_bytes upto, struct pt_bytes *key,
                                  struct pt_bytes *value)
{
    void *cursor = NULL;
    struct pt_bytes found = {0};
    enum pt_err err = lmdb_cursor_open(base, table, &cursor);
    if (err != PT_OK) {
        return err;
    }
    err = upto.n == 0 ? PT_ENOTFOUND : cursor_move(cursor, upto, MDB_SET_RANGE, &found, value);
    if (err == PT_ENOTFOUND) {
        err = cursor_move(cursor, upto, MDB_LAST, &found, value);
    } else if (err == PT_OK && !pt_bytes_eq(found, upto)) {
        err = cursor_move(cursor, upto, MDB_PREV, &found, value);
    }
    if (err == PT_OK) {
        *key = found;
    }
    mdb_cursor_close(cursor);
    return err;
}

static void lmdb_close(struct pt_store *base)
{
    struct lmdb_store *store = (struct lmdb_store *)base;
    if (store->env != NULL) {
        mdb_env_close(store->env);
    }
    if (store->folder >= 0) {
        (void)close(store->folder); /* gives up the lock */
    }
    pt_free(store->dir);
    pt_free(store);
}

static const struct pt_store_ops lmdb_ops = {
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .get = lmdb_get,
    .put = lmdb_put,
    .del = lmdb_del,
    .seek_last = lmdb_seek_last,
    .cursor_open = lmdb_cursor_open,
    .cursor_seek = lmdb_cursor_seek,
    .cursor_next = lmdb_cursor_next,
    .cursor_close = lmdb_cursor_close,
    .close = lmdb_close,
};

/* One try with one map size; on error the environment is gone again. */
static int env_try(const char *dir, size_t map_bytes, MDB_env **out)
{
    MDB_env *env;
    int rc = mdb_env_create(&env);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = mdb_env_set_mapsize(env, map_bytes);
    if (rc == MDB_SUCCESS) {
        rc = mdb_env_set_maxdbs(env, PT_TABLE_COUNT);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_env_set_maxreaders(env, READERS_MAX);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_env_open(env, dir, MDB_NOTLS, 0600);
    }
    if (rc != MDB_SUCCESS) {
        mdb_env_close(env);
        return rc;
    }
    *out = env;
    return MDB_SUCCESS;
}

/* Under valgrind and some emulators a map beyond their address space is an invalid argument. */
static bool is_too_large(int rc)
{
    return rc == ENOMEM || rc == EINVAL;
}

static int env_open(struct lmdb_store *store)
{
    size_t map_bytes = MAP_BYTES;
    int rc = env_try(store->dir, map_bytes, &store->env);
    while (is_too_large(rc) && map_bytes > MAP_BYTES_MIN) {
        map_bytes /= 2;
        rc = env_try(store->dir, map_bytes, &store->env);
    }
    if (rc == MDB_SUCCESS) {
        int dead = 0;
        rc = mdb_reader_check(store->env, &dead); /* slots of processes that were killed */
    }
    return rc;
}

static int tables_open(struct lmdb_store *store)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    for (int i = 0; i < PT_TABLE_COUNT && rc == MDB_SUCCESS; i++) {
        rc = mdb_dbi_open(txn, pt_table_name((enum pt_table)i), MDB_CREATE, &store->table[i]);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

static enum pt_err folder_lock(struct lmdb_store *store, struct pt_problem *problem)
{
    store->folder = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->folder < 0 && errno == ENOENT) {
        return pt_problem_set(problem, PT_EDAMAGED, PT_MSG_STORE_EMPTY, store->dir, NULL);
    }
    if (store->folder < 0) {
        return pt_problem_set(problem, PT_EIO, PT_MSG_STORE_OPEN, store->dir, strerror(errno), NULL);
    }
    if (pt_disk_is_network(store->dir)) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_STORE_NETWORK_DISK, store->dir, NULL);
    }
    /* LMDB's own locks are void when one process opens an environment twice, and two processes would each hold a cache
     * of their own: the folder is locked as a whole. */
    if (flock(store->folder, LOCK_EX | LOCK_NB) != 0) {
        return pt_problem_set(problem, PT_EBUSY, PT_MSG_STORE_IN_USE, store->dir, NULL);
    }
    return PT_OK;
}

static enum pt_err files_open(struct lmdb_store *store, struct pt_problem *problem)
{
    int rc = env_open(store);
    if (rc == MDB_SUCCESS) {
        rc = tables_open(store);
    }
    /* LMDB makes the content of its files durable, not their names. */
    if (rc == MDB_SUCCESS && (fsync(store->folder) != 0 || pt_parent_sync(store->dir) != PT_OK)) {
        rc = EIO;
    }
    if (rc == MDB_SUCCESS) {
        return PT_OK;
    }
    return pt_problem_set(problem, from_mdb(rc), PT_MSG_STORE_OPEN, store->dir, mdb_strerror(rc), NULL);
}

struct pt_store_lmdb_options pt_store_lmdb_defaults(void)
{
    return (struct pt_store_lmdb_options){.reserve = pt_disk_reserve_default()};
}

enum pt_err pt_store_lmdb_open(const char *dir, const struct pt_store_key *key,
                               const struct pt_store_lmdb_options *options, struct pt_store **out,
                               struct pt_problem *problem)
{
    enum pt_err err = options->must_exist ? PT_OK : pt_folder_make(dir, 0700, problem);
    if (err != PT_OK) {
        return err;
    }
    struct lmdb_store *store = pt_zalloc(sizeof *store);
    char *own_dir = pt_strdup(dir);
    if (store == NULL || own_dir == NULL) {
        pt_free(own_dir);
        pt_free(store);
        return pt_problem_default(problem, PT_ENOMEM, dir);
    }
    store->base.ops = &lmdb_ops;
    store->base.random = pt_random_system();
    store->base.key = key == NULL ? (struct pt_store_key){0} : *key;
    store->dir = own_dir;
    store->folder = -1;
    store->reserve = options->reserve;
    err = folder_lock(store, problem);
    if (err == PT_OK) {
        err = pt_store_pages_check(dir, !options->must_exist, problem);
    }
    if (err == PT_OK) {
        err = files_open(store, problem);
    }
    if (err != PT_OK) {
        lmdb_close(&store->base);
        return err;
    }
    *out = &store->base;
    return PT_OK;
}
