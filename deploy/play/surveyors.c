/* surveyors.c - plays a surveyor's days through libpatuh, with INVENTED answers, the same for the same seed.
 *
 *     play-surveyors --dir DIR --seed N [--skip ASSESSMENT]...
 *
 * Answers every question of every assessment assigned to the device, adds the officials and users who are interviewed,
 * attaches an invented proof here and there, and submits. Prints how many entries it made. */
#include "client/patuh.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFICIALS 4 /* named officials of a unit (2023 method) */
#define PRODUCTS 2  /* observed, where the registry names none */
#define USERS 9     /* users interviewed: about 7 to 30 */
#define SKIPPED_MAX 16
#define PASSES_MAX 6 /* answers open further questions */

struct play {
    struct patuh *device;
    uint64_t random;
    unsigned quality; /* of the unit that is played, from 0 */
    size_t n_entries;
    const char *skipped[SKIPPED_MAX];
    size_t n_skipped;
};

/* splitmix64: a fixed sequence for a seed, on every machine */
static uint64_t next_random(struct play *p)
{
    p->random += 0x9e3779b97f4a7c15u;
    uint64_t z = p->random;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static unsigned below(struct play *p, unsigned n)
{
    return (unsigned)(next_random(p) % n);
}

static int die(const struct patuh_problem *problem)
{
    (void)fprintf(stderr, "%s\n", problem->text);
    exit(1);
}

/* What a good unit is likelier to get: the quality with some luck, 0..100. */
static unsigned luck(struct play *p)
{
    int drawn = (int)p->quality + (int)below(p, 41) - 20;
    return drawn < 0 ? 0 : drawn > 100 ? 100 : (unsigned)drawn;
}

/* Lists run from worst to best, except yes/no and how often something bad happened, which begin with the good answer.
 */
static const struct patuh_choice *pick(struct play *p, const struct patuh_item *item)
{
    size_t n = item->n_choices;
    size_t at = luck(p) * n / 101;
    bool good_first = n <= 3 || strcmp(item->choices[n - 1].name, "always") == 0;
    return &item->choices[good_first ? n - 1 - at : at];
}

static void pick_many(struct play *p, const struct patuh_item *item, char *out, size_t n)
{
    out[0] = '\0';
    for (size_t i = 0; i < item->n_choices; i++) {
        if (below(p, 100) <= luck(p) && strlen(out) + strlen(item->choices[i].name) + 2 < n) {
            (void)strcat(strcat(out, out[0] == '\0' ? "" : " "), item->choices[i].name);
        }
    }
    if (out[0] == '\0' && item->n_choices > 0) {
        (void)snprintf(out, n, "%s", item->choices[0].name);
    }
}

static void invent(struct play *p, const struct patuh_item *item, unsigned scale, char *out, size_t n)
{
    switch (item->kind) {
    case PATUH_ONE:
        (void)snprintf(out, n, "%s", pick(p, item)->name);
        break;
    case PATUH_MANY:
        pick_many(p, item, out, n);
        break;
    case PATUH_INTEGER:
        (void)snprintf(out, n, "%u", below(p, scale) + 1);
        break;
    case PATUH_DECIMAL:
        (void)snprintf(out, n, "%u.%u", below(p, scale) + 1, below(p, 2) * 5);
        break;
    case PATUH_TEXT:
        (void)snprintf(out, n, "Catatan karangan nomor %u (invented).", below(p, 10000));
        break;
    case PATUH_GROUP:
    case PATUH_REPEAT:
    case PATUH_INSTANCE:
    case PATUH_NOTE:
    case PATUH_IMAGE:
    case PATUH_CALCULATED:
        out[0] = '\0';
        break;
    }
}

/* What the score needs, and a quarter of the rest. */
static bool wants_answer(struct play *p, const struct patuh_item *item)
{
    bool chosen = item->needed || below(p, 4) == 0;
    return chosen && item->asked && !item->answered && item->kind >= PATUH_ONE && item->kind <= PATUH_TEXT;
}

/* Numbers are tried from large to small until one meets the question's condition. */
static bool answer(struct play *p, const char *assessment, const struct patuh_item *item)
{
    static const unsigned scales[] = {12, 5, 2, 1};
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        char value[1024];
        struct patuh_problem problem;
        invent(p, item, scales[i], value, sizeof value);
        enum patuh_result result = patuh_answer(p->device, assessment, item->path, value, NULL, &problem);
        if (result == PATUH_OK) {
            p->n_entries++;
            return true;
        }
        if (result != PATUH_INVALID) {
            die(&problem);
        }
    }
    return false;
}

