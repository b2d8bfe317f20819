/* kill9.c - kills a process that commits, at random points: everything it acknowledged has to be there.
 *
 * The child commits the workload and writes each number into a pipe when its commit has returned. The parent kills it
 * with SIGKILL after a random number of acknowledgements and a random while, and opens the store; the next child goes
 * on from there. usage: kill9 [SEED]; ends with "N passed, N failed". */
#include "io/store/store_lmdb.h"
#include "support/workload.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 30
#define ACKS_MAX 25
#define SPINS_MAX 300000

static const struct pt_store_lmdb_options options = {0};
static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % n;
}

static void need(bool good, const char *what)
{
    if (!good) {
        perror(what);
        exit(2);
    }
}

static _Noreturn void child_main(const char *dir, uint64_t done, int acks)
{
    struct pt_store *store;
    if (pt_store_lmdb_open(dir, NULL, &options, &store, NULL) != PT_OK) {
        _exit(2);
    }
    for (uint64_t k = done + 1;; k++) {
        if (workload_commit(store, k) != PT_OK || write(acks, &k, sizeof k) != (ssize_t)sizeof k) {
            _exit(2);
        }
    }
}

/* Starts a child, lets it work for a while, kills it; the last number it acknowledged. */
static uint64_t kill_once(const char *dir, uint64_t done)
{
    int ends[2];
    uint64_t acked = done;
    uint64_t number;
    need(pipe(ends) == 0, "pipe");
    pid_t child = fork();
    need(child >= 0, "fork");
    if (child == 0) {
        (void)close(ends[0]);
        child_main(dir, done, ends[1]);
    }
    (void)close(ends[1]);
    for (uint64_t left = random_below(ACKS_MAX) + 1; left > 0; left--) {
        need(read(ends[0], &number, sizeof number) == (ssize_t)sizeof number, "the child ended by itself");
        acked = number;
    }
    for (volatile uint64_t spins = random_below(SPINS_MAX); spins > 0; spins--) {
    }
    need(kill(child, SIGKILL) == 0, "kill");
    while (read(ends[0], &number, sizeof number) == (ssize_t)sizeof number) {
        acked = number;
    }
    (void)close(ends[0]);
    need(waitpid(child, NULL, 0) == child, "wait");
    return acked;
}

static const char *check(const char *dir, uint64_t acked, uint64_t *done)
{
    struct pt_store *store;
    if (pt_store_lmdb_open(dir, NULL, &options, &store, NULL) != PT_OK) {
        return "cannot be opened";
    }
    const char *wrong = workload_done(store, done) == PT_OK ? NULL : "the count cannot be read";
    if (wrong == NULL && (*done < acked || *done > acked + 1)) {
        wrong = "not what was acknowledged";
    }
    wrong = wrong == NULL ? workload_check(store, *done) : wrong;
    pt_store_close(store);
    return wrong;
}

static void folder_remove(const char *dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    char path[PATH_MAX + 16];
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

int main(int argc, char **argv)
{
    char dir[PATH_MAX];
    const char *parent = getenv("TMPDIR");
    uint64_t done = 0;
    int bad = 0;
    random_state = argc > 1 ? strtoull(argv[1], NULL, 0) : 20231;
    (void)printf("seed %llu\n", (unsigned long long)random_state);
    (void)snprintf(dir, sizeof dir, "%s/patuh-kill-XXXXXX", parent == NULL ? "/tmp" : parent);
    need(mkdtemp(dir) != NULL, dir);
    need(pt_crypto_init() == PT_OK, "crypto");
    for (int round = 0; round < ROUNDS; round++) {
        (void)fflush(NULL);
        uint64_t acked = kill_once(dir, done);
        const char *wrong = check(dir, acked, &done);
        if (wrong != NULL) {
            (void)printf("round %d, transaction %llu: %s\n", round, (unsigned long long)acked, wrong);
            bad++;
        }
    }
    folder_remove(dir);
    (void)printf("%llu transactions, %d kills\n", (unsigned long long)done, ROUNDS);
    (void)printf("%d passed, %d failed\n", ROUNDS - bad, bad);
    return bad == 0 ? 0 : 1;
}
