/* cmd_status.c - patuhd status: who synced when, what waits where, why, and what to do. */
#include "command.h"
#include "core/log/receipts.h"
#include "core/store/keys.h"
#include "core/wire/unpack.h"
#include "directory.h"
#include "forks.h"
#include "io/clock.h"
#include "records.pb-c.h"
#include "renewal.h"

#include <stdio.h>
#include <string.h>

struct totals {
    size_t logs;
    uint64_t entries;
    uint64_t waiting_upper; /* entries without head office's receipt */
    size_t parked;
    size_t forked;
    size_t wanted;
};

static enum pt_err add_log(struct pt_txn *txn, const struct office *office, const struct pt_head *head,
                           struct totals *t)
{
    struct pt_arena arena;
    struct pt_receipted upper;
    t->logs++;
    t->entries += head->seq;
    t->parked += head->n_parked;
    t->forked += head->forked;
    if (office->national || pt_author_eq(&head->log.author, &office->root)) {
        return PT_OK;
    }
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_receipted(txn, head, PT_TIER_NATIONAL, &arena, &upper);
    if (err == PT_OK && upper.seq < head->seq) {
        t->waiting_upper += head->seq - upper.seq;
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err count_wanted(struct pt_txn *txn, struct totals *t)
{
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_WANTED, (struct pt_bytes){0});
    struct pt_bytes key;
    struct pt_bytes value;
    while (pt_rows_next(&rows, &key, &value)) {
        t->wanted++;
    }
    return pt_rows_end(&rows);
}

static enum pt_err collect(const struct office *office, struct totals *t)
{
    struct pt_txn *txn;
    struct pt_head *heads;
    struct pt_arena arena;
    size_t n = 0;
    enum pt_err err = pt_store_begin(office->store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    pt_arena_init(&arena, SIZE_MAX);
    err = pt_logs_list(txn, NULL, &arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = add_log(txn, office, &heads[i], t);
    }
    if (err == PT_OK) {
        err = count_wanted(txn, t);
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return err;
}

/* When a peer last showed itself; 0 = never. */
static enum pt_err last_seen(const struct office *office, const struct pt_author *author, int64_t *out)
{
    struct pt_txn *txn;
    struct pt_bytes value;
    ProtobufCMessage *message;
    struct pt_arena arena;
    struct pt_key key = pt_key_author(author);
    *out = 0;
    enum pt_err err = pt_store_begin(office->store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    pt_arena_init(&arena, SIZE_MAX);
    err = pt_store_get(txn, PT_TABLE_PEERS, pt_key_bytes(&key), &value);
    if (err == PT_OK) {
        err = pt_unpack(&patuh__peer_record__descriptor, value, &arena, &message);
    }
    if (err == PT_OK) {
        *out = ((const Patuh__PeerRecord *)message)->last_seen_ms;
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return err == PT_ENOTFOUND ? PT_OK : err;
}

struct peer_line {
    const char *kind;
    const char *name;
    char seen[24];
};

static void put_peer(struct command *c, bool json, const struct peer_line *line, bool first)
{
    if (json) {
        pt_buf_printf(&c->out, "%s{\"kind\":\"%s\",\"name\":\"%s\",\"last_seen\":\"%s\"}", first ? "" : ",", line->kind,
                      line->name, line->seen);
        return;
    }
    pt_buf_printf(&c->out, "%s\t%s\t%s\n", line->kind, line->name, line->seen);
}

static enum pt_err put_line(struct command *c, bool json, const char *kind, const char *name,
                            const struct pt_author *author, bool first)
{
    int64_t seen_ms = 0;
    struct peer_line line = {.kind = kind, .name = name};
    enum pt_err err = last_seen(c->office, author, &seen_ms);
    (void)pt_time_text(seen_ms / 1000, line.seen, sizeof line.seen);
    put_peer(c, json, &line, first);
    return err;
}

static enum pt_err put_peers(struct command *c, bool json, const struct directory *d)
{
    bool first = true;
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < d->authority.n_offices && err == PT_OK; i++) {
        const struct pt_office *office = &d->authority.offices[i];
        if (!pt_author_eq(&office->author, &c->office->author) && c->office->national) {
            err = put_line(c, json, "office", office->code, &office->author, first);
            first = false;
        }
    }
    for (size_t i = 0; i < d->authority.n_members && err == PT_OK; i++) {
        const struct pt_member *member = &d->authority.members[i];
        if (pt_author_eq(&member->office->author, &c->office->author)) {
            bool device = member->role == PATUH__ROLE__ROLE_DEVICE;
            err = put_line(c, json, device ? "device" : "reviewer", member->name, &member->author, first);
            first = false;
        }
    }
    return err;
}

static void put_count(struct command *c, enum pt_msg msg, uint64_t n)
{
    char number[24];
    if (n > 0) {
        (void)snprintf(number, sizeof number, "%llu", (unsigned long long)n);
        command_tell(c, msg, number, "");
    }
}

/* What has to be done, a sentence each; nothing to do says nothing. */
static void put_advice(struct command *c, const struct totals *t)
{
    put_count(c, PT_MSG_STATUS_UPPER, t->waiting_upper);
    put_count(c, PT_MSG_STATUS_PARKED, t->parked);
    put_count(c, PT_MSG_STATUS_WANTED, t->wanted);
    if (!c->office->joined) {
        command_tell(c, PT_MSG_OFFICE_NOT_JOINED, "", "");
    }
}

static void put_field(struct command *c, bool json, const char *name, const char *text)
{
    if (json) {
        pt_buf_printf(&c->out, "\"%s\":\"%s\",", name, text);
    } else {
        pt_buf_printf(&c->out, "%s\t%s\n", name, text);
    }
}

static void put_number(struct command *c, bool json, const char *name, uint64_t n)
{
    if (json) {
        pt_buf_printf(&c->out, "\"%s\":%llu,", name, (unsigned long long)n);
    } else {
        pt_buf_printf(&c->out, "%s\t%llu\n", name, (unsigned long long)n);
    }
}

static void put_counts(struct command *c, bool json, size_t n_assessments, const struct totals *t)
{
    pt_buf_put_str(&c->out, json ? "{" : "");
    put_field(c, json, "office", c->office->code);
    put_field(c, json, "role", c->office->national ? "national" : "regional");
    put_number(c, json, "assessments", n_assessments);
    put_number(c, json, "logs", t->logs);
    put_number(c, json, "entries", t->entries);
    put_number(c, json, "waiting_upper", t->waiting_upper);
    put_number(c, json, "parked", t->parked);
    put_number(c, json, "forked", t->forked);
    put_number(c, json, "wanted", t->wanted);
}

enum pt_err cmd_status(struct command *c)
{
    struct pt_option options[] = {{.name = "--json"}};
    struct directory directory = {0};
    struct totals t = {0};
    size_t n = 0;
    enum pt_err err = command_words(c, options, 1, NULL, 0, &n);
    if (err == PT_OK) {
        err = collect(c->office, &t);
    }
    if (err == PT_OK && c->office->joined) {
        err = directory_open(c->office, &directory);
    }
    if (err != PT_OK) {
        return err;
    }
    bool json = options[0].n > 0;
    put_counts(c, json, directory.n_assessments, &t);
    pt_buf_put_str(&c->out, json ? "\"peers\":[" : "");
    err = c->office->joined ? put_peers(c, json, &directory) : PT_OK;
    pt_buf_put_str(&c->out, json ? "]," : "");
    put_advice(c, &t);
    struct pt_json rest = {.out = &c->out};
    err = err == PT_OK ? forks_report(c, json ? &rest : NULL) : err;
    pt_buf_put_str(&c->out, json ? "}\n" : "");
    directory_close(&directory);
    return err == PT_OK ? renewal_tell(c) : err;
}
