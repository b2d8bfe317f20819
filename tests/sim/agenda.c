/* agenda.c - chance, and what will happen when: a heap by time. */
#include "sim.h"

#include "base/check.h"
#include "base/mem.h"

size_t sim_chance(struct sim_random *random, size_t below)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (size_t)((z ^ (z >> 31)) % below);
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event kept = *a;
    *a = *b;
    *b = kept;
}

void sim_plan(struct sim *s, int64_t at_ms, enum sim_event_kind kind, size_t who)
{
    PT_CHECK(pt_reserve(&s->agenda, &s->agenda_capacity, s->n_agenda + 1, sizeof *s->agenda) == PT_OK);
    size_t at = s->n_agenda++;
    s->agenda[at] = (struct sim_event){.at_ms = at_ms, .order = s->order++, .kind = kind, .who = who};
    while (at > 0 && before(&s->agenda[at], &s->agenda[(at - 1) / 2])) {
        swap(&s->agenda[at], &s->agenda[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

bool sim_next(struct sim *s, struct sim_event *out)
{
    if (s->n_agenda == 0) {
        return false;
    }
    *out = s->agenda[0];
    s->agenda[0] = s->agenda[--s->n_agenda];
    for (size_t at = 0;;) {
        size_t first = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < s->n_agenda; child++) {
            first = before(&s->agenda[child], &s->agenda[first]) ? child : first;
        }
        if (first == at) {
            return true;
        }
        swap(&s->agenda[at], &s->agenda[first]);
        at = first;
    }
}
