/* office_kit.h - offices, members and hand-made logs for tests of authority and merge. */
#ifndef PT_TEST_OFFICE_KIT_H
#define PT_TEST_OFFICE_KIT_H

#include "core/merge/authority.h"
#include "support/logs_kit.h"

/* Who is who: seeds of key pairs. */
enum { ROOT = 1, REGION_62 = 2, REGION_63 = 3, BUDI = 4, SITI = 5, STRANGER = 6, NEW_62 = 7, ANI = 8 };
#define WORLD_ENTRIES 2048 /* of one log */

struct world {
    struct pt_arena arena;
    struct pt_view views[8];
    size_t n;
};

struct world make(void);
/* Root (first view) names 62 and 63; 62 (second view) names the device budi and the reviewer siti. */
struct world usual(void);
struct pt_author author_of(uint8_t who);
ProtobufCBinaryData key_of(struct world *w, uint8_t who);
/* A log with one chunk an entry. */
struct pt_view *log_add(struct world *w, const char *subject, uint8_t who, uint64_t incarnation);
void chunk_add(struct pt_view *view, const struct pt_entry *entry);
void entry_add(struct world *w, struct pt_view *view, Patuh__EntryKind kind, const void *detail);
void office_add(struct world *w, struct pt_view *view, const char *code, uint8_t who, uint64_t generation);
void member_add(struct world *w, struct pt_view *view, const char *name, uint8_t who, Patuh__Role role);
struct pt_authority build(struct world *w);

#endif
