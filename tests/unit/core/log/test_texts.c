#include "core/log/texts.h"

#include "base/mem.h"
#include "core/store/store_mem.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SALT "0123456789abcdef"

/* Whoever holds an author key can sign a hash of any bytes: only what is a text is shown to people. */
Test(texts, a_text_is_utf8_or_damaged)
{
    static const struct {
        const char *content;
        size_t n;
        enum pt_err err;
    } rows[] = {
        {SALT "Loket ramah", 27, PT_OK},
        {SALT "\xe2\x82\xac", 19, PT_OK},
        {SALT, 16, PT_OK},
        {SALT, 15, PT_EDAMAGED},
        {SALT "\xe2\x82", 18, PT_EDAMAGED},
        {SALT "a\xff", 18, PT_EDAMAGED},
        {SALT "\xed\xa0\x80", 19, PT_EDAMAGED},
        {SALT "a\0b", 19, PT_EDAMAGED},
    };
    struct pt_subject subject = kit_subject("a:2023/62.71/disdukcapil");
    struct pt_store *store = kit_store();
    struct pt_txn *txn = kit_begin(store, true);
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = "before";
        struct pt_hash hash;
        cr_assert_eq(pt_text_put(txn, &subject, pt_bytes_of(rows[i].content, rows[i].n), &hash), PT_OK, "row %zu", i);
        cr_expect_eq(pt_text_get(txn, &subject, &hash, &arena, &text), rows[i].err, "row %zu", i);
        cr_expect_str_eq(text, rows[i].err == PT_OK ? rows[i].content + strlen(SALT) : "before", "row %zu", i);
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
    pt_store_close(store);
    cr_expect_eq(pt_mem_alive(), 0);
}

/* A longer one could not be passed on. */
Test(texts, a_text_has_a_limit)
{
    static const uint8_t content[PT_TEXT_CONTENT_BYTES_MAX + 1];
    struct pt_subject subject = kit_subject("a:2023/62.71/disdukcapil");
    struct pt_store *store = kit_store();
    struct pt_txn *txn = kit_begin(store, true);
    struct pt_hash hash;
    cr_expect_eq(pt_text_put(txn, &subject, pt_bytes_of(content, sizeof content - 1), &hash), PT_OK);
    cr_expect_eq(pt_text_put(txn, &subject, pt_bytes_of(content, sizeof content), &hash), PT_ELIMIT);
    pt_store_abort(txn);
    pt_store_close(store);
}

Test(texts, a_text_that_is_not_here_is_not_found)
{
    struct pt_subject subject = kit_subject("a:2023/62.71/disdukcapil");
    struct pt_store *store = kit_store();
    struct pt_txn *txn = kit_begin(store, false);
    struct pt_hash hash = {{1}};
    struct pt_arena arena;
    const char *text;
    pt_arena_init(&arena, SIZE_MAX);
    cr_expect_eq(pt_text_get(txn, &subject, &hash, &arena, &text), PT_ENOTFOUND);
    pt_arena_close(&arena);
    pt_store_abort(txn);
    pt_store_close(store);
}
