#include "io/store/marker.h"

#include "core/log/logs.h"
#include "core/store/meta.h"
#include "io/disk/files.h"

#include <limits.h>
#include <string.h>

#define MARKER_BYTES 16
#define MARKER_FILE_BYTES (2 * MARKER_BYTES + 1) /* in hexadecimal, and a line end */

struct markers {
    bool known;
    uint8_t newest[MARKER_BYTES];
    uint8_t before[MARKER_BYTES];
};

static enum pt_err read_markers(struct pt_txn *txn, struct markers *out)
{
    struct pt_bytes value;
    *out = (struct markers){0};
    enum pt_err err = pt_meta_get(txn, PT_META_MARKER, &value);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err;
    }
    struct pt_reader reader = pt_reader_on(value);
    pt_read_into(&reader, out->newest, sizeof out->newest);
    pt_read_into(&reader, out->before, sizeof out->before);
    out->known = pt_read_end(&reader) == PT_OK;
    return PT_OK;
}

static bool read_file(const char *dir, uint8_t found[MARKER_BYTES])
{
    char path[PATH_MAX];
    struct pt_buf text = {0};
    bool good = pt_path_join(path, sizeof path, dir, "marker") == PT_OK &&
                pt_file_read(path, MARKER_FILE_BYTES, &text, NULL) == PT_OK && text.n == MARKER_FILE_BYTES &&
                pt_hex_read(pt_bytes_of(text.data, 2 * MARKER_BYTES), found, MARKER_BYTES) == PT_OK;
    pt_buf_free(&text);
    return good;
}

static bool is_known(const uint8_t found[MARKER_BYTES], const struct markers *markers)
{
    return memcmp(found, markers->newest, MARKER_BYTES) == 0 || memcmp(found, markers->before, MARKER_BYTES) == 0;
}

static bool file_fits(const char *dir, const struct markers *markers)
{
    uint8_t found[MARKER_BYTES];
    return read_file(dir, found) && is_known(found, markers);
}

/* What the file holds until the new one is written, which may fail time after time, on a full disk for instance. */
static void keep_before(const char *dir, const struct markers *markers, uint8_t out[MARKER_BYTES])
{
    uint8_t found[MARKER_BYTES];
    bool fits = read_file(dir, found) && is_known(found, markers);
    memcpy(out, fits ? found : markers->newest, MARKER_BYTES);
}

enum pt_err pt_marker_check(struct pt_store *store, const char *dir, enum pt_marker *out)
{
    struct pt_txn *txn;
    struct markers markers;
    enum pt_err err = pt_store_begin_read(store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = read_markers(txn, &markers);
    pt_store_abort(txn);
    if (err == PT_OK && !markers.known) {
        *out = PT_MARKER_NONE;
    } else if (err == PT_OK) {
        *out = file_fits(dir, &markers) ? PT_MARKER_FITS : PT_MARKER_FOREIGN;
    }
    return err;
}

static enum pt_err put_file(const char *dir, struct pt_bytes marker, struct pt_problem *problem)
{
    char path[PATH_MAX];
    struct pt_buf text = {0};
    pt_hex_put(&text, marker);
    pt_buf_put_str(&text, "\n");
    enum pt_err err = text.err;
    if (err == PT_OK) {
        err = pt_path_join(path, sizeof path, dir, "marker");
    }
    if (err == PT_OK) {
        err = pt_file_write(path, pt_buf_bytes(&text), 0600, problem);
    }
    pt_buf_free(&text);
    return err;
}

enum pt_err pt_marker_write(struct pt_store *store, const char *dir, const struct pt_random *random,
                            struct pt_problem *problem)
{
    struct pt_txn *txn;
    struct markers markers;
    uint8_t both[2 * MARKER_BYTES];
    enum pt_err err = pt_store_begin_write(store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = read_markers(txn, &markers);
    if (err == PT_OK) {
        pt_random_fill(random, both, MARKER_BYTES);
        keep_before(dir, &markers, both + MARKER_BYTES);
        err = pt_meta_put(txn, PT_META_MARKER, pt_bytes_of(both, sizeof both));
    }
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    err = pt_store_commit(txn);
    return err == PT_OK ? put_file(dir, pt_bytes_of(both, MARKER_BYTES), problem) : err;
}
