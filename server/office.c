#include "office.h"

#include "base/mem.h"
#include "chunk.pb-c.h"
#include "core/store/meta.h"
#include "core/wire/pack.h"
#include "io/clock.h"
#include "io/disk/files.h"
#include "io/keys/identity.h"
#include "io/store/store_lmdb.h"
#include "renewal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define ROLE_REGIONAL "regional"
#define ROLE_NATIONAL "national"

/* --- opening --- */

static enum pt_err take_lock(struct office *office, struct pt_problem *problem)
{
    char path[PATH_MAX];
    if (pt_path_join(path, sizeof path, office->dir, "lock") != PT_OK) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_OFFICE_NONE, office->dir, NULL);
    }
    office->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (office->lock < 0) {
        return pt_problem_set(problem, PT_ENOTFOUND, PT_MSG_OFFICE_NONE, office->dir, NULL);
    }
    if (flock(office->lock, LOCK_EX | LOCK_NB) != 0) {
        return pt_problem_set(problem, PT_EBUSY, PT_MSG_STORE_IN_USE, office->dir, NULL);
    }
    return PT_OK;
}

/* A key that others may read is used all the same, and said so. */
static enum pt_err load_key(const struct office *office, const char *name, struct pt_keypair *out,
                            struct pt_problem *problem)
{
    struct pt_problem warning = {0};
    enum pt_err err = pt_identity_load(office->dir, name, out, &warning, problem);
    if (err == PT_OK && warning.msg != PT_MSG_NONE) {
        pt_problem_print(stderr, &warning);
    }
    return err;
}

static enum pt_err open_parts(struct office *office, bool make, struct pt_problem *problem)
{
    char path[PATH_MAX];
    struct pt_store_lmdb_options options = pt_store_lmdb_defaults();
    struct pt_random random = pt_random_system();
    options.must_exist = !make;
    enum pt_err err = load_key(office, "author", &office->pair, problem);
    if (err == PT_OK) {
        err = load_key(office, "transport", &office->transport, problem);
    }
    if (err == PT_OK && (err = pt_path_join(path, sizeof path, office->dir, "store")) == PT_OK) {
        err = pt_store_lmdb_open(path, NULL, &options, &office->store, problem);
    }
    if (err == PT_OK) {
        err = pt_store_format_check(office->store, office->dir, problem);
    }
    if (err == PT_OK) {
        err = pt_store_rows_check(office->store, office->dir, problem);
    }
    if (err == PT_OK && (err = pt_path_join(path, sizeof path, office->dir, "blobs")) == PT_OK) {
        err = pt_blobs_open(path, NULL, &random, options.reserve, &office->blobs, problem);
    }
    office->author = pt_author_of(office->pair.public_key);
    return err;
}

static enum pt_err copy_text(struct pt_txn *txn, const char *name, char *out, size_t n)
{
    struct pt_bytes value;
    enum pt_err err = pt_meta_get(txn, name, &value);
    if (err == PT_OK && value.n >= n) {
        err = PT_EDAMAGED;
    }
    if (err == PT_OK) {
        memcpy(out, value.data, value.n);
        out[value.n] = '\0';
    }
    return err;
}

