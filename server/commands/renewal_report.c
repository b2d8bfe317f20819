#include "commands/renewal_report.h"

#include "base/text.h"
#include "core/store/meta.h"
#include "io/clock.h"

#define RENEWAL_TELL_MS ((int64_t)30 * 24 * 3600 * 1000)

enum pt_err renewal_report(struct command *c)
{
    struct pt_txn *txn;
    uint64_t renewed_ms = 0;
    enum pt_err err = pt_store_begin_read(c->office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_get_u64(txn, PT_META_RENEWED_MS, &renewed_ms);
    pt_store_abort(txn);
    if (err == PT_OK && pt_now_read().wall_ms - (int64_t)renewed_ms < RENEWAL_TELL_MS) {
        char when[24];
        (void)pt_time_text((int64_t)(renewed_ms / 1000), when, sizeof when);
        command_tell(c, PT_MSG_STATUS_RENEWED, when, "");
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}
