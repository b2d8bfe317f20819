#include "rollup/rollup_page.h"

#include <criterion/criterion.h>

Test(rollup_page, a_note_says_which_half_is_english)
{
    static const struct {
        const char *text, *html;
    } rows[] = {
        {"dua / two < three", "dua <span class=\"en\" lang=\"en\">two &lt; three</span>"},
        {"satu/dua", "satu/dua"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_buf out = {0};
        pt__page_note(&out, rows[i].text);
        cr_expect_str_eq(pt_buf_text(&out), rows[i].html, "row %zu", i);
        pt_buf_free(&out);
    }
}

Test(rollup_page, text_cannot_become_markup)
{
    static const struct {
        const char *text, *html;
    } rows[] = {
        {"Kabupaten Satu", "Kabupaten Satu"},
        {"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
        {"a & \"b\"", "a &amp; &quot;b&quot;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_buf out = {0};
        pt__page_text(&out, rows[i].text);
        cr_expect_str_eq(pt_buf_text(&out), rows[i].html, "row %zu", i);
        pt_buf_free(&out);
    }
}