static unsigned how_many(const char *repeat)
{
    if (strcmp(repeat, "official") == 0) {
        return OFFICIALS;
    }
    return strcmp(repeat, "product") == 0 ? PRODUCTS : USERS;
}

static void add_people(struct play *p, const char *assessment, const char *repeat, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        char label[64];
        char path[PATUH_PATH_BYTES];
        struct patuh_problem problem;
        (void)snprintf(label, sizeof label, "%s %u (karangan)", repeat, i);
        if (patuh_add(p->device, assessment, repeat, label, path, &problem) != PATUH_OK) {
            die(&problem);
        }
        p->n_entries++;
    }
}

/* A repeat without people yet gets them; products came with the assignment. */
static void meet_people(struct play *p, const char *assessment, const struct patuh_form *form)
{
    for (size_t i = 0; i < form->n_items; i++) {
        const struct patuh_item *item = &form->items[i];
        bool has_instance = i + 1 < form->n_items && form->items[i + 1].kind == PATUH_INSTANCE;
        if (item->kind == PATUH_REPEAT && item->asked && !has_instance) {
            add_people(p, assessment, item->path, how_many(item->path));
        }
    }
}

/* One walk through the form; false when nothing new could be answered. */
static bool walk(struct play *p, const char *assessment)
{
    struct patuh_form form;
    struct patuh_problem problem;
    bool any = false;
    if (patuh_form(p->device, assessment, &form, &problem) != PATUH_OK) {
        die(&problem);
    }
    for (size_t i = 0; i < form.n_items; i++) {
        if (wants_answer(p, &form.items[i])) {
            any = answer(p, assessment, &form.items[i]) || any;
        }
    }
    patuh_form_free(&form);
    return any;
}

/* FNV-1a: every text its own sequence of numbers */
static uint64_t seed_of(uint64_t seed, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        seed = (seed ^ (uint8_t)text[i]) * 0x100000001b3u;
    }
    return seed;
}

/* Units of one institution resemble each other. */
static void choose_quality(struct play *p, uint64_t seed, const char *assessment)
{
    const char *unit = strrchr(assessment, '/');
    size_t n = unit == NULL ? 0 : (size_t)(unit - assessment);
    p->random = seed_of(seed, assessment, n);
    p->quality = 25 + below(p, 90); /* over 100: hardly anything fails */
    p->random = seed_of(seed, assessment, strlen(assessment));
    p->quality += below(p, 11);
}

static void assess(struct play *p, uint64_t seed, const char *assessment)
{
    struct patuh_form form;
    struct patuh_problem problem;
    choose_quality(p, seed, assessment);
    if (patuh_form(p->device, assessment, &form, &problem) != PATUH_OK) {
        die(&problem);
    }
    meet_people(p, assessment, &form);
    patuh_form_free(&form);
    for (int pass = 0; pass < PASSES_MAX && walk(p, assessment); pass++) {
    }
    if (patuh_submit(p->device, assessment, true, &problem) != PATUH_OK) {
        die(&problem);
    }
    p->n_entries++;
}

static bool is_skipped(const struct play *p, const char *assessment)
{
    for (size_t i = 0; i < p->n_skipped; i++) {
        if (strcmp(p->skipped[i], assessment) == 0) {
            return true;
        }
    }
    return false;
}

static void play(struct play *p, uint64_t seed)
{
    struct patuh_list list;
    struct patuh_problem problem;
    size_t n_done = 0;
    if (patuh_list(p->device, &list, &problem) != PATUH_OK) {
        die(&problem);
    }
    for (size_t i = 0; i < list.n_items; i++) {
        if (list.items[i].assigned && strcmp(list.items[i].state, "draft") == 0 &&
            !is_skipped(p, list.items[i].assessment)) {
            assess(p, seed, list.items[i].assessment);
            n_done++;
        }
    }
    (void)printf("%s\t%zu\t%zu\n", patuh_identity(p->device).surveyor, n_done, p->n_entries);
    patuh_list_free(&list);
}

static int usage(void)
{
    (void)fprintf(stderr, "play-surveyors --dir DIR --seed N [--skip ASSESSMENT]...\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct play p = {0};
    const char *dir = NULL;
    uint64_t seed = 1;
    struct patuh_problem problem;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--dir") == 0) {
            dir = argv[i + 1];
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--skip") == 0 && p.n_skipped < SKIPPED_MAX) {
            p.skipped[p.n_skipped++] = argv[i + 1];
        } else {
            return usage();
        }
    }
    if (dir == NULL || argc % 2 == 0) {
        return usage();
    }
    if (patuh_open(dir, &p.device, &problem) != PATUH_OK) {
        die(&problem);
    }
    play(&p, seed);
    patuh_close(p.device);
    return 0;
}
