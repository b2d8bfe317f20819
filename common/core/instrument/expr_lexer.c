#include "core/instrument/expr_lexer.h"

#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void take(struct pt_lexer *lexer, enum pt_token token, const char *from, size_t n, const char *next)
{
    lexer->token = token;
    lexer->text = pt_bytes_of(from, n);
    lexer->at = next;
}

static void next_quoted(struct pt_lexer *lexer, const char *from, char quote)
{
    const char *end = strchr(from + 1, quote);
    if (end == NULL) {
        take(lexer, PT_TOKEN_BAD, from, strlen(from), from + strlen(from));
        return;
    }
    take(lexer, PT_TOKEN_STRING, from + 1, (size_t)(end - from - 1), end + 1);
}

static void next_ref(struct pt_lexer *lexer, const char *from)
{
    const char *end = from[1] == '{' ? strchr(from, '}') : NULL;
    if (end == NULL) {
        take(lexer, PT_TOKEN_BAD, from, strlen(from), from + strlen(from));
        return;
    }
    take(lexer, PT_TOKEN_REF, from + 2, (size_t)(end - from - 2), end + 1);
}

static void next_word(struct pt_lexer *lexer, const char *from, bool number)
{
    const char *end = from;
    while (number ? is_digit(*end) || *end == '.' : is_letter(*end) || is_digit(*end) || *end == '-' || *end == ':') {
        end++;
    }
    take(lexer, number ? PT_TOKEN_NUMBER : PT_TOKEN_NAME, from, (size_t)(end - from), end);
}

void pt_lexer_next(struct pt_lexer *lexer)
{
    const char *from = lexer->at + strspn(lexer->at, " \t\r\n");
    if (*from == '\0') {
        take(lexer, PT_TOKEN_END, from, 0, from);
    } else if (*from == '\'' || *from == '"') {
        next_quoted(lexer, from, *from);
    } else if (*from == '$') {
        next_ref(lexer, from);
    } else if (is_digit(*from) || (*from == '.' && is_digit(from[1]))) {
        next_word(lexer, from, true);
    } else if (is_letter(*from)) {
        next_word(lexer, from, false);
    } else if (strchr("!<>", *from) != NULL && from[1] == '=') {
        take(lexer, PT_TOKEN_SIGN, from, 2, from + 2);
    } else if (strchr("()+-*=<>,.", *from) != NULL) {
        take(lexer, PT_TOKEN_SIGN, from, 1, from + 1);
    } else {
        take(lexer, PT_TOKEN_BAD, from, strlen(from), from + strlen(from));
    }
}
