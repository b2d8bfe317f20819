#include "core/merge/authority_internal.h"

#include "core/wire/unpack.h"

#include <stdlib.h>
#include <string.h>

static bool key_from(const ProtobufCBinaryData *field, struct pt_public_key *out)
{
    if (field->len != sizeof out->b) {
        return false;
    }
    memcpy(out->b, field->data, sizeof out->b);
    return true;
}

const void *pt__authority_detail(struct pt__building *b, const struct pt_entry *entry,
                                 const ProtobufCMessageDescriptor *kind)
{
    ProtobufCMessage *message;
    return pt_unpack(kind, entry->detail, b->arena, &message) == PT_OK ? message : NULL;
}

static size_t count_in(const struct pt_entry *entries, size_t n_entries, Patuh__EntryKind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < n_entries; i++) {
        n += entries[i].kind == kind;
    }
    return n;
}

/* At most: every branch of a forked log may turn out to stand. */
static size_t count_kind(const struct pt__building *b, Patuh__EntryKind kind)
{
    size_t n = 0;
    for (size_t v = 0; v < b->n_views; v++) {
        const struct pt_view *view = b->views[v];
        n += count_in(view->entries, view->n_entries, kind);
        for (size_t i = 0; i < view->n_branches; i++) {
            n += count_in(view->branches[i].entries, view->branches[i].n_entries, kind);
        }
    }
    return n;
}

static void add_root(struct pt__building *b, const struct pt_view *view)
{
    struct pt_office *office = &b->out.offices[b->out.n_offices++];
    *office = (struct pt_office){.code = pt_subject_name(&view->log.subject), .name = "", .is_root = true};
    office->author = *b->root;
    memcpy(office->key.b, view->public_key, sizeof office->key.b);
}

static void add_office(struct pt__building *b, const struct pt_entry *entry)
{
    const Patuh__Office *detail = pt__authority_detail(b, entry, &patuh__office__descriptor);
    struct pt_office office = {0};
    if (detail == NULL || detail->code == NULL || !key_from(&detail->public_key, &office.key) ||
        !key_from(&detail->transport_key, &office.transport_key)) {
        return;
    }
    office.code = detail->code;
    office.name = detail->name == NULL ? "" : detail->name;
    office.author = pt_author_of(office.key.b);
    office.generation = detail->generation;
    if (pt_author_eq(&office.author, b->root)) { /* head office says its own name and transport key */
        struct pt_office *root = &b->out.offices[0];
        if (office.generation < root->generation) {
            return;
        }
        root->name = office.name;
        root->transport_key = office.transport_key;
        root->generation = office.generation;
        return;
    }
    b->out.offices[b->out.n_offices++] = office;
}

static int compare_offices(const void *a, const void *b)
{
    const struct pt_office *x = a;
    const struct pt_office *y = b;
    int order = (int)y->is_root - (int)x->is_root;
    order = order != 0 ? order : strcmp(x->code, y->code);
    if (order == 0) {
        order = (x->generation > y->generation) - (x->generation < y->generation);
    }
    return order != 0 ? order : pt_author_cmp(&x->author, &y->author);
}

static void find_root(struct pt__building *b)
{
    for (size_t v = 0; v < b->n_views && b->out.n_offices == 0; v++) {
        const struct pt_view *view = b->views[v];
        if (view->log.subject.text[0] == 'o' && pt_author_eq(&view->log.author, b->root)) {
            add_root(b, view);
        }
    }
}

static void collect_offices(struct pt__building *b)
{
    for (size_t v = 0; v < b->n_views && b->out.n_offices > 0; v++) {
        const struct pt_view *view = b->views[v];
        bool by_root = view->log.subject.text[0] == 'o' && pt_author_eq(&view->log.author, b->root);
        for (size_t i = 0; by_root && i < view->n_entries; i++) {
            if (view->entries[i].kind == PATUH__ENTRY_KIND__ENTRY_OFFICE) {
                add_office(b, &view->entries[i]);
            }
        }
    }
    if (b->out.n_offices > 1) {
        qsort(b->out.offices, b->out.n_offices, sizeof *b->out.offices, compare_offices);
    }
}

static void add_member(struct pt__building *b, const struct pt_entry *entry, const struct pt_office *office)
{
    const Patuh__Member *detail = pt__authority_detail(b, entry, &patuh__member__descriptor);
    struct pt_member member = {.office = office};
    if (detail == NULL || detail->name == NULL || !key_from(&detail->public_key, &member.key) ||
        !key_from(&detail->transport_key, &member.transport_key)) {
        return;
    }
    member.author = pt_author_of(member.key.b);
    member.role = detail->role;
    member.name = detail->name;
    b->out.members[b->out.n_members++] = member;
}

