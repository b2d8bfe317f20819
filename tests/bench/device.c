/* device.c - one surveyor's device, through libpatuh: a day's entries, and a sync with what it cost.
 *
 *     bench_device fill FOLDER --n N [--seed S]     N entries into the tail of its first assessment, over a day's clock
 *     bench_device sync FOLDER                      rows: bytes, and milliseconds from the connection to the last
 * receipt Through libpatuh's own parts, so that the clock of a day can be played in a moment. */
#include "client/device.h"
#include "base/mem.h"
#include "bench.h"
#include "core/log/texts.h"
#include "corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct patuh *open_device(const char *folder)
{
    struct patuh *device;
    struct patuh_problem problem;
    if (patuh_open(folder, &device, &problem) != PATUH_OK) {
        bench_die(problem.text);
    }
    return device;
}

static struct pt_subject first_assessment(struct patuh *device)
{
    struct patuh_list list;
    struct patuh_problem problem;
    struct pt_subject subject;
    if (patuh_list(device, &list, &problem) != PATUH_OK || list.n_items == 0) {
        bench_die("the device has no assessment");
    }
    bench_must(pt_subject_make(PT_SUBJECT_ASSESSMENT, list.items[0].assessment, &subject), "assessment");
    patuh_list_free(&list);
    return subject;
}

static void put_entry(struct pt_txn *txn, struct pt_author_pen *pen, struct pt_head *head, struct writer *writer)
{
    struct corpus_text text;
    uint64_t seq;
    pen->wall_ms = writer->wall_s * 1000;
    struct pt_entry entry = corpus_next(writer, &text);
    if (text.n > 0) {
        bench_must(pt_text_put(txn, &head->log.subject, pt_bytes_of(text.bytes, text.n), &entry.value.text), "text");
    }
    bench_must(pt_tail_put(txn, pen, head, &entry, &seq), "entry");
}

static void fill(const char *folder, size_t n, uint64_t seed)
{
    struct patuh *device = open_device(folder);
    struct corpus corpus;
    struct pt_txn *txn;
    struct pt_head head;
    corpus_open(&corpus);
    struct pt_subject subject = first_assessment(device);
    struct pt_author_pen pen = pt_device_pen(device, &corpus.hash);
    struct writer writer = corpus_writer(&corpus, seed);
    bench_must(pt_store_begin_write(device->store, &txn), "begin");
    bench_must(pt_pen_log(txn, &pen, &subject, &head), "log");
    for (size_t i = 0; i < n; i++) {
        put_entry(txn, &pen, &head, &writer);
    }
    bench_must(pt_store_commit(txn), "commit");
    corpus_close(&corpus);
    patuh_close(device);
}

struct seen {
    double start;
    double last_receipt;
    uint32_t receipts;
};

static void on_progress(void *data, const struct patuh_counts *counts)
{
    struct seen *seen = data;
    if (counts->receipts > seen->receipts) {
        seen->receipts = counts->receipts;
        seen->last_receipt = bench_now();
    }
}

static void sync_once(const char *folder)
{
    struct patuh *device = open_device(folder);
    struct patuh_counts counts;
    struct patuh_problem problem;
    struct seen seen = {.start = bench_now()};
    if (patuh_sync(device, on_progress, &seen, &counts, &problem) != PATUH_OK) {
        bench_die(problem.text);
    }
    bench_row("sync.up", (double)counts.bytes_out, "B");
    bench_row("sync.down", (double)counts.bytes_in, "B");
    bench_row("sync.receipts", (double)counts.receipts, "");
    bench_row("sync.last_receipt", counts.receipts == 0 ? 0 : (seen.last_receipt - seen.start) * 1e3, "ms");
    bench_row("sync.whole", (bench_now() - seen.start) * 1e3, "ms");
    patuh_close(device);
}

int main(int argc, char **argv)
{
    bench_must(pt_crypto_init(), "crypto");
    if (argc >= 3 && strcmp(argv[1], "fill") == 0) {
        fill(argv[2], bench_number(argc, argv, "--n", CORPUS_DAY), bench_number(argc, argv, "--seed", 1));
    } else if (argc >= 3 && strcmp(argv[1], "sync") == 0) {
        sync_once(argv[2]);
    } else {
        (void)fputs("bench_device fill FOLDER --n N | sync FOLDER\n", stderr);
        return 2;
    }
    return 0;
}
