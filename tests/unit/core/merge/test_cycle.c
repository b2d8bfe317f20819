#include "core/merge/cycle.h"

#include "support/office_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct pt_view *load(struct world *w, uint64_t incarnation, const char *what)
{
    struct pt_view *view = log_add(w, "c:2023", ROOT, incarnation);
    Patuh__Loaded loaded = PATUH__LOADED__INIT;
    char title[32];
    (void)strncpy(title, what, sizeof title - 1);
    title[sizeof title - 1] = '\0';
    loaded.title = title;
    entry_add(w, view, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, &loaded);
    return view;
}

static const char *current(struct world *w)
{
    struct pt_cycle cycle;
    struct pt_author root = author_of(ROOT);
    cr_assert_eq(pt_cycle_build(w->views, w->n, &root, &w->arena, &cycle), PT_OK);
    const struct pt_loaded *loaded = pt_cycle_current(&cycle, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT);
    cr_assert_not_null(loaded);
    return loaded->title;
}

/* Head office's store went back in time, and it loaded another instrument since: that one is current, whatever number
 * its new incarnation has and in whatever order the logs are found. */
Test(cycle, what_a_later_incarnation_loads_comes_after)
{
    for (uint64_t later = 1; later < 1000; later += 998) {
        for (int order = 0; order < 2; order++) {
            struct world w = make();
            if (order == 0) {
                (void)load(&w, 500, "old");
                (void)load(&w, later, "new");
            } else {
                (void)load(&w, later, "new");
                (void)load(&w, 500, "old");
            }
            struct pt_view *old = &w.views[w.n - 2 + (size_t)order];
            struct pt_view *fresh = &w.views[w.n - 1 - (size_t)order];
            fresh->has_previous = true;
            fresh->previous = old->chunks[0].link;
            cr_expect_str_eq(current(&w), "new", "incarnation %llu, order %d", (unsigned long long)later, order);
            pt_arena_close(&w.arena);
        }
    }
}

/* A chain of three, the middle one of another number than its place. */
Test(cycle, incarnations_are_followed_one_by_one)
{
    struct world w = make();
    struct pt_view *third = load(&w, 1, "third");
    struct pt_view *first = load(&w, 2, "first");
    struct pt_view *second = load(&w, 3, "second");
    second->has_previous = third->has_previous = true;
    second->previous = first->chunks[0].link;
    third->previous = second->chunks[0].link;
    cr_expect_str_eq(current(&w), "third");
    third->previous = first->chunks[0].link; /* now both come after the first: the larger number is the later */
    cr_expect_str_eq(current(&w), "second");
    pt_arena_close(&w.arena);
}
