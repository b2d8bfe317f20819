#include "support/office_kit.h"

#include "core/wire/pack.h"

#include <criterion/criterion.h>
#include <string.h>

struct world make(void)
{
    struct world w = {0};
    pt_arena_init(&w.arena, SIZE_MAX);
    return w;
}

struct pt_author author_of(uint8_t who)
{
    struct pt_keypair pair = kit_pair(who);
    return pt_author_of(pair.public_key);
}

ProtobufCBinaryData key_of(struct world *w, uint8_t who)
{
    struct pt_keypair pair = kit_pair(who);
    struct pt_bytes kept = pt_arena_dup(&w->arena, pt_bytes_of(pair.public_key, PT_KEY_BYTES));
    return pt_binary(kept.data, kept.n);
}

struct pt_view *log_add(struct world *w, const char *subject, uint8_t who, uint64_t incarnation)
{
    struct pt_keypair pair = kit_pair(who);
    struct pt_view *view = &w->views[w->n++];
    view->log = kit_log(subject, &pair, incarnation);
    memcpy(view->public_key, pair.public_key, PT_KEY_BYTES);
    view->entries = pt_arena_zalloc(&w->arena, WORLD_ENTRIES, sizeof *view->entries);
    view->chunks = pt_arena_zalloc(&w->arena, WORLD_ENTRIES, sizeof *view->chunks);
    return view;
}

void chunk_add(struct pt_view *view, const struct pt_entry *entry)
{
    struct pt_view_chunk *chunk = &view->chunks[view->n_chunks++];
    cr_assert_lt(view->n_entries, WORLD_ENTRIES);
    view->entries[view->n_entries] = *entry;
    chunk->last_seq = ++view->n_entries;
    chunk->has_instrument = true;
    chunk->instrument = (struct pt_hash){.b = {1}};
    struct pt_hash first = pt_link_first(&view->log);
    chunk->link = pt_link_next(&first, pt_bytes_of(&chunk->last_seq, sizeof chunk->last_seq));
}

void entry_add(struct world *w, struct pt_view *view, Patuh__EntryKind kind, const void *detail)
{
    struct pt_entry entry = pt_entry_of(kind, 0);
    entry.detail = kit_pack(detail, &w->arena);
    chunk_add(view, &entry);
}

void office_add(struct world *w, struct pt_view *view, const char *code, uint8_t who, uint64_t generation)
{
    Patuh__Office office = PATUH__OFFICE__INIT;
    office.code = office.name = pt_text_of(code);
    office.has_public_key = office.has_transport_key = office.has_generation = true;
    office.public_key = office.transport_key = key_of(w, who);
    office.generation = generation;
    entry_add(w, view, PATUH__ENTRY_KIND__ENTRY_OFFICE, &office);
}

void member_add(struct world *w, struct pt_view *view, const char *name, uint8_t who, Patuh__Role role)
{
    Patuh__Member member = PATUH__MEMBER__INIT;
    member.name = pt_text_of(name);
    member.has_public_key = member.has_transport_key = member.has_role = true;
    member.public_key = member.transport_key = key_of(w, who);
    member.role = role;
    entry_add(w, view, PATUH__ENTRY_KIND__ENTRY_MEMBER, &member);
}

struct world usual(void)
{
    struct world w = make();
    struct pt_view *root = log_add(&w, "o:00", ROOT, 1);
    office_add(&w, root, "62", REGION_62, 1);
    office_add(&w, root, "63", REGION_63, 1);
    struct pt_view *region = log_add(&w, "o:62", REGION_62, 5);
    member_add(&w, region, "budi", BUDI, PATUH__ROLE__ROLE_DEVICE);
    member_add(&w, region, "siti", SITI, PATUH__ROLE__ROLE_REVIEWER);
    return w;
}

struct pt_authority build(struct world *w)
{
    struct pt_authority authority = {0};
    struct pt_author root = author_of(ROOT);
    cr_assert_eq(pt_authority_build(w->views, w->n, &root, &w->arena, &authority), PT_OK);
    return authority;
}
