/* test_sim.c - the part of the simulation that runs with every test: some seeds, the same seed twice, and proof that
 * the simulator bites. */
#include "attempt.h"
#include "planted.h"

#include <stdio.h>
#include <string.h>

enum { COUNTRIES = 1, SEEDS = 5, SEEDS_UNTIL_BITTEN = 30, SHRINK_TRIES = 12 };

static bool without[2 * SEEDS_UNTIL_BITTEN + 1]; /* seeds that found a planted fault */
static int n_passed;
static int n_failed;

static void expect(bool good, const char *what)
{
    n_passed += good;
    n_failed += !good;
    if (!good) {
        (void)printf("not so: %s\n", what);
    }
}

static struct sim_options village(uint64_t seed)
{
    struct sim_options o = sim_defaults();
    o.seed = seed;
    o.regions = 2;
    o.devices = 4;
    o.days = 3;
    return o;
}

static void expect_good(const struct sim_options *options)
{
    struct sim_result result;
    sim_attempt(options, true, &result);
    expect(!result.failed, result.what);
    if (result.failed) {
        struct pt_buf line = {0};
        struct sim_options small = sim_shrink(options, &result, SHRINK_TRIES);
        sim_replay_put(&line, options);
        (void)printf("replay:   sim %s\n", pt_buf_text(&line));
        pt_buf_free(&line);
        sim_replay_put(&line, &small);
        (void)printf("smallest: sim %s\n", pt_buf_text(&line));
        pt_buf_free(&line);
    }
}

static void test_countries(void)
{
    for (uint64_t seed = 1; seed <= COUNTRIES; seed++) {
        struct sim_options country = sim_defaults();
        country.seed = seed;
        country.days = 2;
        expect_good(&country);
    }
}

static void test_same_seed_same_trace(void)
{
    struct sim_result first;
    struct sim_result again;
    struct sim_result other;
    struct sim_options o = village(3);
    sim_attempt(&o, true, &first);
    sim_attempt(&o, true, &again);
    o.seed = 4;
    sim_attempt(&o, true, &other);
    expect(first.trace == again.trace && first.steps == again.steps, "the same seed has the same trace");
    expect(first.trace != other.trace, "another seed has another trace");
}

/* A chunk rarely comes ahead of its predecessor: not to go through all the seeds in which none does. */
static uint64_t before_first(enum sim_plant plant)
{
    return plant == SIM_PLANT_GAP ? 26 : 0;
}

/* Within a bounded number of seeds. */
static void test_bites(enum sim_plant plant, bool shrinks)
{
    struct sim_result result = {0};
    struct sim_options o = village(before_first(plant));
    uint64_t last = o.seed + SEEDS_UNTIL_BITTEN;
    o.plant = plant;
    sim_plant_fault(plant);
    while (!result.failed && o.seed < last) {
        o.seed++;
        sim_attempt(&o, false, &result);
    }
    (void)printf("%s: seed %llu: %s\n", sim_plant_name(plant), (unsigned long long)o.seed,
                 result.failed ? result.what : "passed");
    expect(result.failed, "a planted fault is found");
    if (shrinks && result.failed) {
        struct sim_options small = sim_shrink(&o, &result, SHRINK_TRIES);
        struct sim_result smaller;
        sim_attempt(&small, false, &smaller);
        expect(smaller.failed && strcmp(smaller.what, result.what) == 0, "what was shrunk fails in the same way");
        expect(smaller.events * 2 < result.events + 2 || small.days < o.days, "and is smaller");
    }
    sim_plant_fault(SIM_PLANT_NONE);
    without[o.seed] = true;
}

/* Some seeds, and those where a fault was found: all is well when it is taken out again. */
static void test_villages(void)
{
    for (uint64_t seed = 1; seed < sizeof without / sizeof without[0]; seed++) {
        struct sim_options o = village(seed);
        if (seed <= SEEDS || without[seed]) {
            expect_good(&o);
        }
    }
}

int main(void)
{
    test_same_seed_same_trace();
    for (enum sim_plant plant = SIM_PLANT_NONE + 1; plant < SIM_PLANTS; plant++) {
        test_bites(plant, plant == SIM_PLANT_EARLY);
    }
    test_countries();
    test_villages();
    (void)printf("%d passed, %d failed\n", n_passed, n_failed);
    return n_failed == 0 ? 0 : 1;
}