static int compare_members(const void *a, const void *b)
{
    const struct pt_member *x = a;
    const struct pt_member *y = b;
    int order = pt_author_cmp(&x->author, &y->author);
    order = order != 0 ? order : strcmp(x->office->code, y->office->code);
    order = order != 0 ? order : strcmp(x->name, y->name);
    order = order != 0 ? order : (int)x->role - (int)y->role;
    return order != 0 ? order : memcmp(x->transport_key.b, y->transport_key.b, sizeof x->transport_key.b);
}

const struct pt_office *pt__authority_office_of(const struct pt__building *b, const struct pt_view *view)
{
    const struct pt_office *office = pt_authority_office(&b->out, &view->log.author);
    bool own = office != NULL && view->log.subject.text[0] == 'o' &&
               strcmp(office->code, pt_subject_name(&view->log.subject)) == 0;
    return own ? office : NULL;
}

static void collect_members(struct pt__building *b)
{
    for (size_t v = 0; v < b->n_views; v++) {
        const struct pt_view *view = b->views[v];
        const struct pt_office *office = pt__authority_office_of(b, view);
        for (size_t i = 0; office != NULL && i < view->n_entries; i++) {
            if (view->entries[i].kind == PATUH__ENTRY_KIND__ENTRY_MEMBER) {
                add_member(b, &view->entries[i], office);
            }
        }
    }
    if (b->out.n_members > 1) {
        qsort(b->out.members, b->out.n_members, sizeof *b->out.members, compare_members);
    }
}

/* A cut of many logs is written in several entries. NULL when out of memory: the arena remembers. */
static const Patuh__Revocation *joined(struct pt__building *b, const Patuh__Revocation *before,
                                       const Patuh__Revocation *next)
{
    Patuh__Revocation *both = pt_arena_zalloc(b->arena, 1, sizeof *both);
    Patuh__LogSeen **cut = pt_arena_zalloc(b->arena, before->n_cut + next->n_cut, sizeof *cut);
    if (both == NULL || cut == NULL) {
        return NULL;
    }
    *both = *before;
    for (size_t i = 0; i < before->n_cut; i++) {
        cut[i] = before->cut[i];
    }
    for (size_t i = 0; i < next->n_cut; i++) {
        cut[before->n_cut + i] = next->cut[i];
    }
    both->cut = cut;
    both->n_cut = before->n_cut + next->n_cut;
    return both;
}

static void revoke(struct pt__building *b, const struct pt_entry *entry, const struct pt_office *office)
{
    const Patuh__Revocation *detail = pt__authority_detail(b, entry, &patuh__revocation__descriptor);
    for (size_t i = 0; detail != NULL && i < b->out.n_members; i++) {
        struct pt_member *member = &b->out.members[i];
        bool meant =
            detail->author.len == PT_HASH_BYTES && memcmp(detail->author.data, member->author.b, PT_HASH_BYTES) == 0;
        bool own = strcmp(member->office->code, office->code) == 0; /* the key of any generation of the office */
        if (meant && (office->is_root || (own && !member->revoked_by_root))) {
            bool goes_on =
                detail->continues && member->revocation != NULL && member->revoked_by_root == office->is_root;
            member->revoked = true;
            member->revoked_by_root = office->is_root;
            member->revocation = goes_on ? joined(b, member->revocation, detail) : detail;
        }
    }
}

static void collect_revocations(struct pt__building *b)
{
    for (size_t v = 0; v < b->n_views; v++) {
        const struct pt_office *office = pt__authority_office_of(b, b->views[v]);
        for (size_t i = 0; office != NULL && i < b->views[v]->n_entries; i++) {
            if (b->views[v]->entries[i].kind == PATUH__ENTRY_KIND__ENTRY_REVOKE) {
                revoke(b, &b->views[v]->entries[i], office);
            }
        }
    }
}

enum pt_err pt_authority_build(struct pt_view *views, size_t n_views, const struct pt_author *root,
                               struct pt_arena *arena, struct pt_authority *out)
{
    struct pt__building b = {.all = views, .n_views = n_views, .root = root, .arena = arena};
    if (pt_views_by_age(views, n_views, arena, &b.views) != PT_OK) {
        return PT_ENOMEM;
    }
    size_t n_offices = count_kind(&b, PATUH__ENTRY_KIND__ENTRY_OFFICE) + 1;
    b.out.offices = pt_arena_zalloc(arena, n_offices, sizeof *b.out.offices);
    b.out.members = pt_arena_zalloc(arena, count_kind(&b, PATUH__ENTRY_KIND__ENTRY_MEMBER), sizeof *b.out.members);
    if (b.out.offices == NULL || b.out.members == NULL) {
        return PT_ENOMEM;
    }
    find_root(&b);
    enum pt_err err = pt__authority_stand_root(&b);
    if (err == PT_OK) {
        collect_offices(&b);
        err = pt__authority_stand_offices(&b);
    }
    if (err == PT_OK) {
        collect_members(&b);
        collect_revocations(&b);
        err = pt__authority_collect_rulings(&b);
    }
    if (err != PT_OK || arena->exhausted) {
        return PT_ENOMEM;
    }
    *out = b.out;
    return PT_OK;
}

