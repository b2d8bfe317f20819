/* world.h - a head office with two regional offices and their devices in one store in memory, written log by log.
 *
 * Everything that fails ends the test. Contents of blobs stand in the world itself. */
#ifndef PT_TEST_ROLLUP_WORLD_H
#define PT_TEST_ROLLUP_WORLD_H

#include "core/log/logs.h"
#include "core/store/store_mem.h"
#include "rollup/fix.h"
#include "rollup/rollup.h"

#define WORLD_BLOBS_MAX 24

enum world_author {
    WORLD_ROOT,
    WORLD_SOUTH,
    WORLD_NORTH,
    WORLD_ANA,
    WORLD_BUDI,
    WORLD_RINI, /* two more keys, nobody's until they are named */
    WORLD_DEWI,
    WORLD_AUTHORS
};

struct world {
    struct pt_store *store;
    struct pt_keypair pairs[WORLD_AUTHORS];
    struct pt_hash instrument; /* loaded last */
    size_t instrument_blob;
    struct pt_hash blob_hashes[WORLD_BLOBS_MAX];
    struct pt_buf blobs[WORLD_BLOBS_MAX];
    size_t n_blobs;
    size_t n_shared; /* of a copy: the first so many are the other world's */
    struct pt_arena arena;
    const char *cycle;
    uint64_t root_incarnation; /* in which head office writes since it was restored; 0: it never was */
};

/* Offices "62" (south) and "63" (north); devices of ana and budi belong to 62. */
void world_open(struct world *w, const char *cycle);
void world_close(struct world *w);

/* Office 62 names a device; who may be an office's key too. */
void world_name_device(struct world *w, enum world_author who, const char *name);
/* The same of office 62 ("o:62" of WORLD_SOUTH) or head office (WORLD_ROOT), also of a reviewer. */
void world_name_member(struct world *w, enum world_author office, enum world_author who, const char *name,
                       Patuh__Role role);
/* Office 62 revokes everything a device wrote. */
void world_revoke(struct world *w, enum world_author who);
/* All logs into another store, but those of one subject ("o:62", "a:2023/62.01/dinkes"). */
void world_copy_without(struct world *w, struct pt_store *to, const char *without);

/* Head office loads a blob: ENTRY_INSTRUMENT, _REGISTRY or _RESULTS. */
void world_load(struct world *w, Patuh__EntryKind kind, struct pt_bytes content, const char *title);
/* Sheets of a small instrument: desk 30, sign 30 (placeholder), staff 40, five levels each. */
void world_load_small(struct world *w);
/* The same with another text in the survey in place of the first. */
void world_load_small_with(struct world *w, const char *old, const char *replacement);
/* Another survey with the same choices (l0 to l4 are 0 to 4), settings and zones. */
void world_load_survey(struct world *w, const char *survey);
/* settings, zones and (where there is one) survey and choices of deploy/cycles/YEAR. */
void world_load_cycle(struct world *w, const char *year);
/* Two regencies and a police resort under 62. */
void world_load_registry(struct world *w);
/* The police resort is another office's. */
void world_load_registry_of(struct world *w, const char *office);
/* A file of the project, appended to out. */
void world_read(const char *name, struct pt_buf *out);

/* One entry of an author about a unit ("62.01/dinkes"). */
void world_put(struct world *w, enum world_author by, const char *unit, const struct pt_entry *entry);
void world_open_unit(struct world *w, enum world_author by, const char *unit, const char *office, const char *surveyor);
void world_assign(struct world *w, enum world_author by, const char *unit, const char *surveyor);
/* A product or respondent; its name into out (at least 6 bytes). */
void world_add(struct world *w, enum world_author by, const char *unit, const char *repeat, char *out);
/* path as people type it: "desk", "official[k3f9q].knows_duties". */
void world_answer(struct world *w, enum world_author by, const char *unit, const char *path, const char *value);
/* A move whose cut is all that is there now. */
void world_move(struct world *w, enum world_author by, const char *unit, Patuh__State to);
/* What stands of a register in all logs, settled by head office: value as people type it. */
void world_decide(struct world *w, enum world_author by, const char *unit, const char *path, const char *value);
/* What an author writes with. */
struct pt_author_pen world_pen(const struct world *w, enum world_author by);
/* What fixing would do now; closed by the caller. */
void world_plan(struct world *w, struct pt_fix *out);
/* Fix, or open again while a version stands. */
void world_fix(struct world *w);
/* An office lets the branch stand that ends here, of an author's log about a unit. */
void world_let_stand(struct world *w, enum world_author by, enum world_author author, const char *unit,
                     const struct pt_chunk_end *end);
/* Head of an author's log about a unit. */
struct pt_head world_head(struct world *w, enum world_author author, const char *unit);
/* The same world with a store of its own that has all the rows; blobs stay the first one's. */
struct world world_copy(struct world *w);
void world_copy_close(struct world *copy);

/* A unit from opening to the office's approval: "desk sign staff" as three digits 0-4. */
void world_assess(struct world *w, const char *unit, const char *levels);
/* The cycle that the tests of figures share. */
void world_fill(struct world *w);

struct pt_rollup_input world_input(struct world *w, enum pt_level level);
/* Build; the sentence of a failure fails the test. */
void world_rollup(struct world *w, enum pt_level level, struct pt_rollup_files *files);
/* Every file in one piece, as it is when it was read from a folder. */
void world_undivide(struct pt_rollup_files *files);
/* The line of a table that has ",CODE," in it; "" when there is none. Lent until the next call. */
const char *world_line(const struct pt_rollup_files *files, const char *table, const char *code);

#endif
