/* power_cut.c - cuts the power at every kind of moment while the store writes, and looks what is on the disk
 * afterwards.
 *
 * A run of the workload is recorded write by write (disk_shim.h). For a crash point the image of the file is built: all
 * that was synced, and of each later write every 512-byte sector kept or dropped by lot. The image is opened by the
 * store in a process of its own: it has to hold exactly the state after the last acknowledged transaction, or the one
 * that was on its way. Then writing goes on in it, recorded again, and the power is cut a second time in there: a free
 * list damaged by the first cut would show only then.
 * The same is done with a history that goes through the writer of the servers, where what that calls durable is
 * acknowledged. To see that the test can fail, it is also done with a disk that lies about syncs, and with a writer
 * that answers before it has committed (through_writer.h): losses must be found. usage: power_cut [SEED]; ends with "N
 * passed, N failed". */
#include "base/mem.h"
#include "io/store/store_lmdb.h"
#include "support/disk_shim.h"
#include "support/workload.h"
#include "through_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRANSACTIONS 120
#define MORE_TRANSACTIONS 4
#define SECTOR 512

#if defined(__SANITIZE_ADDRESS__)
/* A process costs ten times as much; and on a disk that lies LMDB runs into the damage, as it may, which the sanitizer
 * would call our error. */
static const size_t points = 100;
static const size_t points_writer = 30;
static const size_t points_lying = 0;
#else
static const size_t points = 320;
static const size_t points_writer = 80;
static const size_t points_lying = 60;
#endif

static const struct pt_store_lmdb_options options = {0};
static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % n;
}

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(2);
}

static void need(bool good, const char *what)
{
    if (!good) {
        give_up(what);
    }
}

/* The content of data.mdb. */
struct image {
    uint8_t *data;
    size_t n;
};

static void image_write(struct image *image, uint64_t offset, const uint8_t *data, size_t n)
{
    size_t end = (size_t)offset + n;
    if (n == 0) {
        return;
    }
    if (image->data == NULL || end > image->n) {
        image->data = pt_realloc(image->data, end);
        if (image->data == NULL) {
            give_up("memory");
        }
        memset(image->data + image->n, 0, end - image->n);
        image->n = end;
    }
    memcpy(image->data + offset, data, n);
}

enum keep { KEEP_NOTHING, KEEP_SOME, KEEP_ALL, KEEP_COUNT };

/* Each sector of a write, or by lot. */
static void image_apply(struct image *image, const struct disk_record *record, enum keep keep)
{
    for (size_t at = 0; at < record->n; at += SECTOR) {
        size_t n = record->n - at < SECTOR ? record->n - at : SECTOR;
        if (keep == KEEP_ALL || (keep == KEEP_SOME && random_below(2) == 0)) {
            image_write(image, record->offset + at, record->data + at, n);
        }
    }
}

static bool of_data(const struct disk_record *record)
{
    return strcmp(record->name, "data.mdb") == 0;
}

/* What the disk holds if the power goes after record `point`; `acked` is what was promised until then. The write in
 * flight at the point may be torn too, even one that would have been durable. */
static struct image image_at(const struct image *base, const struct disk_trace *trace, size_t point, bool lying,
                             uint64_t *acked)
{
    struct image image = {0};
    enum keep keep = (enum keep)random_below(KEEP_COUNT);
    size_t synced = 0; /* records before this are on the disk */
    image_write(&image, 0, base->data, base->n);
    for (size_t i = 0; i <= point && !lying; i++) {
        synced = trace->records[i].op == DISK_SYNC && of_data(&trace->records[i]) ? i : synced;
    }
    for (size_t i = 0; i <= point; i++) {
        const struct disk_record *record = &trace->records[i];
        bool durable = i < synced || (record->durable && !lying && i < point);
        if (record->op == DISK_ACK) {
            *acked = record->offset;
        } else if (record->op == DISK_WRITE && of_data(record)) {
            image_apply(&image, record, durable ? KEEP_ALL : keep);
        }
    }
    return image;
}

struct place {
    char dir[PATH_MAX];
    char data[PATH_MAX + 16];
    char lock[PATH_MAX + 16];
};

static void place_make(struct place *place)
{
    const char *parent = getenv("TMPDIR");
    (void)snprintf(place->dir, sizeof place->dir, "%s/patuh-cut-XXXXXX", parent == NULL ? "/tmp" : parent);
    need(mkdtemp(place->dir) != NULL, place->dir);
    (void)snprintf(place->data, sizeof place->data, "%s/data.mdb", place->dir);
    (void)snprintf(place->lock, sizeof place->lock, "%s/lock.mdb", place->dir);
}

static void place_clear(const struct place *place)
{
    (void)unlink(place->data);
    (void)unlink(place->lock);
}

static void place_remove(const struct place *place)
{
    place_clear(place);
    (void)rmdir(place->dir);
}

