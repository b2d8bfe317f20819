/* A log of this device lives in one incarnation. When the store may be older than what was sent from it (restored from
 * a copy, or a copy itself), going on in the same log would make two chunks after one link; so it goes on in new logs,
 * and what was typed and not sealed moves there. */
#include "client/incarnation.h"

#include "core/sync/inbox.h"
#include "io/files.h"

#include <string.h>

#define MARKER_BYTES 16
#define MARKER_FILE_BYTES (2 * MARKER_BYTES + 1)

/* --- the incarnation --- */

enum pt_err pt_incarnation_renew(struct patuh *device)
{
    struct pt_txn *txn;
    uint64_t fresh = pt_random_u64(&device->random);
    enum pt_err err = pt_store_begin(device->store, true, &txn);
    if (err != PT_OK) {
        return err;
    }
    struct pt_author_pen pen = pt_device_pen(device, NULL);
    pen.incarnation = fresh;
    err = pt_tails_move(txn, &pen);
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, "previous", device->incarnation);
    }
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, "incarnation", fresh);
    }
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, PT_META_STALE, 0);
    }
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    err = pt_store_commit(txn);
    if (err == PT_OK) {
        device->previous = device->incarnation;
        device->has_previous = true;
        device->incarnation = fresh;
    }
    return err;
}

/* --- the marker --- */

struct markers {
    bool known;
    bool stale; /* the office said so, and no new incarnation was taken since */
    uint8_t newest[MARKER_BYTES];
    uint8_t before[MARKER_BYTES];
};

static enum pt_err read_markers(struct pt_txn *txn, struct markers *out)
{
    struct pt_bytes value;
    *out = (struct markers){0};
    enum pt_err err = pt_meta_get(txn, "marker", &value);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err;
    }
    struct pt_reader reader = pt_reader_on(value);
    pt_read_into(&reader, out->newest, sizeof out->newest);
    pt_read_into(&reader, out->before, sizeof out->before);
    out->known = pt_read_end(&reader) == PT_OK;
    return PT_OK;
}

static enum pt_err read_stale(struct pt_txn *txn, bool *stale)
{
    uint64_t said = 0;
    enum pt_err err = pt_meta_get_u64(txn, PT_META_STALE, &said);
    *stale = said != 0;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err pt_incarnation_mark(struct patuh *device, struct pt_problem *problem)
{
    struct pt_txn *txn;
    struct markers markers;
    uint8_t both[2 * MARKER_BYTES];
    char path[PATH_MAX];
    enum pt_err err = pt_store_begin(device->store, true, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = read_markers(txn, &markers);
    pt_random_fill(&device->random, both, MARKER_BYTES);
    memcpy(both + MARKER_BYTES, markers.newest, MARKER_BYTES);
    if (err == PT_OK) {
        err = pt_meta_put(txn, "marker", pt_bytes_of(both, sizeof both));
    }
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    err = pt_store_commit(txn);
    struct pt_buf text = {0};
    pt_hex_put(&text, pt_bytes_of(both, MARKER_BYTES));
    pt_buf_put_str(&text, "\n");
    if (err == PT_OK) {
        err = pt_path_join(path, sizeof path, device->folder, "marker");
    }
    if (err == PT_OK) {
        err = text.err == PT_OK ? pt_file_write(path, pt_buf_bytes(&text), 0600, problem) : text.err;
    }
    pt_buf_free(&text);
    return err;
}

static bool marker_fits(const struct patuh *device, const struct markers *markers)
{
    char path[PATH_MAX];
    uint8_t found[MARKER_BYTES];
    struct pt_buf text = {0};
    bool fits = pt_path_join(path, sizeof path, device->folder, "marker") == PT_OK &&
                pt_file_read(path, MARKER_FILE_BYTES, &text, NULL) == PT_OK && text.n == MARKER_FILE_BYTES &&
                pt_hex_read(pt_bytes_of(text.data, 2 * sizeof found), found, sizeof found) == PT_OK;
    pt_buf_free(&text);
    return fits &&
           (memcmp(found, markers->newest, sizeof found) == 0 || memcmp(found, markers->before, sizeof found) == 0);
}

/* --- opening --- */

static enum pt_err read_incarnation(struct patuh *device, bool *known, struct markers *markers)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin(device->store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_get_u64(txn, "previous", &device->previous);
    device->has_previous = err == PT_OK;
    if (err == PT_OK || err == PT_ENOTFOUND) {
        err = pt_meta_get_u64(txn, "incarnation", &device->incarnation);
    }
    *known = err == PT_OK;
    if (err == PT_OK || err == PT_ENOTFOUND) {
        err = read_markers(txn, markers);
    }
    if (err == PT_OK) {
        err = read_stale(txn, &markers->stale);
    }
    pt_store_abort(txn);
    return err;
}

static bool goes_on(const struct patuh *device, const struct markers *markers)
{
    return markers->known && !markers->stale && marker_fits(device, markers);
}

static enum pt_err first_incarnation(struct patuh *device)
{
    struct pt_txn *txn;
    uint64_t fresh = pt_random_u64(&device->random);
    enum pt_err err = pt_store_begin(device->store, true, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_put_u64(txn, "incarnation", fresh);
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    device->incarnation = fresh;
    return pt_store_commit(txn);
}

enum pt_err pt_incarnation_open(struct patuh *device, struct pt_problem *problem)
{
    bool known = false;
    struct markers markers;
    enum pt_err err = read_incarnation(device, &known, &markers);
    if (err == PT_OK && known && goes_on(device, &markers)) {
        return PT_OK;
    }
    if (err == PT_OK) {
        err = known && markers.known ? pt_incarnation_renew(device) : first_incarnation(device);
    }
    return err == PT_OK ? pt_incarnation_mark(device, problem) : err;
}
