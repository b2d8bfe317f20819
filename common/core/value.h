/* value.h - the value of one answer, in its canonical form.
 *
 * Two answers agree when their canonical bytes are equal. A text is only its salted hash (the text itself is a blob
 * that can be erased), so scores can depend on whether a text is there, never on what it says. Thread: any.  Memory: by
 * value. */
#ifndef PT_VALUE_H
#define PT_VALUE_H

#include "base/text.h"
#include "core/ids.h"

enum pt_value_type {
    PT_VALUE_NONE = 0, /* cleared, or no answer */
    PT_VALUE_INTEGER = 1,
    PT_VALUE_DECIMAL = 2,
    PT_VALUE_CHOICE = 3,  /* select_one */
    PT_VALUE_CHOICES = 4, /* select_multiple */
    PT_VALUE_TEXT = 5
};

struct pt_value {
    enum pt_value_type type;
    struct pt_decimal number; /* INTEGER (scale 0), DECIMAL */
    uint64_t choices;         /* CHOICE: number of the choice in its list, from 1; CHOICES: bit n-1 = choice n */
    struct pt_hash text;      /* TEXT */
};

bool pt_value_eq(const struct pt_value *a, const struct pt_value *b);
/* Total order by type, then content: makes listings of conflicting values the same everywhere. */
int pt_value_cmp(const struct pt_value *a, const struct pt_value *b);

#endif
