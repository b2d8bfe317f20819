#include "base/mem.h"
#include "base/problem.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

/* Whose two texts take different arguments. */
static const bool has_argument_for_each[] = {
#define PT_MSG(name, indonesian, english) false,
#define PT_MSG_EACH(name, indonesian, english) true,
#include "base/messages.def"
#undef PT_MSG
};

/* Which of {1}..{5} a text uses, as bits. */
static unsigned placeholders(const char *text)
{
    unsigned used = 0;
    for (const char *at = text; (at = strchr(at, '{')) != NULL; at++) {
        cr_assert(at[1] >= '1' && at[1] <= '0' + PT_PROBLEM_ARGS && at[2] == '}', "odd placeholder in: %s", text);
        used |= 1u << (at[1] - '0');
    }
    return used;
}

Test(problem, both_languages_use_the_same_placeholders)
{
    for (size_t i = 0; i < PT_MSG_COUNT; i++) {
        const char *indonesian = pt_msg_indonesian((enum pt_msg)i);
        const char *english = pt_msg_english((enum pt_msg)i);
        unsigned id = placeholders(indonesian);
        unsigned en = placeholders(english);
        cr_expect_eq(id != en, has_argument_for_each[i], "%s", english);
        cr_expect_eq(en & ~id, (id & ~en) << 1, "%s", english); /* the English one follows the Indonesian one */
        cr_expect((i == PT_MSG_NONE) == (*indonesian == '\0'), "%s", english);
        cr_expect((i == PT_MSG_NONE) == (*english == '\0'), "%s", indonesian);
    }
}

Test(problem, is_one_sentence_in_both_languages)
{
    struct pt_problem problem = {0};
    enum pt_err err = pt_problem_set(&problem, PT_EIO, PT_MSG_FILE_OPEN, "a.csv", "no {1} there", NULL);
    cr_expect_eq(err, PT_EIO);
    struct pt_buf out = {0};
    pt_problem_put(&out, &problem);
    cr_expect_str_eq(pt_buf_text(&out),
                     "Berkas a.csv tidak dapat dibuka (no {1} there); periksa nama dan hak aksesnya. / "
                     "File a.csv cannot be opened (no {1} there); check its name and permissions.");
    pt_buf_free(&out);
}

Test(problem, reasons_of_the_system_are_indonesian_in_the_indonesian_half)
{
    static const int codes[] = {ENOENT, EACCES, EPERM, ENOSPC, EIO, EEXIST, ENOTDIR, EISDIR, EMFILE, EROFS};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0] + PT_ERR_COUNT - 1; i++) {
        size_t n = sizeof codes / sizeof codes[0];
        const char *reason = i < n ? strerror(codes[i]) : pt_err_text((enum pt_err)(i - n + 1));
        struct pt_problem problem = {0};
        struct pt_buf out = {0};
        cr_expect_eq(pt_problem_set(&problem, PT_EIO, PT_MSG_FILE_OPEN, "a.csv", reason, NULL), PT_EIO);
        pt_problem_put(&out, &problem);
        char *half = strstr(pt_buf_text(&out), " / File");
        cr_assert_not_null(half);
        cr_expect_not_null(strstr(half, reason), "%s", pt_buf_text(&out));
        *half = '\0';
        cr_expect_null(strstr(pt_buf_text(&out), reason), "%s", pt_buf_text(&out));
        pt_buf_free(&out);
    }
}

Test(problem, default_does_not_hide_a_better_sentence)
{
    struct pt_problem problem = {.msg = PT_MSG_FILE_OPEN};
    cr_expect_eq(pt_problem_default(&problem, PT_EIO, "x"), PT_EIO);
    cr_expect_eq(problem.msg, PT_MSG_FILE_OPEN);
    problem.msg = PT_MSG_NONE;
    cr_expect_eq(pt_problem_default(&problem, PT_ENOMEM, "x"), PT_ENOMEM);
    cr_expect_eq(problem.msg, PT_MSG_ERR_NOMEM);
}
