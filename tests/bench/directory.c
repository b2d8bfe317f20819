/* directory.c - what an arrival costs the server's loop before anybody is told: the directory follows it.
 *
 *     bench_directory HEAD_OFFICE_FOLDER      rows: microseconds to read the directory anew, and to follow one
 *                                             assessment that its office opened and assigned */
#include "directory.h"
#include "bench.h"

#include <stdio.h>

#define ROUNDS 5

static double open_once(const struct office *office, struct directory *out)
{
    double start = bench_cpu();
    bench_must(directory_open(office, out), "directory");
    return bench_cpu() - start;
}

/* Everything that ever arrived, again: it reads every assessment that an office wrote about. */
static double follow_all(const struct office *office, struct directory *directory, const struct pt_news *news)
{
    double start = bench_cpu();
    bench_must(directory_follow(directory, office, news), "follow");
    return bench_cpu() - start;
}

int main(int argc, char **argv)
{
    struct office office;
    struct pt_problem problem = {0};
    struct pt_news news = {0};
    struct pt_txn *txn;
    uint64_t lsn = 0;
    double opened = 0;
    double followed = 0;
    size_t n = 0;
    bench_must(argc == 2 ? pt_crypto_init() : PT_EINVALID, "usage: bench_directory HEAD_OFFICE_FOLDER");
    bench_must(office_open(argv[1], &office, &problem), argv[1]);
    bench_must(pt_store_begin_read(office.store, &txn), "begin");
    bench_must(pt_news_read(txn, &lsn, &news), "arrivals");
    pt_store_abort(txn);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct directory directory;
        double open_s = open_once(&office, &directory);
        double follow_s = follow_all(&office, &directory, &news);
        opened = round == 0 || open_s < opened ? open_s : opened;
        followed = round == 0 || follow_s < followed ? follow_s : followed;
        n = directory.n_assessments;
        directory_close(&directory);
    }
    pt_news_close(&news);
    office_close(&office);
    bench_row("directory.assessments", (double)n, "");
    bench_row("directory.open", opened * 1e6, "us");
    bench_row("directory.follow", n == 0 ? 0 : followed * 1e6 / (double)n, "us an assessment");
    return 0;
}
