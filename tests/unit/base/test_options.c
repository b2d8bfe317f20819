#include "base/options.h"

#include <criterion/criterion.h>
#include <string.h>

enum { OPTION_AS, OPTION_JSON, OPTION_COMMENT, N_OPTIONS };

#define ROOM 3

/* What was read of a command line. */
struct reading {
    struct pt_option options[N_OPTIONS];
    const char *words[ROOM];
    struct pt_words list;
    struct pt_problem problem;
};

static enum pt_err read_line(struct reading *r, bool repeat, int argc, const char *const *argv)
{
    *r = (struct reading){.options = {
                              [OPTION_AS] = {.name = "--as", .has_value = true},
                              [OPTION_JSON] = {.name = "--json"},
                              [OPTION_COMMENT] = {.name = "--comment", .has_value = true, .repeats = true},
                          }};
    r->list = (struct pt_words){.words = r->words, .n_max = ROOM, .repeat = repeat};
    return pt_options_read(argc, argv, r->options, N_OPTIONS, &r->list, &r->problem);
}

#define READ(r, ...)                                                                                                   \
    read_line(r, false, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)),                           \
              (const char *[]){__VA_ARGS__})

/* The words are refused with this sentence about that word. */
#define EXPECT_REFUSED(message, about, ...)                                                                            \
    do {                                                                                                               \
        struct reading refused;                                                                                        \
        cr_expect_eq(READ(&refused, __VA_ARGS__), PT_EINVALID);                                                        \
        cr_expect_eq(refused.problem.msg, message, "%s", pt_msg_english(refused.problem.msg));                         \
        cr_expect_str_eq(refused.problem.arg[0], about);                                                               \
    } while (0)

Test(options, nothing_is_no_mistake)
{
    struct reading r;
    cr_assert_eq(read_line(&r, false, 0, NULL), PT_OK);
    cr_expect_eq(r.list.n, 0);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        cr_expect_eq(r.options[i].n, 0);
        cr_expect_null(r.options[i].value);
    }
}

Test(options, stand_anywhere_between_the_words)
{
    struct reading r;
    cr_assert_eq(READ(&r, "list", "--as", "rini", "a/b/c", "--json", "x"), PT_OK);
    cr_expect_str_eq(r.options[OPTION_AS].value, "rini");
    cr_expect_eq(r.options[OPTION_JSON].n, 1);
    cr_expect_str_eq(r.options[OPTION_JSON].value, "");
    cr_assert_eq(r.list.n, 3);
    cr_expect_str_eq(r.words[0], "list");
    cr_expect_str_eq(r.words[1], "a/b/c");
    cr_expect_str_eq(r.words[2], "x");
}

Test(options, that_are_not_known_are_named)
{
    EXPECT_REFUSED(PT_MSG_OPTION_UNKNOWN, "--asx", "--asx", "rini");
    EXPECT_REFUSED(PT_MSG_OPTION_UNKNOWN, "--a", "--a", "rini");
    EXPECT_REFUSED(PT_MSG_OPTION_UNKNOWN, "--a=rini", "--a=rini");
    EXPECT_REFUSED(PT_MSG_OPTION_UNKNOWN, "---", "---");
    EXPECT_REFUSED(PT_MSG_OPTION_UNKNOWN, "--=", "--=");
    EXPECT_REFUSED(PT_MSG_OPTION_UNKNOWN, "--json=yes", "--json=yes"); /* a switch has no value */
}

Test(options, take_a_value_as_it_stands)
{
    static const char *const values[] = {"rini", "", "-1", "--json", "--", "a=b", "--as=x"};
    struct reading r;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char joined[32];
        (void)snprintf(joined, sizeof joined, "--as=%s", values[i]);
        cr_assert_eq(READ(&r, "--as", values[i]), PT_OK, "%s", values[i]);
        cr_expect_str_eq(r.options[OPTION_AS].value, values[i]);
        cr_expect_eq(r.options[OPTION_JSON].n, 0);
        cr_assert_eq(READ(&r, joined), PT_OK, "%s", joined);
        cr_expect_str_eq(r.options[OPTION_AS].value, values[i]);
        cr_expect_eq(r.list.n, 0);
    }
}

Test(options, need_their_value)
{
    EXPECT_REFUSED(PT_MSG_OPTION_VALUE, "--as", "--as");
    EXPECT_REFUSED(PT_MSG_OPTION_VALUE, "--comment", "list", "--comment");
}

