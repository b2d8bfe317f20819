#include "corpus.h"

#include "bench.h"
#include "core/crypto.h"

#include <stdio.h>
#include <string.h>

#define GROUPS 4
#define PATTERN 20 /* kinds of questions repeat after so many */

enum kind { LEVEL, YES_NO, INTEGER, MANY, TEXT };

static const char pattern[PATTERN + 1] = "lylliltlymlylilyllil"; /* l level, y yes/no, i integer, m many, t text */

static enum kind kind_of(size_t question)
{
    switch (pattern[question % PATTERN]) {
    case 'l':
        return LEVEL;
    case 'y':
        return YES_NO;
    case 'i':
        return INTEGER;
    case 'm':
        return MANY;
    default:
        return TEXT;
    }
}

/* splitmix64 */
uint64_t corpus_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static unsigned below(uint64_t *state, unsigned n)
{
    return (unsigned)(corpus_random(state) % n);
}

static void put_question(struct pt_buf *survey, size_t i)
{
    static const char *const types[] = {[LEVEL] = "select_one level",
                                        [YES_NO] = "select_one yesno",
                                        [INTEGER] = "integer",
                                        [MANY] = "select_multiple items",
                                        [TEXT] = "text"};
    bool scored = kind_of(i) == LEVEL || kind_of(i) == YES_NO;
    pt_buf_printf(survey, "%s,q%zu,Pertanyaan %zu,%s,\n", types[kind_of(i)], i, i, scored ? "1" : "");
}

static void make_sheets(struct corpus *c)
{
    pt_buf_put_str(&c->survey, "type,name,label,weight,weights\n");
    for (size_t i = 0; i < CORPUS_QUESTIONS; i++) {
        if (i % (CORPUS_QUESTIONS / GROUPS) == 0) {
            size_t group = i / (CORPUS_QUESTIONS / GROUPS);
            pt_buf_printf(&c->survey, "%sbegin_group,g%zu,Dimensi %zu,25,normalise\n", i == 0 ? "" : "end_group,,,,\n",
                          group, group);
        }
        put_question(&c->survey, i);
    }
    pt_buf_put_str(&c->survey, "end_group,,,,\n");
    pt_buf_put_str(&c->choices, "list_name,name,label,score\n"
                                "level,l0,Tidak ada,0\nlevel,l1,Kurang,1\nlevel,l2,Cukup,2\nlevel,l3,Baik,3\n"
                                "level,l4,Lengkap,4\nyesno,yes,Ya,1\nyesno,no,Tidak,0\n"
                                "items,a,A,\nitems,b,B,\nitems,c,C,\nitems,d,D,\nitems,e,E,\nitems,f,F,\n");
    pt_buf_put_str(&c->settings, "form_id,form_title,version,cycle,institution_rule,product_repeat,carry_unit,"
                                 "carry_institution,decimals,missing,inapplicable,weights,utc_offset,official\n"
                                 "ukur,Instrumen ukur,1," CORPUS_CYCLE ",mean_of_units,,as_printed,as_printed,2,zero,"
                                 "exclude,sum100,+07:00,no\n");
    pt_buf_put_str(&c->zones, "lower,lower_exclusive,zone,category,label_id,label_en,colour\n"
                              "78.00,no,green,B,Zona hijau,Green zone,#66bd63\n"
                              "54.00,no,yellow,C,Zona kuning,Yellow zone,#f9c80e\n"
                              "0.00,no,red,E,Zona merah,Red zone,#d73027\n");
}

static void compile(struct corpus *c)
{
    struct pt_sheets sheets = {.survey = pt_buf_bytes(&c->survey),
                               .choices = pt_buf_bytes(&c->choices),
                               .settings = pt_buf_bytes(&c->settings),
                               .zones = pt_buf_bytes(&c->zones)};
    struct pt_problem problem = {0};
    enum pt_err err = pt_instrument_compile(&sheets, &c->compiled, &problem);
    if (err != PT_OK) {
        pt_problem_print(stderr, &problem);
    }
    bench_must(err, "the instrument");
    bench_must(pt_instrument_open(pt_buf_bytes(&c->compiled), &c->arena, &c->instrument), "the instrument");
    c->hash = pt_hash1(PT_CONTEXT_BLOB, pt_buf_bytes(&c->compiled));
}

