/* cmd_revoke.c - patuhd revoke: a device or reviewer key that is lost or misused writes no more.
 *
 * What the author wrote until now stays (--after now), or until an entry of an assessment (--after ASSESSMENT:NUMBER);
 * whatever else comes is kept and counts nowhere. */
#include "base/text.h"
#include "commands/command.h"
#include "core/wire/pack.h"
#include "directory.h"
#include "io/clock.h"

#include <stdlib.h>
#include <string.h>

#define CUT_LOGS_PER_ENTRY 40 /* so that an entry fits into a chunk; the next one goes on */

struct revoking {
    const struct office *office;
    const struct pt_member *member;
    struct pt_subject subject; /* of the log that is cut earlier */
    uint64_t after;            /* its last entry that stands; UINT64_MAX: all that is here */
    const char *reason;
    struct pt_problem *problem;
};

static bool is_meant(const struct command *c, const struct pt_member *member, const char *word)
{
    struct pt_buf hex = {0};
    size_t n = strlen(word);
    pt_hex_put(&hex, pt_bytes_of(member->author.b, sizeof member->author.b));
    bool ours = c->office->national || strcmp(member->office->code, c->office->code) == 0;
    bool by_key = n >= 2 * (size_t)COMMAND_KEY_BYTES && hex.err == PT_OK && strncmp(pt_buf_text(&hex), word, n) == 0;
    pt_buf_free(&hex);
    return ours && !member->revoked && (by_key || strcmp(member->name, word) == 0);
}

/* One key of this office by name, or by the first digits of the key where a name has several. */
static enum pt_err find_member(struct command *c, const struct directory *d, const char *word,
                               const struct pt_member **out)
{
    size_t found = 0;
    struct pt_buf keys = {0}; /* "0a1b2c3d (62), ..." */
    for (size_t i = 0; i < d->authority.n_members; i++) {
        const struct pt_member *member = &d->authority.members[i];
        bool again = found > 0 && pt_author_eq(&(*out)->author, &member->author); /* two offices may name one key */
        if (!is_meant(c, member, word)) {
            continue;
        }
        *out = member;
        if (!again) {
            pt_buf_put_str(&keys, found++ == 0 ? "" : ", ");
            pt_hex_put(&keys, pt_bytes_of(member->author.b, COMMAND_KEY_BYTES));
            pt_buf_printf(&keys, " (%s)", member->office->code);
        }
    }
    enum pt_err err = keys.err;
    if (err == PT_OK && found != 1) {
        err = pt_problem_set(&c->problem, PT_ENOTFOUND, found == 0 ? PT_MSG_REVOKE_NOBODY : PT_MSG_REVOKE_SEVERAL, word,
                             found == 0 ? "" : pt_buf_text(&keys), NULL);
    }
    pt_buf_free(&keys);
    return err;
}

/* "now", or "ASSESSMENT:NUMBER". */
static enum pt_err read_after(struct command *c, const char *text, struct revoking *r)
{
    char name[PT_SUBJECT_BYTES_MAX + 1];
    int64_t seq = 0;
    r->after = UINT64_MAX;
    if (strcmp(text, "now") == 0) {
        return PT_OK;
    }
    const char *mark = strrchr(text, ':');
    size_t n = mark == NULL ? 0 : (size_t)(mark - text);
    bool good = n > 0 && n < sizeof name && pt_int_read(pt_bytes_str(mark + 1), &seq) == PT_OK && seq >= 0;
    if (good) {
        memcpy(name, text, n);
        name[n] = '\0';
        good = pt_subject_make(PT_SUBJECT_ASSESSMENT, name, &r->subject) == PT_OK;
    }
    r->after = (uint64_t)seq;
    return good ? PT_OK : command_usage(c, PT_MSG_REVOKE_AFTER, text);
}

/* How far this log of the author stands; 0 = not at all. Whole chunks only: a link says which chain is meant. */
static enum pt_err stands_until(struct revoking *r, struct pt_txn *txn, const struct pt_head *head,
                                struct pt_arena *arena, struct pt_view_chunk *out)
{
    struct pt_view view;
    bool limited = r->after != UINT64_MAX && pt_subject_eq(&head->log.subject, &r->subject);
    uint64_t upto = limited ? r->after : UINT64_MAX;
    enum pt_err err = pt_logs_view(txn, head, 0, false, arena, &view);
    *out = (struct pt_view_chunk){0};
    for (size_t i = 0; err == PT_OK && i < view.n_chunks && out->last_seq < upto; i++) {
        *out = view.chunks[i];
        out->last_seq = view.chunks[i].last_seq < upto ? view.chunks[i].last_seq : upto;
    }
    return err;
}

