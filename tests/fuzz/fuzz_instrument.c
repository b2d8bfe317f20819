/* fuzz_instrument.c - compiled bytes of anybody: refused, or everything in them can be looked up, scored and answered.
 */
#include "base/check.h"
#include "instrument_cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void look_up(const struct pt_instrument *instrument)
{
    for (uint32_t i = 1; i < instrument->n_nodes; i++) {
        const struct pt_node *node = &instrument->nodes[i];
        PT_CHECK(pt_node_find(instrument, pt_bytes_str(node->name)) == i);
        PT_CHECK(pt_node_by_number(instrument, node->number) == i);
        PT_CHECK(node->parent < i && node->end > i && node->end <= instrument->n_nodes);
        struct pt_buf path = {0};
        pt_path_put(&path, instrument, i, node->repeat != 0 || node->type == PT_NODE_REPEAT ? "x" : "");
        PT_CHECK(path.err == PT_OK);
        pt_buf_free(&path);
    }
    (void)pt_zone_of(instrument, 0);
    (void)pt_zone_of(instrument, PT_SCORE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_arena arena;
    struct pt_instrument instrument;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_instrument_open(pt_bytes_of(data, n), &arena, &instrument);
    PT_CHECK(err == PT_OK || err == PT_EMALFORMED || err == PT_EVERSION || err == PT_ELIMIT);
    if (err == PT_OK) {
        struct pt_answers none = {0};
        struct pt_answers all = answer_everything(&instrument, &arena);
        look_up(&instrument);
        score_survives(&instrument, &none);
        score_survives(&instrument, &all);
    }
    pt_arena_close(&arena);
    return 0;
}
