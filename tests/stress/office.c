/* office.c - commands on worker threads beside a loop whose store goes back in time again and again; meant for the
 * thread sanitizer.
 *
 * Three threads run commands as the control socket does, each an office's everyday work; the loop takes a new epoch and
 * a new incarnation at every tick (office_renew). Every command succeeds. Usage: office FOLDER_WITH_DATA; ends with "N
 * passed, N failed". */
#include "commands/command.h"
#include "renewal.h"

#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define ROUNDS 30
#define TICK_MS 3
#define UNIT "2023/62.71/disdukcapil"
#define N_THREADS 3

static struct office office;
static uv_loop_t loop;
static uv_timer_t ticker;
static atomic_uint n_running = N_THREADS;
static atomic_uint n_failed;
static unsigned n_renewed;

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "%s failed\n", what);
        exit(2);
    }
}

static int run(const char *name, int argc, const char *const *argv)
{
    struct command command = {.office = &office, .folder = "/", .argc = argc, .argv = argv};
    int code = command_run(&command, name);
    if (code != PT_EXIT_GOOD) {
        (void)fprintf(stderr, "%s: %s", name, pt_buf_text(&command.err));
        atomic_fetch_add(&n_failed, 1);
    }
    command_close(&command);
    return code;
}

static void ask_status(void *data)
{
    (void)data;
    for (unsigned i = 0; i < ROUNDS; i++) {
        (void)run("status", 1, (const char *[]){"--json"});
    }
    atomic_fetch_sub(&n_running, 1);
}

static void check_result(void *data)
{
    (void)data;
    for (unsigned i = 0; i < ROUNDS; i++) {
        (void)run("fix", 3, (const char *[]){"--cycle", "2023", "--check"});
    }
    atomic_fetch_sub(&n_running, 1);
}

static void assign(void *data)
{
    static const char *const names[] = {"ana", "budi"};
    (void)data;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const char *words[] = {UNIT, "--surveyor", names[(i + 1) % 2], "--instead-of", names[i % 2]};
        (void)run("assign", 5, words);
    }
    atomic_fetch_sub(&n_running, 1);
}

static void on_writer_stopped(void *data)
{
    (void)data;
    office.writer = NULL;
}

static void on_tick(uv_timer_t *timer)
{
    if (atomic_load(&n_running) == 0) {
        uv_close((uv_handle_t *)timer, NULL);
        pt_writer_stop(office.writer, on_writer_stopped, NULL);
        return;
    }
    need(office_renew(&office, "stress") == PT_OK, "renewal");
    n_renewed++;
}

static void prepare(const char *dir, const char *data)
{
    char instrument[PATH_MAX];
    char registry[PATH_MAX];
    struct pt_problem problem = {0};
    need(pt_crypto_init() == PT_OK, "sodium");
    (void)snprintf(instrument, sizeof instrument, "%s/instrument", data);
    (void)snprintf(registry, sizeof registry, "%s/registry", data);
    need(office_init(dir, true, "62", "Kantor", &problem) == PT_OK, "init");
    need(office_open(dir, &office, &problem) == PT_OK, "open");
    need(run("load", 2, (const char *[]){"instrument", instrument}) == PT_EXIT_GOOD, "instrument");
    need(run("load", 2, (const char *[]){"registry", registry}) == PT_EXIT_GOOD, "registry");
    need(run("assign", 3, (const char *[]){UNIT, "--surveyor", "ana"}) == PT_EXIT_GOOD, "assignment");
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

int main(int argc, char **argv)
{
    static void (*const work[N_THREADS])(void *data) = {ask_status, check_result, assign};
    char dir[] = "/tmp/patuh-stress-XXXXXX";
    uv_thread_t threads[N_THREADS];
    need(argc == 2 && mkdtemp(dir) != NULL, "usage: office FOLDER_WITH_DATA; folder");
    prepare(dir, argv[1]);
    need(uv_loop_init(&loop) == 0, "loop");
    need(pt_writer_start(&loop, office.store, &office.writer) == PT_OK, "writer");
    need(uv_timer_init(&loop, &ticker) == 0 && uv_timer_start(&ticker, on_tick, 0, TICK_MS) == 0, "timer");
    for (unsigned i = 0; i < N_THREADS; i++) {
        need(uv_thread_create(&threads[i], work[i], NULL) == 0, "thread");
    }
    need(uv_run(&loop, UV_RUN_DEFAULT) == 0, "run");
    for (unsigned i = 0; i < N_THREADS; i++) {
        need(uv_thread_join(&threads[i]) == 0, "join");
    }
    need(uv_loop_close(&loop) == 0, "close");
    office_close(&office);
    (void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    (void)fprintf(stderr, "%u renewals beside %u commands\n", n_renewed, N_THREADS * ROUNDS);
    bool good = atomic_load(&n_failed) == 0 && n_renewed > 0;
    (void)printf("%d passed, %d failed\n", good, !good);
    return good ? 0 : 1;
}
