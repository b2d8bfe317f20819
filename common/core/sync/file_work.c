#include "core/sync/file_work.h"

#include "core/log/wanted.h"

static enum pt_err look(struct pt_file_work *work)
{
    work->whole = work->ops->is_durable(work->ops->data, &work->hash); /* it came for another entry */
    return work->whole ? PT_OK : work->ops->resume(work->ops->data, &work->hash, &work->next);
}

static enum pt_err take_part(struct pt_file_work *work)
{
    bool complete = false;
    enum pt_err err =
        work->ops->append(work->ops->data, &work->hash, work->offset, work->total, work->part, &work->next, &complete);
    work->whole = err == PT_OK && complete;
    work->refused = err == PT_EMALFORMED || err == PT_ELIMIT;
    return work->refused ? PT_OK : err;
}

static enum pt_err sort_offered(struct pt_txn *txn, struct pt_file_work *work)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < work->n_offered && err == PT_OK; i++) {
        bool wanted = false;
        err = pt_wanted_file_of(txn, &work->offered[i], &work->offers, &wanted);
        if (err != PT_OK || wanted) {
            continue; /* this peer is asked for it when its turn comes, and gets its receipt then */
        }
        if (work->ops->is_durable(work->ops->data, &work->offered[i])) {
            work->here[work->n_here++] = work->offered[i];
        } else {
            work->lost[work->n_lost++] = work->offered[i];
        }
    }
    return err;
}

enum pt_err pt_file_work_run(struct pt_txn *txn, struct pt_file_work *work)
{
    enum pt_err err = PT_OK;
    work->whole = work->refused = false;
    work->n_here = work->n_lost = 0;
    switch (work->task) {
    case PT_FILE_NOTHING:
        break;
    case PT_FILE_LOOK:
        err = look(work);
        break;
    case PT_FILE_PART:
        err = take_part(work);
        break;
    case PT_FILE_OFFERED:
        err = sort_offered(txn, work);
        break;
    }
    return err == PT_OK && work->whole ? pt_wanted_got(txn, &work->hash, NULL) : err;
}
