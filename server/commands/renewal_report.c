#include "commands/renewal_report.h"

#include "base/text.h"
#include "core/store/keys.h"
#include "core/store/meta.h"
#include "core/wire/unpack.h"
#include "directory.h"
#include "io/clock.h"
#include "records.pb-c.h"

#define RENEWAL_TELL_MS ((int64_t)30 * 24 * 3600 * 1000)

/* NOTFOUND: it never did. */
static enum pt_err read_renewed(const struct office *office, uint64_t *ms)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err == PT_OK) {
        err = pt_meta_get_u64(txn, PT_META_RENEWED_MS, ms);
        pt_store_abort(txn);
    }
    return err;
}

enum pt_err renewal_report(struct command *c)
{
    uint64_t renewed_ms = 0;
    enum pt_err err = read_renewed(c->office, &renewed_ms);
    if (err == PT_OK && pt_now_read().wall_ms - (int64_t)renewed_ms < RENEWAL_TELL_MS) {
        char when[24];
        (void)pt_time_text((int64_t)(renewed_ms / 1000), when, sizeof when);
        command_tell(c, PT_MSG_STATUS_RENEWED, when, "");
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* In any incarnation. */
static enum pt_err was_here_since(const struct office *office, const struct pt_author *author, uint64_t since_ms,
                                  bool *was)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    pt_arena_init(&arena, SIZE_MAX);
    struct pt_key prefix = pt_key_author(author);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_PEERS, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    *was = false;
    while (err == PT_OK && pt_rows_next(&rows, &key, &value)) {
        ProtobufCMessage *message;
        err = pt_unpack(&patuh__peer_record__descriptor, value, &arena, &message);
        *was = *was || (err == PT_OK && ((const Patuh__PeerRecord *)message)->last_seen_ms >= (int64_t)since_ms);
    }
    enum pt_err end = pt_rows_end(&rows);
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return err == PT_OK ? end : err;
}

enum pt_err renewal_check_heard(struct command *c)
{
    struct directory directory;
    uint64_t renewed_ms = 0;
    char when[24];
    enum pt_err err = read_renewed(c->office, &renewed_ms);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err;
    }
    err = directory_open(c->office, &directory);
    if (err != PT_OK) {
        return err;
    }
    (void)pt_time_text((int64_t)(renewed_ms / 1000), when, sizeof when);
    for (size_t i = 0; i < directory.authority.n_offices && err == PT_OK; i++) {
        const struct pt_office *office = &directory.authority.offices[i];
        bool heard = office->is_root;
        err = heard ? PT_OK : was_here_since(c->office, &office->author, renewed_ms, &heard);
        if (err == PT_OK && !heard) {
            err = pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_FIX_UNHEARD, when, office->code, NULL);
        }
    }
    directory_close(&directory);
    return err;
}