static enum pt_err put_entry(struct revoking *r, struct pt_txn *txn, Patuh__Revocation *detail, struct pt_arena *arena)
{
    struct pt_subject subject;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_REVOKE, pt_now_read().wall_ms / 1000);
    enum pt_err err = pt_pack(&detail->base, arena, &entry.detail);
    if (err == PT_OK) {
        err = pt_subject_make(PT_SUBJECT_OFFICE, r->office->code, &subject);
    }
    if (err == PT_OK) {
        err = office_log_in(txn, r->office, &subject, &entry, 1);
    }
    detail->has_continues = detail->continues = true;
    detail->n_cut = 0;
    return err;
}

static enum pt_err add_log(struct revoking *r, struct pt_txn *txn, const struct pt_head *head,
                           Patuh__Revocation *detail, struct pt_arena *arena)
{
    struct pt_view_chunk last;
    enum pt_err err = stands_until(r, txn, head, arena, &last);
    if (err != PT_OK || last.last_seq == 0) {
        return err;
    }
    Patuh__LogSeen *seen = pt_arena_zalloc(arena, 1, sizeof *seen);
    struct pt_bytes link = pt_arena_dup(arena, pt_hash_bytes(&last.link));
    if (seen == NULL || link.data == NULL) {
        return PT_ENOMEM;
    }
    patuh__log_seen__init(seen);
    seen->has_author = seen->has_incarnation = seen->has_seq = seen->has_link = true;
    seen->author = pt_binary(r->member->author.b, sizeof r->member->author.b);
    seen->incarnation = head->log.incarnation;
    seen->seq = last.last_seq;
    seen->link = pt_binary(link.data, link.n);
    detail->cut[detail->n_cut++] = seen;
    return detail->n_cut == CUT_LOGS_PER_ENTRY ? put_entry(r, txn, detail, arena) : PT_OK;
}

static enum pt_err write_all(struct revoking *r, struct pt_txn *txn, struct pt_arena *arena)
{
    struct pt_head *heads;
    size_t n = 0;
    Patuh__Revocation detail = PATUH__REVOCATION__INIT;
    detail.has_author = true;
    detail.author = pt_binary(r->member->author.b, sizeof r->member->author.b);
    detail.reason = pt_text_of(r->reason);
    detail.cut = pt_arena_zalloc(arena, CUT_LOGS_PER_ENTRY, sizeof *detail.cut);
    enum pt_err err = detail.cut == NULL ? PT_ENOMEM : pt_logs_list(txn, NULL, arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (pt_author_eq(&heads[i].log.author, &r->member->author)) {
            err = add_log(r, txn, &heads[i], &detail, arena);
        }
    }
    bool rest = detail.n_cut > 0 || !detail.continues;
    return err == PT_OK && rest ? put_entry(r, txn, &detail, arena) : err;
}

static enum pt_err run_revoke(struct pt_txn *txn, struct pt_write_req *req)
{
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = write_all(req->data, txn, &arena);
    pt_arena_close(&arena);
    return err;
}

enum pt_err cmd_revoke(struct command *c)
{
    struct pt_option options[] = {{.name = "--after", .has_value = true}, {.name = "--reason", .has_value = true}};
    const char *words[1];
    struct directory directory;
    struct revoking r = {.office = c->office, .problem = &c->problem};
    size_t n = 0;
    enum pt_err err = command_words(c, options, 2, words, 1, &n);
    if (err != PT_OK) {
        return err;
    }
    if (n == 0 || options[0].value == NULL) {
        return n == 0 ? command_usage(c, PT_MSG_WORD_NEEDED, "NAME|KEY")
                      : command_usage(c, PT_MSG_OPTION_NEEDED, "--after now|ASSESSMENT:NUMBER");
    }
    r.reason = options[1].value;
    err = r.reason == NULL ? PT_OK : command_check_reason(c, r.reason);
    if (err == PT_OK) {
        err = read_after(c, options[0].value, &r);
    }
    if (err != PT_OK) {
        return err;
    }
    err = directory_open(c->office, &directory);
    if (err != PT_OK) {
        return err;
    }
    err = find_member(c, &directory, words[0], &r.member);
    if (err == PT_OK) {
        err = office_write(c->office, run_revoke, &r);
    }
    if (err == PT_OK) {
        command_tell(c, r.after == UINT64_MAX ? PT_MSG_REVOKED_NOW : PT_MSG_REVOKED, words[0], options[0].value);
    }
    directory_close(&directory);
    return err;
}
