#include "support/instrument_fixture.h"

#include <criterion/criterion.h>

void fixture_open(struct fixture *f, const char *survey, const char *choices, const char *settings)
{
    struct pt_sheets sheets = {.survey = pt_bytes_str(survey),
                               .choices = pt_bytes_str(choices),
                               .settings = pt_bytes_str(settings),
                               .zones = pt_bytes_str(ZONES)};
    struct pt_problem problem = {0};
    *f = (struct fixture){0};
    pt_arena_init(&f->arena, SIZE_MAX);
    enum pt_err err = pt_instrument_compile(&sheets, &f->bytes, &problem);
    struct pt_buf said = {0};
    pt_problem_put(&said, &problem);
    cr_assert_eq(err, PT_OK, "%s", pt_buf_text(&said));
    pt_buf_free(&said);
    cr_assert_eq(pt_instrument_open(pt_buf_bytes(&f->bytes), &f->arena, &f->ins), PT_OK);
}

void fixture_close(struct fixture *f)
{
    pt_buf_free(&f->bytes);
    pt_arena_close(&f->arena);
}

uint32_t fixture_node(const struct fixture *f, const char *name)
{
    uint32_t node = pt_node_find(&f->ins, pt_bytes_str(name));
    cr_assert_neq(node, PT_NONE, "%s", name);
    return node;
}

uint32_t instance_add(const struct fixture *f, struct answers *a, const char *repeat, const char *name)
{
    a->all.instances = a->instances;
    cr_assert_lt(a->all.n_instances, FIXTURE_ANSWERS);
    a->instances[a->all.n_instances++] =
        (struct pt_instance){.repeat = f->ins.nodes[fixture_node(f, repeat)].number, .name = name, .label = name};
    return (uint32_t)a->all.n_instances;
}

void answer_add(const struct fixture *f, struct answers *a, const char *question, uint32_t instance,
                const char *const *texts)
{
    uint32_t node = fixture_node(f, question);
    size_t i = a->all.n_answers++;
    cr_assert_lt(i, FIXTURE_ANSWERS);
    a->all.answers = a->answers;
    a->answers[i] =
        (struct pt_answer){.question = f->ins.nodes[node].number, .instance = instance, .values = a->values[i]};
    for (; *texts != NULL; texts++) {
        struct pt_value *value = &a->values[i][a->answers[i].n_values++];
        *value = (struct pt_value){0};
        if (f->ins.nodes[node].type == PT_NODE_TEXT) {
            value->type = (*texts)[0] == '\0' ? PT_VALUE_NONE : PT_VALUE_TEXT;
        } else if ((*texts)[0] != '\0') {
            cr_assert_eq(pt_value_read(&f->ins, node, *texts, value, NULL), PT_OK, "%s = %s", question, *texts);
        }
    }
}

void answer_one(const struct fixture *f, struct answers *a, const char *question, uint32_t instance, const char *text)
{
    const char *texts[] = {text, NULL};
    answer_add(f, a, question, instance, texts);
}
