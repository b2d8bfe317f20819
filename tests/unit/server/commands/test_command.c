/* A server that ends does not wait for a command that reads assessment after assessment. */
#include "commands/command.h"

#include "core/store/meta.h"
#include "unit/server/rollup/world.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(command, .timeout = 60);

struct desk {
    struct world w;
    struct office office; /* head office */
    char folder[32];
};

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

static void desk_open(struct desk *d)
{
    struct pt_random random = pt_random_system();
    struct pt_hash hash;
    struct pt_txn *txn;
    *d = (struct desk){.folder = "/tmp/patuh-command-XXXXXX"};
    cr_assert_not_null(mkdtemp(d->folder));
    world_open(&d->w, "2023");
    world_load_small(&d->w);
    world_load_registry(&d->w);
    world_assess(&d->w, "62.01/dinkes", "444");
    d->office = (struct office){.store = d->w.store, .joined = true, .national = true, .code = "pusat"};
    d->office.root = pt_author_of(d->w.pairs[WORLD_ROOT].public_key);
    d->office.pair = d->w.pairs[WORLD_ROOT];
    (void)snprintf(d->office.dir, sizeof d->office.dir, "%s", d->folder);
    cr_assert_eq(pt_blobs_open(d->folder, NULL, &random, (struct pt_disk_reserve){0}, &d->office.blobs, NULL), PT_OK);
    for (size_t i = 0; i < d->w.n_blobs; i++) {
        cr_assert_eq(pt_blobs_put(d->office.blobs, pt_buf_bytes(&d->w.blobs[i]), &hash), PT_OK);
    }
    cr_assert_eq(pt_store_begin_write(d->w.store, &txn), PT_OK);
    cr_assert_eq(pt_meta_put_u64(txn, PT_META_INCARNATION, 7), PT_OK);
    cr_assert_eq(pt_meta_put_u64(txn, PT_META_EPOCH, 8), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static void desk_close(struct desk *d)
{
    pt_blobs_close(d->office.blobs);
    cr_expect_eq(nftw(d->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    world_close(&d->w);
}

Test(command, gives_up_when_the_server_ends)
{
    static const struct {
        const char *name;
        int argc;
        const char *argv[4];
    } rows[] = {
        {"status", 0, {NULL}},
        {"review", 1, {"list"}},
        {"fix", 3, {"--cycle", "2023", "--check"}},
        {"rollup", 4, {"--cycle", "2023", "--out", "/nowhere"}},
    };
    struct desk d;
    desk_open(&d);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int stopping = 0; stopping < 2; stopping++) {
            struct command c = {.office = &d.office, .folder = "/", .argc = rows[i].argc, .argv = rows[i].argv};
            atomic_store(&d.office.stopping, stopping == 1);
            int code = command_run(&c, rows[i].name);
            bool lost = c.problem.msg == PT_MSG_SERVER_LOST;
            cr_expect_eq(lost, stopping == 1, "%s: %s", rows[i].name, pt_buf_text(&c.err));
            cr_expect(stopping == 0 || code == PT_EXIT_FAILED, "%s: %d", rows[i].name, code);
            command_close(&c);
        }
    }
    desk_close(&d);
}
