/* store_check.c - is this a store of ours, and is what lies in it as it was written? */
#include "core/store/meta.h"
#include "core/store/store.h"

#include <stdio.h>

static enum pt_err format_compare(struct pt_bytes found, const char *where, struct pt_problem *problem)
{
    char text[32];
    if (pt_bytes_eq(found, pt_bytes_str(PT_STORE_FORMAT))) {
        return PT_OK;
    }
    (void)snprintf(text, sizeof text, "%.*s", found.n < sizeof text ? (int)found.n : (int)sizeof text - 1,
                   found.n == 0 ? "" : (const char *)found.data);
    return pt_problem_set(problem, PT_EVERSION, PT_MSG_STORE_FORMAT, where, text, PT_STORE_FORMAT, NULL);
}

static enum pt_err format_write(struct pt_store *store)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_write(store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_put(txn, PT_META_FORMAT, pt_bytes_str(PT_STORE_FORMAT));
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    return pt_store_commit(txn);
}

enum pt_err pt_store_format_check(struct pt_store *store, const char *where, struct pt_problem *problem)
{
    struct pt_bytes found;
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(store, &txn);
    if (err != PT_OK) {
        return pt_problem_default(problem, err, where);
    }
    err = pt_meta_get(txn, PT_META_FORMAT, &found);
    if (err == PT_OK) {
        err = format_compare(found, where, problem);
    }
    pt_store_abort(txn);
    if (err == PT_ENOTFOUND) {
        err = format_write(store);
    }
    if (err == PT_EDAMAGED || err == PT_EDENIED) {
        return pt_problem_set(problem, err, PT_MSG_STORE_DAMAGED, where, NULL);
    }
    return pt_problem_default(problem, err, where);
}

/* One table; a damaged row ends it. */
static enum pt_err check_table(struct pt_store *store, enum pt_table table)
{
    struct pt_txn *txn;
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = pt_store_begin_read(store, &txn);
    if (err != PT_OK) {
        return err;
    }
    struct pt_rows rows = pt_rows_of(txn, table, (struct pt_bytes){0});
    while (pt_rows_next(&rows, &key, &value)) {
    }
    err = pt_rows_end(&rows);
    pt_store_abort(txn);
    return err;
}

enum pt_err pt_store_rows_check(struct pt_store *store, const char *where, struct pt_problem *problem)
{
    enum pt_err err = PT_OK;
    for (int i = 0; i < PT_TABLE_COUNT && err == PT_OK; i++) {
        if (i != PT_TABLE_ARRIVAL) {
            err = check_table(store, (enum pt_table)i);
        }
    }
    if (err == PT_EDAMAGED || err == PT_EDENIED || err == PT_EVERSION) { /* the format was known: this row is changed */
        return pt_problem_set(problem, err, PT_MSG_STORE_DAMAGED, where, NULL);
    }
    return pt_problem_default(problem, err, where);
}