/* Who is above us: ourselves for head office, else what its answer says. */
static enum pt_err load_root(struct office *office, struct pt_txn *txn)
{
    struct pt_bytes answer;
    if (office->national) {
        office->joined = true;
        office->generation = 1;
        office->root = office->author;
        memcpy(office->root_key.b, office->pair.public_key, sizeof office->root_key.b);
        return pt_subject_make(PT_SUBJECT_OFFICE, office->code, &office->root_subject);
    }
    enum pt_err err = pt_meta_get(txn, PT_META_ENROLMENT, &answer);
    if (err == PT_ENOTFOUND) {
        return PT_OK; /* not joined yet */
    }
    struct pt_arena arena;
    struct pt_enrolment enrolment;
    pt_arena_init(&arena, SIZE_MAX);
    if (err == PT_OK) {
        err = pt_enrolment_read(answer, NULL, &arena, &enrolment);
    }
    if (err == PT_OK) {
        const struct pt_office_record *root = pt_enrolment_root(&enrolment);
        office->joined = true;
        office->generation = enrolment.offices[0].generation;
        office->root_key = root->key;
        office->root = pt_author_of(root->key.b);
        pt_buf_clear(&office->enrolment);
        pt_buf_put_bytes(&office->enrolment, answer);
        err = office->enrolment.err;
    }
    if (err == PT_OK) {
        err = pt_subject_make(PT_SUBJECT_OFFICE, pt_enrolment_root(&enrolment)->code, &office->root_subject);
    }
    if (err == PT_OK) {
        err = copy_text(txn, PT_META_UPPER_ADDRESS, office->upper_address, sizeof office->upper_address);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err load_identity(struct office *office, struct pt_problem *problem)
{
    struct pt_txn *txn;
    char role[16] = "";
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = copy_text(txn, PT_META_ROLE, role, sizeof role);
    bool known = strcmp(role, ROLE_NATIONAL) == 0 || strcmp(role, ROLE_REGIONAL) == 0;
    if ((err == PT_OK || err == PT_ENOTFOUND) && !known) {
        err = pt_problem_set(problem, PT_EVERSION, PT_MSG_OFFICE_ROLE, office->dir, role, NULL);
    }
    office->national = strcmp(role, ROLE_NATIONAL) == 0;
    if (err == PT_OK) {
        err = copy_text(txn, PT_META_CODE, office->code, sizeof office->code);
    }
    if (err == PT_OK) {
        err = copy_text(txn, PT_META_NAME, office->name, sizeof office->name);
    }
    if (err == PT_OK) {
        err = office_epoch(txn, &office->epoch);
    }
    if (err == PT_OK) {
        err = office_incarnation(txn, &office->incarnation);
    }
    if (err == PT_OK) {
        err = load_root(office, txn);
    }
    pt_store_abort(txn);
    return err;
}

static bool has_file(const char *dir, const char *name)
{
    char path[PATH_MAX];
    return pt_path_join(path, sizeof path, dir, name) == PT_OK && pt_file_exists(path);
}

/* Before anything is written into it: is this an office's folder? A device's has a key for its store as well. */
static enum pt_err check_folder(const char *dir, struct pt_problem *problem)
{
    if (has_file(dir, "store.key")) {
        return pt_problem_set(problem, PT_EVERSION, PT_MSG_OFFICE_ROLE, dir, "device", NULL);
    }
    bool found = has_file(dir, "author.key");
    return found ? PT_OK : pt_problem_set(problem, PT_ENOTFOUND, PT_MSG_OFFICE_NONE, dir, NULL);
}

enum pt_err office_open(const char *dir, struct office *out, struct pt_problem *problem)
{
    struct office office = {.lock = -1};
    (void)snprintf(office.dir, sizeof office.dir, "%s", dir);
    enum pt_err err = check_folder(dir, problem);
    if (err == PT_OK) {
        err = take_lock(&office, problem);
    }
    if (err == PT_OK) {
        err = open_parts(&office, false, problem);
    }
    if (err == PT_OK) {
        err = load_identity(&office, problem);
    }
    if (err == PT_OK) {
        err = office_check_marker(&office, problem);
    }
    if (err == PT_EDAMAGED && problem->msg == PT_MSG_NONE) {
        err = pt_problem_set(problem, err, PT_MSG_STORE_DAMAGED, dir, NULL);
    }
    if (err != PT_OK) {
        office_close(&office);
        return pt_problem_default(problem, err, "open");
    }
    *out = office;
    pt_keypair_wipe(&office.pair); /* the one copy of the secrets is the caller's */
    pt_keypair_wipe(&office.transport);
    return PT_OK;
}

void office_close(struct office *office)
{
    pt_store_close(office->store);
    pt_blobs_close(office->blobs);
    pt_keypair_wipe(&office->pair);
    pt_keypair_wipe(&office->transport);
    pt_buf_free(&office->enrolment);
    if (office->lock >= 0) {
        (void)close(office->lock);
    }
    *office = (struct office){.lock = -1};
}

struct pt_work_place office_place(const struct office *office)
{
    return (struct pt_work_place){
        .blobs = office->blobs, .root = office->root, .author = office->author, .name = office->code};
}

bool office_is_stopping(const struct office *office)
{
    return atomic_load(&office->stopping);
}

/* --- making --- */

/* Head office names itself in its log, so that everybody who has the log knows name and transport key. */
static enum pt_err write_own_office(struct pt_txn *txn, const struct office *office)
{
    struct pt_arena arena;
    Patuh__Office detail = PATUH__OFFICE__INIT;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_OFFICE, pt_now_read().wall_ms / 1000);
    detail.code = pt_text_of(office->code);
    detail.name = pt_text_of(office->name);
    detail.has_public_key = detail.has_transport_key = detail.has_generation = true;
    detail.public_key = pt_binary(office->pair.public_key, PT_KEY_BYTES);
    detail.transport_key = pt_binary(office->transport.public_key, PT_KEY_BYTES);
    detail.generation = 1;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pack(&detail.base, &arena, &entry.detail);
    if (err == PT_OK) {
        err = office_log_in(txn, office, &office->root_subject, &entry, 1);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err write_identity(struct pt_txn *txn, const struct office *office)
{
    enum pt_err err = pt_meta_put(txn, PT_META_ROLE, pt_bytes_str(office->national ? ROLE_NATIONAL : ROLE_REGIONAL));
    if (err == PT_OK) {
        err = pt_meta_put(txn, PT_META_CODE, pt_bytes_str(office->code));
    }
    if (err == PT_OK) {
        err = pt_meta_put(txn, PT_META_NAME, pt_bytes_str(office->name));
    }
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, PT_META_EPOCH, office->epoch);
    }
    return err == PT_OK ? pt_meta_put_u64(txn, PT_META_INCARNATION, office->incarnation) : err;
}

/* All of it in one transaction: a folder is an office's, with its name in its log, or it is not one yet. */
static enum pt_err fill_new(struct office *office, struct pt_problem *problem)
{
    struct pt_txn *txn;
    struct pt_random random = pt_random_system();
    office->epoch = pt_random_u64(&random);
    office->incarnation = pt_random_u64(&random);
    enum pt_err err = pt_store_begin_write(office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = write_identity(txn, office);
    if (err == PT_OK) {
        err = load_root(office, txn);
    }
    if (err == PT_OK && office->national) {
        err = write_own_office(txn, office);
    }
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    return pt_problem_default(problem, pt_store_commit(txn), "init");
}

static enum pt_err check_names(const char *code, const char *name, struct pt_problem *problem)
{
    struct pt_subject subject;
    if (strlen(code) > PT_OFFICE_CODE_BYTES_MAX || pt_subject_make(PT_SUBJECT_OFFICE, code, &subject) != PT_OK) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_OFFICE_CODE, code, NULL);
    }
    bool good = name[0] != '\0' && strlen(name) <= PT_NAME_BYTES_MAX && pt_utf8_ok(pt_bytes_str(name));
    return good ? PT_OK : pt_problem_set(problem, PT_EINVALID, PT_MSG_OFFICE_NAME, NULL);
}

