#include "through_writer.h"

#include "io/store/writer.h"
#include "support/disk_shim.h"
#include "support/workload.h"

#include <uv.h>

/* --- the fault: pt_store_begin_write and pt_store_commit are called through these (the linker's --wrap) --- */

enum pt_err __real_pt_store_begin_write(struct pt_store *store, struct pt_txn **out);
enum pt_err __wrap_pt_store_begin_write(struct pt_store *store, struct pt_txn **out);
enum pt_err __real_pt_store_commit(struct pt_txn *txn);
enum pt_err __wrap_pt_store_commit(struct pt_txn *txn);

static bool planted;
static struct pt_txn *late; /* the writer takes it for committed */

enum pt_err __wrap_pt_store_begin_write(struct pt_store *store, struct pt_txn **out)
{
    enum pt_err err = PT_OK;
    if (late != NULL) {
        err = __real_pt_store_commit(late);
        late = NULL;
    }
    return err == PT_OK ? __real_pt_store_begin_write(store, out) : err;
}

enum pt_err __wrap_pt_store_commit(struct pt_txn *txn)
{
    if (planted) {
        late = txn;
        return PT_OK;
    }
    return __real_pt_store_commit(txn);
}

/* --- the history --- */

struct request {
    struct pt_write_req req;
    uint64_t k;
    bool done;
    enum pt_err err;
};

static enum pt_err run(struct pt_txn *txn, struct pt_write_req *req)
{
    return workload_put(txn, ((struct request *)req->data)->k);
}

static void on_done(struct pt_write_req *req, enum pt_err err)
{
    struct request *request = req->data;
    if (err == PT_OK) {
        disk_shim_ack(request->k);
    }
    request->err = err;
    request->done = true;
}

static bool write_one(uv_loop_t *loop, struct pt_writer *writer, uint64_t k)
{
    struct request request = {.k = k};
    request.req = (struct pt_write_req){.run = run, .done = on_done, .data = &request, .bytes = 1};
    bool good = pt_writer_submit(writer, &request.req) == PT_OK;
    while (good && !request.done) {
        (void)uv_run(loop, UV_RUN_ONCE);
    }
    return good && request.err == PT_OK;
}

bool through_writer(struct pt_store *store, uint64_t first, uint64_t last, bool early)
{
    uv_loop_t loop;
    struct pt_writer *writer;
    bool good = uv_loop_init(&loop) == 0 && pt_writer_start(&loop, store, &writer) == PT_OK;
    if (!good) {
        return false;
    }
    for (uint64_t k = first; k <= last && good; k++) {
        planted = early && k < last; /* the last one makes good what is late */
        good = write_one(&loop, writer, k);
    }
    pt_writer_stop(writer, NULL, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop) == 0 && good;
}
