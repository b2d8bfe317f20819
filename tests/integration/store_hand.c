/* store_hand.c - writes straight into an office's store while no server has it open.
 *
 *     store_hand DIR approve ASSESSMENT               everything that is there, for head office
 *     store_hand DIR decide ASSESSMENT PATH VALUE
 *     store_hand DIR logs ASSESSMENT N                N logs of as many strangers, an entry each */
#include "core/instrument/instrument.h"
#include "core/merge/seen.h"
#include "core/wire/pack.h"
#include "cycle_data.h"
#include "io/clock.h"
#include "office.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int die(const char *what)
{
    (void)fprintf(stderr, "store_hand: %s\n", what);
    exit(1);
}

static void need(enum pt_err err, const char *what)
{
    if (err != PT_OK) {
        die(what);
    }
}

struct scene {
    struct office office;
    struct pt_arena arena;
    struct pt_subject subject;
    struct pt_view *views;
    size_t n_views;
};

static void read_views(struct scene *s)
{
    struct pt_txn *txn;
    need(pt_store_begin_read(s->office.store, &txn), "store");
    need(pt_logs_views(txn, &s->subject, 0, false, &s->arena, &s->views, &s->n_views), "logs");
    pt_store_abort(txn);
}

/* instrument: of what the entry says about a question; NULL for a move. */
static void write_entry(struct scene *s, const struct pt_entry *entry, const struct pt_hash *instrument)
{
    struct pt_author_pen pen = {.pair = &s->office.pair, .incarnation = s->office.incarnation};
    struct pt_txn *txn;
    pen.wall_ms = pt_now_read().wall_ms;
    pen.instrument = instrument;
    need(pt_store_begin_write(s->office.store, &txn), "store");
    need(pt_pen_write(txn, &pen, &s->subject, entry, 1, &s->arena), "write");
    need(pt_store_commit(txn), "commit");
}

static void approve(struct scene *s)
{
    Patuh__Move move = PATUH__MOVE__INIT;
    struct pt_log_id own = {.subject = s->subject, .author = s->office.author, .incarnation = s->office.incarnation};
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, pt_now_read().wall_ms / 1000);
    need(pt_seen_cut(NULL, s->views, s->n_views, &own, &s->arena, &move), "cut");
    move.has_to = true;
    move.to = PATUH__STATE__STATE_APPROVED_NATIONAL;
    need(pt_pack(&move.base, &s->arena, &entry.detail), "move");
    write_entry(s, &entry, NULL);
}

/* Replaces every answer to the question that is there. */
static void decide(struct scene *s, const char *cycle, const char *path, const char *value)
{
    Patuh__Decision decision = PATUH__DECISION__INIT;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_DECIDE, pt_now_read().wall_ms / 1000);
    struct pt_entry_ref refs[PT_ENTRY_REPLACES_MAX];
    struct cycle_data data;
    char instance[PT_INSTANCE_BYTES_MAX + 1];
    uint32_t node;
    need(cycle_data_open(&s->office, cycle, &data), "cycle");
    need(pt_path_read(&data.instrument, path, &node, instance, NULL), "path");
    need(pt_value_read(&data.instrument, node, value, &entry.value, NULL), "value");
    entry.question = data.instrument.nodes[node].number;
    entry.instance = instance;
    for (size_t v = 0; v < s->n_views; v++) {
        const struct pt_view *view = &s->views[v];
        for (size_t i = 0; i < view->n_entries && entry.n_replaces < PT_ENTRY_REPLACES_MAX; i++) {
            const struct pt_entry *e = &view->entries[i];
            if (e->kind == PATUH__ENTRY_KIND__ENTRY_ANSWER && e->question == entry.question) {
                struct pt_entry_ref *ref = &refs[entry.n_replaces++];
                *ref = (struct pt_entry_ref){.author = view->log.author, .seq = i + 1};
                ref->incarnation = view->log.incarnation;
                memcpy(ref->link, pt_view_chunk_of(view, i + 1)->link.b, sizeof ref->link);
            }
        }
    }
    entry.replaces = refs;
    need(pt_pack(&decision.base, &s->arena, &entry.detail), "decision");
    write_entry(s, &entry, &pt_cycle_current(&data.cycle, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT)->blob);
    cycle_data_close(&data);
}

static void add_logs(struct scene *s, unsigned long n)
{
    struct pt_random random = pt_random_system();
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_PLACE, pt_now_read().wall_ms / 1000);
    Patuh__Place place = PATUH__PLACE__INIT;
    struct pt_keypair pair;
    struct pt_author_pen pen = {.pair = &pair, .incarnation = 1, .wall_ms = pt_now_read().wall_ms};
    struct pt_txn *txn;
    need(pt_pack(&place.base, &s->arena, &entry.detail), "place");
    need(pt_store_begin_write(s->office.store, &txn), "store");
    for (unsigned long i = 0; i < n; i++) {
        pt_keypair_make(&random, &pair);
        need(pt_pen_write(txn, &pen, &s->subject, &entry, 1, &s->arena), "write");
    }
    need(pt_store_commit(txn), "commit");
}

int main(int argc, char **argv)
{
    struct scene s = {.office = {.lock = -1}};
    struct pt_problem problem = {0};
    char cycle[PT_SUBJECT_BYTES_MAX + 1];
    bool right = (argc == 4 && strcmp(argv[2], "approve") == 0) || (argc == 5 && strcmp(argv[2], "logs") == 0) ||
                 (argc == 6 && strcmp(argv[2], "decide") == 0);
    if (!right || pt_crypto_init() != PT_OK) {
        return die("DIR approve ASSESSMENT | DIR decide ASSESSMENT PATH VALUE | DIR logs ASSESSMENT N");
    }
    pt_arena_init(&s.arena, SIZE_MAX);
    need(office_open(argv[1], &s.office, &problem), "folder");
    need(pt_subject_make(PT_SUBJECT_ASSESSMENT, argv[3], &s.subject), "assessment");
    pt_subject_cycle(&s.subject, cycle);
    read_views(&s);
    if (argc == 4) {
        approve(&s);
    } else if (argc == 5) {
        add_logs(&s, strtoul(argv[4], NULL, 10));
    } else {
        decide(&s, cycle, argv[4], argv[5]);
    }
    pt_arena_close(&s.arena);
    office_close(&s.office);
    return 0;
}
