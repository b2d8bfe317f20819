/* copy.c - the peer of `load arrive`: PostgreSQL's COPY of the same number of bare rows over as many TLS connections.
 *
 *     bench_copy CONNECTION_STRING [--n N]
 *
 * N connections are begun at the same moment; each copies a day's rows in a transaction of its own. Only where libpq is
 * there. */
#include "bench.h"
#include "corpus.h"
#include "surveyor.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECTIONS_MAX 200

struct copying {
    const char *connection;
    size_t number;
    pthread_barrier_t *together;
    struct pt_buf rows;
    double done;
};

static void make_rows(struct copying *c, const struct corpus *corpus)
{
    struct writer writer = corpus_writer(corpus, c->number);
    struct corpus_text text;
    char unit[32];
    surveyor_unit(c->number, unit, sizeof unit);
    for (size_t i = 0; i < CORPUS_DAY; i++) {
        struct pt_entry entry = corpus_next(&writer, &text);
        pt_buf_printf(&c->rows, "%s\t%zu\t%u\t%lld\t%lld\t%.*s\n", unit, i + 1, entry.question, (long long)entry.wall_s,
                      (long long)entry.value.choices + entry.value.number.mantissa, text.n > 16 ? (int)text.n - 16 : 0,
                      (const char *)text.bytes + 16);
    }
    bench_must(c->rows.err, "rows");
}

static void demand(PGconn *connection, bool good)
{
    if (!good) {
        bench_die(PQerrorMessage(connection));
    }
}

static void *copy(void *data)
{
    struct copying *c = data;
    (void)pthread_barrier_wait(c->together);
    PGconn *connection = PQconnectdb(c->connection);
    demand(connection, PQstatus(connection) == CONNECTION_OK && PQsslInUse(connection));
    PGresult *result = PQexec(connection, "COPY entry FROM STDIN");
    demand(connection, PQresultStatus(result) == PGRES_COPY_IN);
    PQclear(result);
    demand(connection, PQputCopyData(connection, pt_buf_text(&c->rows), (int)c->rows.n) == 1 &&
                           PQputCopyEnd(connection, NULL) == 1);
    result = PQgetResult(connection);
    demand(connection, PQresultStatus(result) == PGRES_COMMAND_OK);
    c->done = bench_now();
    PQclear(result);
    PQfinish(connection);
    return NULL;
}

static void make_table(const char *connection_string)
{
    PGconn *connection = PQconnectdb(connection_string);
    demand(connection, PQstatus(connection) == CONNECTION_OK);
    PGresult *result = PQexec(connection, "DROP TABLE IF EXISTS entry; CREATE TABLE entry(unit text, seq int, question "
                                          "int, wall bigint, value bigint, said text)");
    demand(connection, PQresultStatus(result) == PGRES_COMMAND_OK);
    PQclear(result);
    PQfinish(connection);
}

int main(int argc, char **argv)
{
    static struct copying all[CONNECTIONS_MAX];
    static pthread_t threads[CONNECTIONS_MAX];
    pthread_barrier_t together;
    struct corpus corpus;
    size_t n = bench_number(argc, argv, "--n", 100);
    double last = 0;
    if (argc < 2 || n > CONNECTIONS_MAX) {
        (void)fputs("bench_copy CONNECTION_STRING [--n N]\n", stderr);
        return 2;
    }
    bench_must(pt_crypto_init(), "crypto");
    corpus_open(&corpus);
    make_table(argv[1]);
    (void)pthread_barrier_init(&together, NULL, (unsigned)n + 1);
    for (size_t i = 0; i < n; i++) {
        all[i] = (struct copying){.connection = argv[1], .number = i, .together = &together};
        make_rows(&all[i], &corpus);
        bench_must(pthread_create(&threads[i], NULL, copy, &all[i]) == 0 ? PT_OK : PT_ENOMEM, "thread");
    }
    (void)pthread_barrier_wait(&together);
    double start = bench_now();
    for (size_t i = 0; i < n; i++) {
        (void)pthread_join(threads[i], NULL);
        last = all[i].done > last ? all[i].done : last;
        pt_buf_free(&all[i].rows);
    }
    bench_row("arrive.copy", (last - start) * 1e3, "ms");
    corpus_close(&corpus);
    return 0;
}