Test(options, are_given_once)
{
    EXPECT_REFUSED(PT_MSG_OPTION_TWICE, "--as", "--as", "rini", "--as", "rini");
    EXPECT_REFUSED(PT_MSG_OPTION_TWICE, "--as", "--as=rini", "--as=budi");
    EXPECT_REFUSED(PT_MSG_OPTION_TWICE, "--json", "--json", "--json");
}

Test(options, that_repeat_stop_at_their_limit)
{
    const char *line[2 * (PT_OPTION_VALUES_MAX + 1)];
    char values[PT_OPTION_VALUES_MAX + 1][8];
    struct reading r;
    for (size_t i = 0; i <= PT_OPTION_VALUES_MAX; i++) {
        (void)snprintf(values[i], sizeof values[i], "q%zu", i);
        line[2 * i] = "--comment";
        line[2 * i + 1] = values[i];
    }
    cr_assert_eq(read_line(&r, false, 2 * PT_OPTION_VALUES_MAX, line), PT_OK);
    cr_assert_eq(r.options[OPTION_COMMENT].n, PT_OPTION_VALUES_MAX);
    for (size_t i = 0; i < PT_OPTION_VALUES_MAX; i++) {
        cr_expect_str_eq(r.options[OPTION_COMMENT].values[i], values[i]);
    }
    cr_expect_str_eq(r.options[OPTION_COMMENT].value, values[PT_OPTION_VALUES_MAX - 1]);
    cr_assert_eq(read_line(&r, false, 2 * (PT_OPTION_VALUES_MAX + 1), line), PT_EINVALID);
    cr_expect_eq(r.problem.msg, PT_MSG_OPTION_TOO_MANY);
    cr_expect_str_eq(r.problem.arg[0], "--comment");
    cr_expect_str_eq(r.problem.arg[1], "64");
}

Test(options, words_that_have_no_place_are_named)
{
    EXPECT_REFUSED(PT_MSG_OPTION_WORD, "d", "a", "b", "--json", "c", "d", "e");
    struct pt_problem problem = {0};
    struct pt_words none = {0};
    const char *const line[] = {"a"};
    cr_expect_eq(pt_options_read(1, line, NULL, 0, &none, &problem), PT_EINVALID);
    cr_expect_eq(problem.msg, PT_MSG_OPTION_WORD);
}

Test(options, words_that_repeat_stop_at_their_limit)
{
    static const char *const line[] = {"approve", "a", "b", "c"};
    struct reading r;
    cr_assert_eq(read_line(&r, true, 3, line), PT_OK);
    cr_expect_eq(r.list.n, 3);
    cr_assert_eq(read_line(&r, true, 4, line), PT_EINVALID);
    cr_expect_eq(r.problem.msg, PT_MSG_WORD_TOO_MANY);
    cr_expect_str_eq(r.problem.arg[0], "c");
    cr_expect_str_eq(r.problem.arg[1], "3");
}

Test(options, end_at_two_hyphens)
{
    struct reading r;
    cr_assert_eq(READ(&r, "--json", "--", "--as", "--"), PT_OK);
    cr_expect_eq(r.options[OPTION_JSON].n, 1);
    cr_expect_eq(r.options[OPTION_AS].n, 0);
    cr_assert_eq(r.list.n, 2);
    cr_expect_str_eq(r.words[0], "--as");
    cr_expect_str_eq(r.words[1], "--");
    EXPECT_REFUSED(PT_MSG_OPTION_WORD, "d", "--", "a", "b", "c", "d");
}

Test(options, one_hyphen_begins_a_word)
{
    struct reading r;
    cr_assert_eq(READ(&r, "-1", "-", "-json"), PT_OK);
    cr_assert_eq(r.list.n, 3);
    cr_expect_str_eq(r.words[0], "-1");
    cr_expect_str_eq(r.words[1], "-");
    cr_expect_str_eq(r.words[2], "-json");
    cr_expect_eq(r.options[OPTION_JSON].n, 0);
}

Test(options, may_be_refused_without_a_sentence)
{
    const char *const line[] = {"--nope"};
    struct pt_words none = {0};
    cr_expect_eq(pt_options_read(1, line, NULL, 0, &none, NULL), PT_EINVALID);
}