const struct pt_member *pt_authority_member(const struct pt_authority *authority, const struct pt_author *author)
{
    size_t low = 0;
    size_t high = authority->n_members;
    while (low < high) { /* the first of equals: the same key named twice keeps one meaning */
        size_t middle = low + (high - low) / 2;
        if (pt_author_cmp(&authority->members[middle].author, author) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < authority->n_members && pt_author_eq(&authority->members[low].author, author);
    return found ? &authority->members[low] : NULL;
}

const struct pt_member *pt_authority_member_next(const struct pt_authority *authority, const struct pt_member *member)
{
    const struct pt_member *next = member + 1;
    bool same = next < authority->members + authority->n_members && pt_author_eq(&next->author, &member->author);
    return same ? next : NULL;
}

const struct pt_office *pt_authority_office(const struct pt_authority *authority, const struct pt_author *author)
{
    const struct pt_office *found = NULL;
    for (size_t i = 0; i < authority->n_offices; i++) {
        const struct pt_office *office = &authority->offices[i];
        bool same = pt_author_eq(&office->author, author);
        if (same && (found == NULL || found->generation <= office->generation)) {
            found = office;
        }
    }
    return found;
}

const struct pt_office *pt_authority_office_by_code(const struct pt_authority *authority, const char *code)
{
    const struct pt_office *found = NULL;
    for (size_t i = 0; i < authority->n_offices; i++) {
        if (strcmp(authority->offices[i].code, code) == 0) {
            found = &authority->offices[i]; /* sorted by generation: the last one is the newest */
        }
    }
    return found;
}

/* DEVICE: an office that has nothing to say there. */
static enum pt_tier tier_for(const struct pt_office *office, const char *office_code)
{
    if (office->is_root) {
        return PT_TIER_NATIONAL;
    }
    return strcmp(office->code, office_code) == 0 ? PT_TIER_REGION : PT_TIER_DEVICE;
}

/* view: NULL for what its author may do at all. */
static bool acts(const struct pt_authority *authority, const struct pt_author *author, const struct pt_view *view,
                 uint64_t seq, const char *office_code, enum pt_tier *tier)
{
    const struct pt_office *office = pt_authority_office(authority, author);
    enum pt_tier found = office == NULL ? PT_TIER_DEVICE : tier_for(office, office_code);
    const struct pt_member *member = office == NULL ? pt_authority_member(authority, author) : NULL;
    for (; member != NULL; member = pt_authority_member_next(authority, member)) {
        bool reviews = member->role == PATUH__ROLE__ROLE_REVIEWER;
        enum pt_tier as_member = reviews ? tier_for(member->office, office_code) : PT_TIER_DEVICE;
        if (as_member > found && (view == NULL || !pt_authority_is_cut_off(member, view, seq))) {
            found = as_member;
        }
    }
    *tier = found;
    return found != PT_TIER_DEVICE;
}

bool pt_authority_acts_for(const struct pt_authority *authority, const struct pt_author *author,
                           const char *office_code, enum pt_tier *tier)
{
    return acts(authority, author, NULL, 0, office_code, tier);
}

bool pt_authority_acts_at(const struct pt_authority *authority, const struct pt_view *view, uint64_t seq,
                          const char *office_code, enum pt_tier *tier)
{
    return acts(authority, &view->log.author, view, seq, office_code, tier);
}

bool pt_authority_is_revoked(const struct pt_authority *authority, const struct pt_author *author,
                             const char *office_code)
{
    const struct pt_member *member = pt_authority_member(authority, author);
    for (; member != NULL; member = pt_authority_member_next(authority, member)) {
        bool ours = member->revoked_by_root || strcmp(member->office->code, office_code) == 0;
        if (member->revoked && ours) {
            return true;
        }
    }
    return false;
}

bool pt_authority_is_cut_off(const struct pt_member *member, const struct pt_view *view, uint64_t seq)
{
    if (!member->revoked || member->revocation == NULL) {
        return member->revoked;
    }
    for (size_t i = 0; i < member->revocation->n_cut; i++) {
        const Patuh__LogSeen *seen = member->revocation->cut[i];
        if (pt_view_has(view, seen->seq, pt_bytes_of(seen->link.data, seen->link.len)) && seq <= seen->seq) {
            return false;
        }
    }
    return true;
}