void corpus_open(struct corpus *c)
{
    *c = (struct corpus){0};
    pt_arena_init(&c->arena, SIZE_MAX);
    make_sheets(c);
    compile(c);
    for (size_t i = 0; i < CORPUS_QUESTIONS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "q%zu", i);
        c->questions[i] = pt_node_find(&c->instrument, pt_bytes_str(name));
    }
}

void corpus_close(struct corpus *c)
{
    pt_buf_free(&c->survey);
    pt_buf_free(&c->choices);
    pt_buf_free(&c->settings);
    pt_buf_free(&c->zones);
    pt_buf_free(&c->compiled);
    pt_arena_close(&c->arena);
}

struct writer corpus_writer(const struct corpus *corpus, uint64_t seed)
{
    struct writer w = {.corpus = corpus, .random = seed, .wall_s = 1690858985};
    w.quality = 40 + below(&w.random, 60);
    return w;
}

/* Better units get the better choices more often; 1..n. */
static uint64_t choice(struct writer *w, unsigned n)
{
    int drawn = (int)w->quality + (int)below(&w->random, 41) - 20;
    unsigned luck = drawn < 0 ? 0 : drawn > 100 ? 100 : (unsigned)drawn;
    return (uint64_t)luck * n / 101 + 1;
}

static void put_text(struct writer *w, struct corpus_text *text, struct pt_hash *hash)
{
    static const char *const words[] = {"loket",      "petugas",  "ramah", "antrean", "panjang", "belum",
                                        "papan",      "biaya",    "jelas", "ruang",   "sempit",  "sudah",
                                        "diperbaiki", "formulir", "habis", "sesuai"};
    struct pt_buf said = {0};
    for (int i = 0; i < 2; i++) {
        pt_buf_put_u64(&said, corpus_random(&w->random)); /* the salt */
    }
    for (unsigned n = 4 + below(&w->random, 8); n > 0; n--) {
        pt_buf_printf(&said, "%s%s", words[below(&w->random, 16)], n == 1 ? "." : " ");
    }
    bench_must(said.err == PT_OK && said.n <= sizeof text->bytes ? PT_OK : PT_ELIMIT, "a text");
    memcpy(text->bytes, said.data, said.n);
    text->n = said.n;
    *hash = pt_hash1(PT_CONTEXT_BLOB, pt_buf_bytes(&said));
    pt_buf_free(&said);
}

static struct pt_value value_for(struct writer *w, size_t question, struct corpus_text *text)
{
    struct pt_value value = {0};
    switch (kind_of(question)) {
    case LEVEL:
        value.type = PT_VALUE_CHOICE;
        value.choices = choice(w, 5);
        break;
    case YES_NO:
        value.type = PT_VALUE_CHOICE;
        value.choices = below(&w->random, 100) < w->quality ? 1 : 2;
        break;
    case INTEGER:
        value.type = PT_VALUE_INTEGER;
        value.number.mantissa = below(&w->random, 60) + 1;
        break;
    case MANY:
        value.type = PT_VALUE_CHOICES;
        value.choices = below(&w->random, 63) + 1;
        break;
    case TEXT:
        value.type = PT_VALUE_TEXT;
        put_text(w, text, &value.text);
        break;
    }
    return value;
}

struct pt_entry corpus_next(struct writer *w, struct corpus_text *text)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, w->wall_s);
    bool correction = w->next > 0 && below(&w->random, 10) == 0;
    size_t question = correction ? below(&w->random, w->next < CORPUS_QUESTIONS ? w->next : CORPUS_QUESTIONS)
                                 : w->next++ % CORPUS_QUESTIONS;
    text->n = 0;
    entry.value = value_for(w, question, text);
    entry.question = w->corpus->instrument.nodes[w->corpus->questions[question]].number;
    entry.instance = "";
    w->wall_s += 5 + below(&w->random, 56);
    return entry;
}
