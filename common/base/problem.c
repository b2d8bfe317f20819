#include "base/problem.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

static const char *const indonesian_texts[] = {
#define PT_MSG(name, indonesian, english) indonesian,
#include "base/messages.def"
#undef PT_MSG
};

static const char *const english_texts[] = {
#define PT_MSG(name, indonesian, english) english,
#include "base/messages.def"
#undef PT_MSG
};

const char *pt_msg_indonesian(enum pt_msg msg)
{
    return (size_t)msg < PT_MSG_COUNT ? indonesian_texts[msg] : "?";
}

const char *pt_msg_english(enum pt_msg msg)
{
    return (size_t)msg < PT_MSG_COUNT ? english_texts[msg] : "?";
}

struct reason {
    const char *english;
    const char *indonesian;
};

static const struct reason reasons[] = {
#define PT_REASON(english, indonesian) {english, indonesian},
#include "base/messages_reasons.def"
#undef PT_REASON
};

/* What other libraries say in English; anything else is a name, a number, a value: it stays as it is. */
static const char *in_indonesian(const char *arg)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcasecmp(arg, reasons[i].english) == 0) {
            return reasons[i].indonesian;
        }
    }
    return arg;
}

static void put_filled(struct pt_buf *out, const char *text, const char *const args[PT_PROBLEM_ARGS])
{
    for (const char *at = text; *at != '\0'; at++) {
        bool placeholder = at[0] == '{' && at[1] >= '1' && at[1] <= '0' + PT_PROBLEM_ARGS && at[2] == '}';
        if (!placeholder) {
            pt_buf_put(out, at, 1);
            continue;
        }
        const char *arg = args[at[1] - '1'];
        pt_buf_put_str(out, arg == NULL ? "" : arg);
        at += 2;
    }
}

static void take_args(const char *args[PT_PROBLEM_ARGS], va_list list)
{
    size_t n = 0;
    for (const char *arg = va_arg(list, const char *); arg != NULL; arg = va_arg(list, const char *)) {
        if (n < PT_PROBLEM_ARGS) {
            args[n++] = arg;
        }
    }
}

static void put_indonesian(struct pt_buf *out, enum pt_msg msg, const char *const args[PT_PROBLEM_ARGS])
{
    const char *translated[PT_PROBLEM_ARGS];
    for (size_t i = 0; i < PT_PROBLEM_ARGS; i++) {
        translated[i] = args[i] == NULL ? NULL : in_indonesian(args[i]);
    }
    put_filled(out, pt_msg_indonesian(msg), translated);
}

static void put_both(struct pt_buf *out, enum pt_msg msg, const char *const args[PT_PROBLEM_ARGS])
{
    put_indonesian(out, msg, args);
    pt_buf_put_str(out, " / ");
    put_filled(out, pt_msg_english(msg), args);
}

enum pt_err pt_problem_set(struct pt_problem *problem, enum pt_err err, enum pt_msg msg, ...)
{
    if (problem == NULL) {
        return err;
    }
    const char *args[PT_PROBLEM_ARGS] = {0};
    va_list list;
    va_start(list, msg);
    take_args(args, list);
    va_end(list);
    struct pt_problem filled = {.msg = msg};
    for (size_t i = 0; i < PT_PROBLEM_ARGS; i++) {
        (void)snprintf(filled.arg[i], sizeof filled.arg[i], "%s", args[i] == NULL ? "" : args[i]);
    }
    *problem = filled;
    return err;
}

enum pt_err pt_problem_default(struct pt_problem *problem, enum pt_err err, const char *action)
{
    if (err == PT_OK || problem == NULL || problem->msg != PT_MSG_NONE) {
        return err;
    }
    if (err == PT_ENOMEM) {
        return pt_problem_set(problem, err, PT_MSG_ERR_NOMEM, NULL);
    }
    return pt_problem_set(problem, err, PT_MSG_ERR_INTERNAL, action, pt_err_text(err), NULL);
}

static void args_of(const struct pt_problem *problem, const char *args[PT_PROBLEM_ARGS])
{
    for (size_t i = 0; i < PT_PROBLEM_ARGS; i++) {
        args[i] = problem->arg[i];
    }
}

void pt_problem_put(struct pt_buf *out, const struct pt_problem *problem)
{
    const char *args[PT_PROBLEM_ARGS];
    args_of(problem, args);
    put_both(out, problem->msg, args);
}

void pt_problem_put_each(struct pt_buf *indonesian, struct pt_buf *english, const struct pt_problem *problem)
{
    const char *args[PT_PROBLEM_ARGS];
    args_of(problem, args);
    put_indonesian(indonesian, problem->msg, args);
    put_filled(english, pt_msg_english(problem->msg), args);
}

void pt_say(struct pt_buf *out, enum pt_msg msg, ...)
{
    const char *args[PT_PROBLEM_ARGS] = {0};
    va_list list;
    va_start(list, msg);
    take_args(args, list);
    va_end(list);
    put_both(out, msg, args);
}

void pt_say_indonesian(struct pt_buf *out, enum pt_msg msg, ...)
{
    const char *args[PT_PROBLEM_ARGS] = {0};
    va_list list;
    va_start(list, msg);
    take_args(args, list);
    va_end(list);
    put_indonesian(out, msg, args);
}

static void print_line(FILE *out, struct pt_buf *line)
{
    pt_buf_put_str(line, "\n");
    if (line->err == PT_OK) {
        (void)fputs(pt_buf_text(line), out);
    }
    pt_buf_free(line);
}

void pt_say_to(FILE *out, enum pt_msg msg, ...)
{
    const char *args[PT_PROBLEM_ARGS] = {0};
    va_list list;
    va_start(list, msg);
    take_args(args, list);
    va_end(list);
    struct pt_buf line = {0};
    put_both(&line, msg, args);
    print_line(out, &line);
}

void pt_problem_print(FILE *out, const struct pt_problem *problem)
{
    struct pt_buf line = {0};
    pt_problem_put(&line, problem);
    print_line(out, &line);
}
