#include "base/json.h"

#include <criterion/criterion.h>

Test(json, escapes_what_has_to_be_escaped)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"", "[\"\"]"},
        {"a \"b\" \\ c", "[\"a \\\"b\\\" \\\\ c\"]"},
        {"line\nend\x1b[0m", "[\"line\\u000aend\\u001b[0m\"]"},
        {"\xc3\xa9", "[\"\xc3\xa9\"]"},
        {"\xff", "[\"\\u00ff\"]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_buf out = {0};
        struct pt_json json = {.out = &out};
        pt_json_begin(&json, NULL, '[');
        pt_json_text(&json, NULL, rows[i].text);
        pt_json_end(&json, ']');
        cr_expect_str_eq(pt_buf_text(&out), rows[i].expected, "row %zu", i);
        pt_buf_free(&out);
    }
}

Test(json, puts_commas_between_and_only_between)
{
    struct pt_buf out = {0};
    struct pt_json json = {.out = &out};
    pt_json_begin(&json, NULL, '{');
    pt_json_begin(&json, "empty", '[');
    pt_json_end(&json, ']');
    pt_json_count(&json, "n", 18446744073709551615u);
    pt_json_bool(&json, "yes", true);
    pt_json_number(&json, "low", "93.71");
    pt_json_number(&json, "high", "");
    pt_json_begin(&json, "list", '[');
    pt_json_begin(&json, NULL, '{');
    pt_json_end(&json, '}');
    pt_json_begin(&json, NULL, '{');
    pt_json_end(&json, '}');
    pt_json_end(&json, ']');
    pt_json_end(&json, '}');
    cr_expect_str_eq(pt_buf_text(&out), "{\"empty\":[],\"n\":18446744073709551615,\"yes\":true,\"low\":93.71,"
                                        "\"high\":null,\"list\":[{},{}]}");
    pt_buf_free(&out);
}
