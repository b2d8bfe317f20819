#include "core/wire/pack.h"

#include "base/mem.h"
#include "core/wire/unpack.h"
#include "wire.pb-c.h"

#include <criterion/criterion.h>
#include <string.h>

static void fill(Patuh__LogRef *log)
{
    patuh__log_ref__init(log);
    log->has_number = log->has_subject = true;
    log->number = 7;
    log->subject = pt_binary("a:2023/62.71/disdukcapil", 24);
}

Test(pack, comes_back_as_it_was)
{
    struct pt_arena arena;
    Patuh__LogRef log;
    struct pt_bytes packed;
    ProtobufCMessage *message;
    fill(&log);
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_pack(&log.base, &arena, &packed), PT_OK);
    cr_assert_eq(pt_unpack(&patuh__log_ref__descriptor, packed, &arena, &message), PT_OK);
    const Patuh__LogRef *read = (const Patuh__LogRef *)message;
    cr_expect_eq(read->number, 7);
    cr_expect_eq(read->subject.len, log.subject.len);
    cr_expect_arr_eq(read->subject.data, log.subject.data, log.subject.len);
    pt_arena_close(&arena);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(pack, too_small_an_arena_changes_nothing)
{
    struct pt_arena arena;
    Patuh__LogRef log;
    struct pt_bytes packed = {0};
    fill(&log);
    pt_arena_init(&arena, 8);
    cr_expect_eq(pt_pack(&log.base, &arena, &packed), PT_ELIMIT);
    cr_expect_null(packed.data);
    pt_arena_close(&arena);
}

Test(pack, fields_lend_and_copy_nothing)
{
    const char *text = "siti";
    cr_expect_eq(pt_text_of(text), text);
    cr_expect_null(pt_text_of(NULL));
    cr_expect_eq((const void *)pt_binary(text, 4).data, (const void *)text);
    cr_expect_eq(pt_binary(text, 4).len, 4);
    cr_expect_eq(pt_mem_alive(), 0);
}
