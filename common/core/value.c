#include "core/value.h"

static int cmp_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int pt_value_cmp(const struct pt_value *a, const struct pt_value *b)
{
    if (a->type != b->type) {
        return cmp_i64((int64_t)a->type, (int64_t)b->type);
    }
    switch (a->type) {
    case PT_VALUE_NONE:
        return 0;
    case PT_VALUE_INTEGER:
    case PT_VALUE_DECIMAL: {
        int order = cmp_i64(a->number.scale, b->number.scale);
        return order != 0 ? order : cmp_i64(a->number.mantissa, b->number.mantissa);
    }
    case PT_VALUE_CHOICE:
    case PT_VALUE_CHOICES:
        return (a->choices > b->choices) - (a->choices < b->choices);
    case PT_VALUE_TEXT:
        return pt_hash_cmp(&a->text, &b->text);
    }
    return 0;
}

bool pt_value_eq(const struct pt_value *a, const struct pt_value *b)
{
    return pt_value_cmp(a, b) == 0;
}
