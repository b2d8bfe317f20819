#include "core/log/entry_blobs.h"

#include "support/logs_kit.h"

#include <criterion/criterion.h>

static enum pt_err note_visit(void *data, const struct pt_hash *hash, bool small, Patuh__EntryKind kind)
{
    (void)hash;
    cr_expect_neq(small, pt_kind_names_file(kind), "kind %d", (int)kind);
    *(size_t *)data += !small;
    return PT_OK;
}

/* What is asked for later is known by its kind alone. */
Test(entry_blobs, a_kind_names_files_or_texts)
{
    struct pt_arena arena;
    uint64_t state = 1;
    size_t n_files = 0;
    pt_arena_init(&arena, SIZE_MAX);
    (void)kit_pair(1);
    for (int kind = 0; kind < 64; kind++) {
        if (pt_entry_fields((Patuh__EntryKind)kind) == 0) {
            cr_expect_not(pt_kind_names_file((Patuh__EntryKind)kind));
            continue;
        }
        size_t n = 0;
        struct pt_entry entry = kit_entry((Patuh__EntryKind)kind, &state, &arena);
        cr_assert_eq(pt_entry_blobs(&entry, &arena, note_visit, &n), PT_OK);
        cr_expect_eq(n, pt_kind_names_file((Patuh__EntryKind)kind), "kind %d", kind);
        n_files += n;
    }
    cr_expect_eq(n_files, 5);
    pt_arena_close(&arena);
}
