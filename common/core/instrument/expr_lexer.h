/* expr_lexer.h - the words of an expression, one after the other. Inside expressions only.
 *
 * Thread: any.  Memory: tokens point into the source. */
#ifndef PT_EXPR_LEXER_H
#define PT_EXPR_LEXER_H

#include "base/bytes.h"

enum pt_token {
    PT_TOKEN_END,
    PT_TOKEN_NUMBER,
    PT_TOKEN_STRING,
    PT_TOKEN_REF,  /* ${name} */
    PT_TOKEN_NAME, /* function or operator in letters */
    PT_TOKEN_SIGN, /* one or two characters */
    PT_TOKEN_BAD
};

struct pt_lexer {
    const char *at; /* after the token; at first the NUL-terminated source */
    enum pt_token token;
    struct pt_bytes text; /* of the token, without quotes and ${} */
};

/* To the next token; PT_TOKEN_END at the end, PT_TOKEN_BAD for the rest that is none. */
void pt_lexer_next(struct pt_lexer *lexer);

#endif
