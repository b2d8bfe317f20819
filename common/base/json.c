#include "base/json.h"

#include "base/text.h"

#include <string.h>

static void put_string(struct pt_buf *out, const char *text)
{
    bool utf8 = pt_utf8_ok(pt_bytes_str(text));
    pt_buf_put_str(out, "\"");
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\') {
            pt_buf_printf(out, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8)) {
            pt_buf_printf(out, "\\u%04x", c);
        } else {
            pt_buf_put_u8(out, c);
        }
    }
    pt_buf_put_str(out, "\"");
}

static void put_key(struct pt_json *json, const char *key)
{
    if (json->comma) {
        pt_buf_put_str(json->out, ",");
    }
    json->comma = true;
    if (key != NULL) {
        put_string(json->out, key);
        pt_buf_put_str(json->out, ":");
    }
}

void pt_json_begin(struct pt_json *json, const char *key, char bracket)
{
    put_key(json, key);
    pt_buf_put_u8(json->out, (uint8_t)bracket);
    json->comma = false;
}

void pt_json_end(struct pt_json *json, char bracket)
{
    pt_buf_put_u8(json->out, (uint8_t)bracket);
    json->comma = true;
}

void pt_json_text(struct pt_json *json, const char *key, const char *value)
{
    put_key(json, key);
    put_string(json->out, value);
}

void pt_json_count(struct pt_json *json, const char *key, uint64_t value)
{
    put_key(json, key);
    pt_buf_printf(json->out, "%llu", (unsigned long long)value);
}

void pt_json_bool(struct pt_json *json, const char *key, bool value)
{
    put_key(json, key);
    pt_buf_put_str(json->out, value ? "true" : "false");
}

void pt_json_number(struct pt_json *json, const char *key, const char *digits)
{
    put_key(json, key);
    pt_buf_put_str(json->out, digits[0] == '\0' ? "null" : digits);
}
