#include "surveyor.h"

#include "bench.h"
#include "corpus.h"

#include <stdio.h>

static void pair_of(size_t i, uint8_t which, struct pt_keypair *out)
{
    uint8_t seed[PT_KEY_BYTES] = {which, (uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16)};
    pt_keypair_from_seed(seed, out);
}

void surveyor_author(size_t i, struct pt_keypair *out)
{
    pair_of(i, 'a', out);
}

void surveyor_transport(size_t i, struct pt_keypair *out)
{
    pair_of(i, 't', out);
}

void surveyor_name(size_t i, char *out, size_t n)
{
    (void)snprintf(out, n, "s%04zu", i);
}

size_t surveyor_visit(size_t i, size_t k)
{
    return (k * SURVEYOR_TRAVELLERS + i) % SURVEYOR_UNITS;
}

void surveyor_unit(size_t unit, char *out, size_t n)
{
    (void)snprintf(out, n, SURVEYOR_OFFICE ".71/u%04zu", unit);
}

struct pt_subject surveyor_subject(size_t unit)
{
    char code[32];
    char name[64];
    struct pt_subject subject;
    surveyor_unit(unit, code, sizeof code);
    (void)snprintf(name, sizeof name, CORPUS_CYCLE "/%s", code);
    bench_must(pt_subject_make(PT_SUBJECT_ASSESSMENT, name, &subject), name);
    return subject;
}
