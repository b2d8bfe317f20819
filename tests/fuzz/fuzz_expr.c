/* fuzz_expr.c - an expression in a sheet: refused with a sentence, or it compiles to what opens and scores. The first
 * byte says where it stands (instrument_cases.h). */
#include "base/check.h"
#include "instrument_cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void use(struct pt_bytes compiled)
{
    struct pt_arena arena;
    struct pt_instrument instrument;
    struct pt_answers none = {0};
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_instrument_open(compiled, &arena, &instrument) == PT_OK);
    PT_CHECK(instrument.n_programs <= 1);
    struct pt_answers all = answer_everything(&instrument, &arena);
    score_survives(&instrument, &none);
    score_survives(&instrument, &all);
    pt_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) {
        return 0;
    }
    struct pt_arena arena;
    struct pt_buf compiled = {0};
    pt_arena_init(&arena, SIZE_MAX);
    const char *expression = pt_arena_strn(&arena, (const char *)data + 1, n - 1); /* up to a NUL */
    PT_CHECK(expression != NULL);
    enum pt_err err = expression_compile(expression, data[0] % EXPRESSION_FORMS, &compiled);
    PT_CHECK(err == PT_OK || err == PT_EINVALID);
    if (err == PT_OK) {
        use(pt_buf_bytes(&compiled));
    }
    pt_buf_free(&compiled);
    pt_arena_close(&arena);
    return 0;
}
