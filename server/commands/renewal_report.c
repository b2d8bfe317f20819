#include "commands/renewal_report.h"

#include "base/text.h"
#include "core/store/meta.h"
#include "io/clock.h"
#include "renewal.h"

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

void renewal_tell_refilling(struct command *c)
{
    char code[PT_OFFICE_CODE_BYTES_MAX + 1];
    bool refilling = false;
    if (office_unheard(c->office, code, &refilling) == PT_OK && refilling && code[0] != '\0') {
        command_tell(c, PT_MSG_STATUS_REFILLING, code, "");
    }
}

enum pt_err renewal_check_heard(struct command *c)
{
    uint64_t renewed_ms = 0;
    char when[24];
    char code[PT_OFFICE_CODE_BYTES_MAX + 1];
    bool refilling = false;
    enum pt_err err = office_unheard(c->office, code, &refilling);
    if (err != PT_OK || !refilling || code[0] == '\0') {
        return err;
    }
    err = read_renewed(c->office, &renewed_ms);
    if (err != PT_OK) {
        return err;
    }
    (void)pt_time_text((int64_t)(renewed_ms / 1000), when, sizeof when);
    return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_FIX_UNHEARD, when, code, NULL);
}
