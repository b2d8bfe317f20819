#include "base/options.h"

#include <string.h>

static struct pt_option *find(struct pt_option *options, size_t n, const char *word, size_t name_bytes)
{
    for (size_t i = 0; i < n; i++) {
        if (strlen(options[i].name) == name_bytes && strncmp(options[i].name, word, name_bytes) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

static enum pt_err too_many(enum pt_msg msg, const char *what, size_t max, struct pt_problem *problem)
{
    char limit[24];
    (void)snprintf(limit, sizeof limit, "%zu", max);
    return pt_problem_set(problem, PT_EINVALID, msg, what, limit, NULL);
}

static enum pt_err take(struct pt_option *option, const char *value, struct pt_problem *problem)
{
    if (option->n > 0 && !option->repeats) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_OPTION_TWICE, option->name, NULL);
    }
    if (option->n == PT_OPTION_VALUES_MAX) {
        return too_many(PT_MSG_OPTION_TOO_MANY, option->name, PT_OPTION_VALUES_MAX, problem);
    }
    option->values[option->n++] = value;
    option->value = value;
    return PT_OK;
}

static enum pt_err take_word(struct pt_words *words, const char *word, struct pt_problem *problem)
{
    if (words->n >= words->n_max && words->repeat) {
        return too_many(PT_MSG_WORD_TOO_MANY, word, words->n_max, problem);
    }
    if (words->n >= words->n_max) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_OPTION_WORD, word, NULL);
    }
    words->words[words->n++] = word;
    return PT_OK;
}

enum pt_err pt_options_read(int argc, const char *const *argv, struct pt_option *options, size_t n_options,
                            struct pt_words *words, struct pt_problem *problem)
{
    bool only_words = false;
    enum pt_err err = PT_OK;
    for (int i = 0; i < argc && err == PT_OK; i++) {
        const char *word = argv[i];
        if (only_words || strncmp(word, "--", 2) != 0) {
            err = take_word(words, word, problem);
            continue;
        }
        if (word[2] == '\0') {
            only_words = true;
            continue;
        }
        const char *equals = strchr(word, '=');
        size_t n = equals == NULL ? strlen(word) : (size_t)(equals - word);
        struct pt_option *option = find(options, n_options, word, n);
        if (option == NULL || (!option->has_value && equals != NULL)) {
            return pt_problem_set(problem, PT_EINVALID, PT_MSG_OPTION_UNKNOWN, word, NULL);
        }
        if (!option->has_value) {
            err = take(option, "", problem);
        } else if (equals != NULL) {
            err = take(option, equals + 1, problem);
        } else if (i + 1 < argc) {
            err = take(option, argv[++i], problem);
        } else {
            return pt_problem_set(problem, PT_EINVALID, PT_MSG_OPTION_VALUE, word, NULL);
        }
    }
    return err;
}