static void place_fill(const struct place *place, const struct image *image)
{
    place_clear(place);
    int fd = open(place->data, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    need(fd >= 0, place->data);
    for (size_t at = 0; at < image->n;) {
        ssize_t n = write(fd, image->data + at, image->n - at);
        need(n > 0, place->data);
        at += (size_t)n;
    }
    (void)close(fd);
}

enum way { BY_ITSELF, THROUGH_WRITER, THROUGH_EARLY_WRITER };

static bool commit_all(struct pt_store *store, uint64_t first, uint64_t last)
{
    for (uint64_t k = first; k <= last; k++) {
        if (workload_commit(store, k) != PT_OK) {
            return false;
        }
        disk_shim_ack(k);
    }
    return true;
}

/* Runs transactions first..last in the store of the place, recorded. */
static void workload_record(const struct place *place, uint64_t first, uint64_t last, enum way way,
                            struct disk_trace *trace)
{
    struct pt_store *store;
    disk_shim_watch(place->dir);
    disk_shim_record(trace);
    need(pt_store_lmdb_open(place->dir, NULL, &options, &store, NULL) == PT_OK, "open");
    bool good = way == BY_ITSELF ? commit_all(store, first, last)
                                 : through_writer(store, first, last, way == THROUGH_EARLY_WRITER);
    need(good, "commit");
    pt_store_close(store);
    disk_shim_record(NULL);
}

/* NULL when the image holds what was acknowledged (or one transaction more, *done); else what is wrong. */
static const char *image_check(const struct place *place, uint64_t acked, uint64_t *done)
{
    struct pt_store *store;
    if (pt_store_lmdb_open(place->dir, NULL, &options, &store, NULL) != PT_OK) {
        return "cannot be opened";
    }
    const char *wrong = workload_done(store, done) == PT_OK ? NULL : "the count cannot be read";
    if (wrong == NULL && *done < acked) {
        wrong = "an acknowledged transaction is lost";
    } else if (wrong == NULL && *done > acked + 1) {
        wrong = "a transaction from the future";
    }
    wrong = wrong == NULL ? workload_check(store, *done) : wrong;
    pt_store_close(store);
    return wrong;
}

/* Writing goes on in a recovered image; the power is cut once more at a random point of that. */
static const char *second_cut(const struct place *place, const struct image *base, uint64_t done)
{
    struct disk_trace trace = {0};
    uint64_t acked = done;
    workload_record(place, done + 1, done + MORE_TRANSACTIONS, BY_ITSELF, &trace);
    const char *wrong = image_check(place, done + MORE_TRANSACTIONS, &done);
    if (wrong != NULL) {
        return wrong;
    }
    struct image image = image_at(base, &trace, (size_t)random_below(trace.n), false, &acked);
    place_fill(place, &image);
    wrong = image_check(place, acked, &done);
    pt_free(image.data);
    disk_trace_free(&trace);
    return wrong;
}

/* In a process of its own, because a damaged file may end it. */
static bool point_is_good(const struct place *place, const struct image *image, uint64_t acked, bool quiet)
{
    uint64_t fork_state = random_below(UINT64_MAX);
    (void)fflush(NULL);
    pid_t child = fork();
    need(child >= 0, "fork");
    if (child == 0) {
        uint64_t done = 0;
        random_state = fork_state;
        place_fill(place, image);
        const char *wrong = image_check(place, acked, &done);
        if (wrong == NULL && !quiet) {
            place_fill(place, image);
            wrong = second_cut(place, image, done);
        }
        if (wrong != NULL && !quiet) {
            (void)printf("after transaction %llu: %s\n", (unsigned long long)acked, wrong);
            (void)fflush(stdout);
        }
        _exit(wrong == NULL ? 0 : 1);
    }
    int status;
    need(waitpid(child, &status, 0) == child, "wait");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The number of bad crash points. */
static size_t cut_everywhere(const struct place *place, const struct disk_trace *trace, size_t n, bool lying,
                             bool quiet)
{
    static const struct image nothing;
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t acked = 0;
        size_t from = trace->n * i / n;
        size_t to = trace->n * (i + 1) / n;
        size_t point = from + (size_t)random_below(to > from ? to - from : 1);
        struct image image = image_at(&nothing, trace, point, lying, &acked);
        bad += !point_is_good(place, &image, acked, quiet);
        pt_free(image.data);
    }
    return bad;
}

/* A history of its own; the number of bad crash points. */
static size_t cut_history(enum way way, size_t n, size_t n_lying, size_t *lost)
{
    struct place place;
    struct disk_trace trace = {0};
    place_make(&place);
    workload_record(&place, 1, TRANSACTIONS, way, &trace);
    size_t bad = cut_everywhere(&place, &trace, n, false, way == THROUGH_EARLY_WRITER);
    *lost = cut_everywhere(&place, &trace, n_lying, true, true);
    (void)printf("%zu records, %zu crash points, %zu bad; %zu of %zu bad on a disk that lies\n", trace.n, n, bad, *lost,
                 n_lying);
    disk_trace_free(&trace);
    place_remove(&place);
    return bad;
}

int main(int argc, char **argv)
{
    size_t lost;
    size_t none;
    unsigned long long seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20231;
    random_state = seed;
    need(pt_crypto_init() == PT_OK, "crypto");
    (void)printf("seed %llu\n", seed);
    size_t bad = cut_history(BY_ITSELF, points, points_lying, &lost);
    bad += cut_history(THROUGH_WRITER, points_writer, 0, &none);
    (void)printf("a writer that answers before it has committed:\n");
    bool bites = cut_history(THROUGH_EARLY_WRITER, points_writer, 0, &none) > points_writer / 10;
    bites = bites && (points_lying == 0 || lost > points_lying / 10);
    size_t passed = points + points_writer - bad + bites;
    size_t failed = bad + !bites;
    (void)printf("%zu passed, %zu failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