/* A folder that a cut left without its role goes on where it was: keys that are there are kept. */
static enum pt_err make_keys(const char *dir, struct pt_problem *problem)
{
    static const char *const names[] = {"transport", "author"};
    struct pt_random random = pt_random_system();
    struct pt_keypair pair;
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < 2 && err == PT_OK; i++) {
        err = pt_identity_load_or_create(dir, names[i], &random, &pair, NULL, problem);
    }
    pt_keypair_wipe(&pair);
    return err;
}

/* EXISTS when the store says that it is an office's. */
static enum pt_err check_new(struct office *office, struct pt_problem *problem)
{
    struct pt_txn *txn;
    struct pt_bytes role;
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_get(txn, PT_META_ROLE, &role);
    pt_store_abort(txn);
    if (err == PT_OK) {
        return pt_problem_set(problem, PT_EEXISTS, PT_MSG_OFFICE_EXISTS, office->dir, NULL);
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err office_init(const char *dir, bool national, const char *code, const char *name, struct pt_problem *problem)
{
    char store_key[PATH_MAX];
    struct office office = {.lock = -1, .national = national};
    enum pt_err err = check_names(code, name, problem);
    if (err == PT_OK) {
        err = pt_path_join(store_key, sizeof store_key, dir, "store.key");
    }
    if (err == PT_OK && pt_file_exists(store_key)) { /* a surveyor's device lives here */
        err = pt_problem_set(problem, PT_EEXISTS, PT_MSG_INIT_DEVICE, dir, NULL);
    }
    if (err == PT_OK) {
        err = pt_folder_make(dir, 0700, problem);
    }
    (void)snprintf(office.dir, sizeof office.dir, "%s", dir);
    (void)snprintf(office.code, sizeof office.code, "%s", code);
    (void)snprintf(office.name, sizeof office.name, "%s", name);
    if (err == PT_OK) {
        err = take_lock(&office, problem);
    }
    if (err == PT_OK) {
        err = make_keys(dir, problem);
    }
    if (err == PT_OK) {
        err = open_parts(&office, true, problem);
    }
    if (err == PT_OK) {
        err = check_new(&office, problem);
    }
    if (err == PT_OK) {
        err = fill_new(&office, problem);
    }
    if (err == PT_OK) {
        err = office_mark(&office, problem);
    }
    office_close(&office);
    return pt_problem_default(problem, err, "init");
}

/* --- writing --- */

struct direct {
    pt_write_run run;
    void *data;
};

static enum pt_err write_direct(struct pt_store *store, const struct direct *direct)
{
    struct pt_txn *txn;
    struct pt_write_req req = {.data = direct->data};
    enum pt_err err = pt_store_begin_write(store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = direct->run(txn, &req);
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    return pt_store_commit(txn);
}

enum pt_err office_write(struct office *office, pt_write_run run, void *data)
{
    if (office->writer != NULL) {
        return pt_writer_call(office->writer, run, data, PT_CHUNK_BYTES_MAX);
    }
    return write_direct(office->store, &(struct direct){.run = run, .data = data});
}

/* The store says which incarnation it writes in: a command may run while the server finds that it has to take a new
 * one.
 */
enum pt_err office_incarnation(struct pt_txn *txn, uint64_t *out)
{
    return pt_meta_get_u64(txn, PT_META_INCARNATION, out);
}

enum pt_err office_epoch(struct pt_txn *txn, uint64_t *out)
{
    return pt_meta_get_u64(txn, PT_META_EPOCH, out);
}

enum pt_err office_pen(struct pt_txn *txn, const struct pt_keypair *pair, const struct pt_hash *instrument,
                       struct pt_author_pen *out)
{
    struct pt_now now = pt_now_read();
    *out = (struct pt_author_pen){
        .pair = pair,
        .wall_ms = now.wall_ms,
        .monotonic_ms = now.monotonic_ms,
        .boot = now.boot,
        .instrument = instrument,
    };
    enum pt_err err = pt_meta_get_u64(txn, PT_META_PREVIOUS_INCARNATION, &out->previous_incarnation);
    out->has_previous_incarnation = err == PT_OK;
    return err == PT_OK || err == PT_ENOTFOUND ? office_incarnation(txn, &out->incarnation) : err;
}

enum pt_err office_log_as(struct pt_txn *txn, const struct pt_keypair *pair, const struct pt_hash *instrument,
                          const struct pt_subject *subject, const struct pt_entry *entries, size_t n)
{
    struct pt_arena arena;
    struct pt_author_pen pen;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = office_pen(txn, pair, instrument, &pen);
    if (err == PT_OK) {
        err = pt_pen_write(txn, &pen, subject, entries, n, &arena);
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err office_log_in(struct pt_txn *txn, const struct office *office, const struct pt_subject *subject,
                          const struct pt_entry *entries, size_t n)
{
    return office_log_as(txn, &office->pair, NULL, subject, entries, n);
}

struct log_job {
    struct office *office;
    const struct pt_subject *subject;
    const struct pt_entry *entries;
    size_t n;
};

static enum pt_err run_log(struct pt_txn *txn, struct pt_write_req *req)
{
    const struct log_job *job = req->data;
    return office_log_in(txn, job->office, job->subject, job->entries, job->n);
}

enum pt_err office_log(struct office *office, const struct pt_subject *subject, const struct pt_entry *entries,
                       size_t n)
{
    struct log_job job = {.office = office, .subject = subject, .entries = entries, .n = n};
    return office_write(office, run_log, &job);
}

/* --- the chain --- */

enum pt_err office_chain(const struct office *office, const char *address, struct pt_arena *arena,
                         struct pt_office_record *out, size_t *n_out)
{
    if (!office->national) {
        struct pt_enrolment enrolment;
        enum pt_err err = pt_enrolment_read(pt_buf_bytes(&office->enrolment), NULL, arena, &enrolment);
        if (err != PT_OK) {
            return err;
        }
        memcpy(out, enrolment.offices, sizeof *out * enrolment.n_offices);
        *n_out = enrolment.n_offices;
        return PT_OK;
    }
    *out = (struct pt_office_record){
        .code = office->code, .name = office->name, .generation = 1, .tier = PT_TIER_NATIONAL};
    out->address = pt_arena_str(arena, address);
    memcpy(out->key.b, office->pair.public_key, sizeof out->key.b);
    memcpy(out->transport_key.b, office->transport.public_key, sizeof out->transport_key.b);
    *n_out = 1;
    return out->address == NULL ? PT_ENOMEM : pt_office_record_sign(out, &office->pair, arena);
}

struct enrolment_job {
    struct pt_bytes answer;
    const char *address;
};

static enum pt_err run_set_enrolment(struct pt_txn *txn, struct pt_write_req *req)
{
    const struct enrolment_job *job = req->data;
    enum pt_err err = pt_meta_put(txn, PT_META_ENROLMENT, job->answer);
    return err == PT_OK ? pt_meta_put(txn, PT_META_UPPER_ADDRESS, pt_bytes_str(job->address)) : err;
}

enum pt_err office_set_enrolment(struct office *office, struct pt_bytes answer, const char *address,
                                 struct pt_problem *problem)
{
    struct pt_txn *txn;
    struct enrolment_job job = {.answer = answer, .address = address};
    enum pt_err err = office_write(office, run_set_enrolment, &job);
    if (err == PT_OK) {
        err = pt_store_begin_read(office->store, &txn);
    }
    if (err == PT_OK) {
        err = load_root(office, txn);
        pt_store_abort(txn);
    }
    return pt_problem_default(problem, err, "join");
}
