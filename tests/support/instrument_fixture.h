/* instrument_fixture.h - a compiled instrument from sheets written in a test. */
#ifndef PT_INSTRUMENT_FIXTURE_H
#define PT_INSTRUMENT_FIXTURE_H

#include "core/instrument/instrument.h"
#include "core/score/score.h"

#define ZONES                                                                                                          \
    "lower,lower_exclusive,zone,category,label_id,label_en,colour\n"                                                   \
    "80,yes,green,tinggi,Tinggi,High,#00aa00\n50,yes,yellow,sedang,Sedang,Medium,#ffcc00\n"                            \
    "0,no,red,rendah,Rendah,Low,#cc0000\n"
#define SETTINGS_HEAD                                                                                                  \
    "form_id,version,cycle,institution_rule,product_repeat,carry_unit,carry_institution,decimals,missing,"             \
    "inapplicable,weights,utc_offset,official\n"
#define SETTINGS(missing, inapplicable)                                                                                \
    SETTINGS_HEAD "uji,1,2023,mean_of_units,,as_printed,as_printed,2," missing "," inapplicable ",sum100,+07:00,no\n"

struct fixture {
    struct pt_arena arena;
    struct pt_buf bytes;
    struct pt_instrument ins;
};

/* Fails the test when the sheets do not compile. */
void fixture_open(struct fixture *f, const char *survey, const char *choices, const char *settings);
void fixture_close(struct fixture *f);
/* The node of a name; fails the test when there is none. */
uint32_t fixture_node(const struct fixture *f, const char *name);

/* Answers in the making. */
#define FIXTURE_ANSWERS 64
struct answers {
    struct pt_answers all;
    struct pt_instance instances[FIXTURE_ANSWERS];
    struct pt_answer answers[FIXTURE_ANSWERS];
    struct pt_value values[FIXTURE_ANSWERS][8];
};
/* Instances of one repeat after the other, names ascending. Returns the instance number for answer_add. */
uint32_t instance_add(const struct fixture *f, struct answers *a, const char *repeat, const char *name);
/* texts: values as typed, NULL at the end; "" = cleared. */
void answer_add(const struct fixture *f, struct answers *a, const char *question, uint32_t instance,
                const char *const *texts);
void answer_one(const struct fixture *f, struct answers *a, const char *question, uint32_t instance, const char *text);

#endif
