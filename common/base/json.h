/* json.h - writes JSON (RFC 8259) piece by piece into a buffer.
 *
 *     pt_json_begin(&json, NULL, '{');  pt_json_text(&json, "name", "x");  pt_json_end(&json, '}');
 * key: NULL inside arrays. Bytes that are not UTF-8 come out as the code point of the same number.
 * Thread: any one thread at a time.  Memory: the caller's buffer, with its sticky error. */
#ifndef PT_JSON_H
#define PT_JSON_H

#include "base/bytes.h"

struct pt_json {
    struct pt_buf *out;
    bool comma; /* something stands before, in this object or array */
};

void pt_json_begin(struct pt_json *json, const char *key, char bracket); /* '{' or '[' */
void pt_json_end(struct pt_json *json, char bracket);                    /* '}' or ']' */
void pt_json_text(struct pt_json *json, const char *key, const char *value);
void pt_json_count(struct pt_json *json, const char *key, uint64_t value);
void pt_json_bool(struct pt_json *json, const char *key, bool value);
/* Digits as they are ("93.71"), null when empty. */
void pt_json_number(struct pt_json *json, const char *key, const char *digits);

#endif
