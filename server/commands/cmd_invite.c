/* cmd_invite.c - patuhd invite: a one-time code for a surveyor's device, a reviewer or an office. */
#include "assessments.h"
#include "chunk.pb-c.h"
#include "commands/command.h"
#include "core/store/meta.h"
#include "invites.h"
#include "io/clock.h"
#include "io/net/address.h"

#include <stdio.h>
#include <string.h>

enum { OPTION_SURVEYOR, OPTION_REVIEWER, OPTION_OFFICE, OPTION_TTL, OPTION_ADDRESS, OPTION_COUNT };

/* "90s", "12h", "7d"; a bare number is days. */
static enum pt_err read_ttl(struct command *c, const char *text, int64_t *out)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"s", 1}, {"h", 3600}, {"d", 24 * 3600}, {"", 24 * 3600}};
    int64_t n = 0;
    size_t digits = strspn(text, "0123456789");
    const char *unit = text + digits;
    bool good = pt_int_read(pt_bytes_of(text, digits), &n) == PT_OK && n > 0 && n <= 366;
    for (size_t i = 0; good && i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].name) == 0) {
            *out = n * units[i].seconds;
            return PT_OK;
        }
    }
    return command_usage(c, PT_MSG_INVITE_TTL, text);
}

static enum pt_err saved_address(struct command *c, char *out, size_t n)
{
    struct pt_txn *txn;
    struct pt_bytes value;
    enum pt_err err = pt_store_begin_read(c->office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_get(txn, PT_META_ADDRESS, &value);
    if (err == PT_OK) {
        (void)snprintf(out, n, "%.*s", (int)value.n, (const char *)value.data);
    } else if (err == PT_ENOTFOUND) {
        (void)snprintf(out, n, "%s", COMMAND_LISTEN_DEFAULT);
        err = PT_OK;
    }
    pt_store_abort(txn);
    return err;
}

/* What goes into the code must lead a device here. */
static enum pt_err check_address(struct command *c, const char *address)
{
    struct pt_address parsed;
    enum pt_err err = pt_address_read(address, &parsed, &c->problem);
    if (err != PT_OK) {
        return err;
    }
    bool any = strcmp(parsed.host, "0.0.0.0") == 0 || strcmp(parsed.host, "::") == 0;
    if (any || strlen(address) > PT_ADDRESS_BYTES_MAX) {
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_INVITE_ADDRESS, address, NULL);
    }
    return PT_OK;
}

/* Where registries are loaded, one of them knows the office; before the first one every code is good. */
static enum pt_err check_office(struct command *c, const char *code)
{
    struct pt_arena arena;
    const char **cycles;
    const char *asked = NULL;
    size_t n = 0;
    bool found = false;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = cycle_codes(c->office, &arena, &cycles, &n);
    for (size_t i = 0; i < n && err == PT_OK && !found; i++) {
        struct cycle_data cycle;
        err = cycle_data_open(c->office, cycles[i], &cycle);
        if (err == PT_OK) {
            asked = cycle.has_registry ? cycles[i] : asked;
            found = cycle.has_registry && pt_registry_office(&cycle.registry, code) != NULL;
            cycle_data_close(&cycle);
        }
    }
    if (err == PT_OK && asked != NULL && !found) {
        err = pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_INVITE_NO_OFFICE, code, asked, NULL);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err who(struct command *c, const struct pt_option *options, struct invite *invite)
{
    static const int roles[] = {PATUH__ROLE__ROLE_DEVICE, PATUH__ROLE__ROLE_REVIEWER, PATUH__ROLE__ROLE_REGIONAL};
    size_t given = 0;
    for (size_t i = OPTION_SURVEYOR; i <= OPTION_OFFICE; i++) {
        if (options[i].value != NULL) {
            given++;
            invite->role = roles[i];
            invite->name = options[i].value;
        }
    }
    if (given != 1) {
        return command_usage(c, PT_MSG_INVITE_ONE, "");
    }
    if (!person_name_ok(invite->name)) {
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_NAME_INVALID, invite->name, NULL);
    }
    if (options[OPTION_OFFICE].value != NULL && !c->office->national) {
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_OFFICE_ONLY_NATIONAL, "invite --office", NULL);
    }
    if (options[OPTION_OFFICE].value != NULL && strcmp(invite->name, c->office->code) == 0) { /* two would be one */
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_INVITE_OWN_CODE, invite->name, NULL);
    }
    if (options[OPTION_OFFICE].value != NULL) {
        enum pt_err err = check_office(c, invite->name);
        if (err != PT_OK) {
            return err;
        }
    }
    bool joined = c->office->joined;
    return joined ? PT_OK : pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_OFFICE_NOT_JOINED, NULL);
}

static enum pt_err run_put(struct pt_txn *txn, struct pt_write_req *req)
{
    return invite_put(txn, req->data);
}

/* The code goes to stdout, alone on its line; the sentence about it to stderr. */
static enum pt_err make(struct command *c, struct invite *invite, const char *address)
{
    struct pt_code code = {0};
    char until[24];
    struct pt_random random = pt_random_system();
    pt_random_fill(&random, invite->id, sizeof invite->id);
    pt_random_fill(&random, invite->secret, sizeof invite->secret);
    enum pt_err err = office_write(c->office, run_put, invite);
    if (err != PT_OK) {
        return err;
    }
    (void)snprintf(code.address, sizeof code.address, "%s", address);
    memcpy(code.id, invite->id, sizeof code.id);
    memcpy(code.secret, invite->secret, sizeof code.secret);
    pt_code_key_of(c->office->transport.public_key, code.key);
    command_tell(c, PT_MSG_INVITE_CODE, invite->name, pt_time_text(invite->expires_ms / 1000, until, sizeof until));
    pt_code_put(&c->out, &code);
    pt_buf_put_str(&c->out, "\n");
    return c->out.err;
}

enum pt_err cmd_invite(struct command *c)
{
    struct pt_option options[OPTION_COUNT] = {
        [OPTION_SURVEYOR] = {.name = "--surveyor", .has_value = true},
        [OPTION_REVIEWER] = {.name = "--reviewer", .has_value = true},
        [OPTION_OFFICE] = {.name = "--office", .has_value = true},
        [OPTION_TTL] = {.name = "--ttl", .has_value = true},
        [OPTION_ADDRESS] = {.name = "--address", .has_value = true},
    };
    struct invite invite = {0};
    char saved[PT_ADDRESS_BYTES_MAX + 1];
    int64_t ttl_s = PT_INVITE_TTL_S;
    size_t n = 0;
    enum pt_err err = command_words(c, options, OPTION_COUNT, NULL, 0, &n);
    if (err == PT_OK) {
        err = who(c, options, &invite);
    }
    if (err == PT_OK && options[OPTION_TTL].value != NULL) {
        err = read_ttl(c, options[OPTION_TTL].value, &ttl_s);
    }
    if (err == PT_OK) {
        err = saved_address(c, saved, sizeof saved);
    }
    const char *address = options[OPTION_ADDRESS].value != NULL ? options[OPTION_ADDRESS].value : saved;
    if (err == PT_OK) {
        err = check_address(c, address);
        c->usage = err == PT_EINVALID && options[OPTION_ADDRESS].value != NULL;
    }
    invite.expires_ms = pt_now_read().wall_ms + ttl_s * 1000;
    return err == PT_OK ? make(c, &invite, address) : err;
}
