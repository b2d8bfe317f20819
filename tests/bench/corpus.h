/* corpus.h - what is measured: an instrument of 220 questions, and entries as surveyors make them, from a seed.
 *
 * Of twenty questions eleven have five levels, four are yes or no, three ask for an integer, one for several choices
 * and one for free text (5 %). Every tenth entry corrects an earlier answer. Between two entries pass 5 to 60 seconds.
 * All invented, and the same on every machine. Thread: one.  Memory: a corpus owns what it made until it is closed. */
#ifndef BENCH_CORPUS_H
#define BENCH_CORPUS_H

#include "core/instrument/instrument.h"
#include "core/log/entry.h"

#define CORPUS_QUESTIONS 220
#define CORPUS_DAY 300 /* entries of a surveyor's day */
#define CORPUS_CYCLE "2023"

struct corpus {
    struct pt_arena arena;
    struct pt_buf survey, choices, settings, zones; /* the sheets */
    struct pt_buf compiled;
    struct pt_instrument instrument;
    struct pt_hash hash;                  /* of the compiled instrument */
    uint32_t questions[CORPUS_QUESTIONS]; /* their nodes */
};

/* Needs pt_crypto_init. */
void corpus_open(struct corpus *corpus);
void corpus_close(struct corpus *corpus);

/* The entries of one author about one unit, in order. */
struct writer {
    const struct corpus *corpus;
    uint64_t random;
    unsigned quality; /* of the unit, 0..100 */
    int64_t wall_s;
    uint32_t next; /* question; corrections go back */
};
struct writer corpus_writer(const struct corpus *corpus, uint64_t seed);

/* A free text as it is kept: salt and UTF-8. */
#define CORPUS_TEXT_BYTES_MAX 160
struct corpus_text {
    uint8_t bytes[CORPUS_TEXT_BYTES_MAX];
    size_t n; /* 0: the entry has none */
};
/* The next entry; text is filled when it is a free text. */
struct pt_entry corpus_next(struct writer *writer, struct corpus_text *text);

uint64_t corpus_random(uint64_t *state);

#endif
