/* cmd_join.c - patuhd join: a regional office becomes known to head office. */
#include "commands/command.h"
#include "io/net/address.h"
#include "io/net/enrol_call.h"

#include <string.h>

static enum pt_err tell(struct command *c)
{
    struct pt_arena arena;
    struct pt_enrolment enrolment;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_enrolment_read(pt_buf_bytes(&c->office->enrolment), NULL, &arena, &enrolment);
    if (err == PT_OK) {
        command_tell(c, PT_MSG_JOIN_DONE, c->office->code, pt_enrolment_root(&enrolment)->name);
    }
    pt_arena_close(&arena);
    return err;
}

/* The code was made for one office; joining under another code would mix two offices' logs. */
static enum pt_err check_code(struct command *c, struct pt_bytes answer)
{
    struct pt_arena arena;
    struct pt_enrolment enrolment;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_enrolment_read(answer, NULL, &arena, &enrolment);
    if (err == PT_OK && strcmp(enrolment.statement.name, c->office->code) != 0) {
        err = pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_JOIN_OTHER_CODE, enrolment.statement.name,
                             c->office->code, NULL);
    }
    pt_arena_close(&arena);
    return err;
}

/* NULL: none was given, and the code has one. */
static enum pt_err check_address(struct command *c, const char *text)
{
    struct pt_address address;
    enum pt_err err = text == NULL ? PT_OK : pt_address_read(text, &address, &c->problem);
    c->usage = err == PT_EINVALID;
    return err;
}

enum pt_err cmd_join(struct command *c)
{
    struct pt_option options[] = {{.name = "--code-file", .has_value = true}, {.name = "--address", .has_value = true}};
    struct pt_code code;
    struct pt_buf text = {0};
    struct pt_buf answer = {0};
    const char *word;
    size_t n = 0;
    enum pt_err err = command_words(c, options, 2, &word, 1, &n);
    if (err == PT_OK) {
        err = n > 0 ? command_usage(c, PT_MSG_CODE_AS_WORD, "") : check_address(c, options[1].value);
    }
    if (err != PT_OK) {
        return err;
    }
    if (c->office->national) {
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_OFFICE_IS_NATIONAL, c->office->dir, NULL);
    }
    if (c->office->joined) {
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_OFFICE_JOINED, NULL);
    }
    if (c->office->writer != NULL) {
        return pt_problem_set(&c->problem, PT_EBUSY, PT_MSG_OFFICE_RUNS, c->office->dir, NULL);
    }
    pt_buf_put_bytes(&text, c->input);
    err = pt_code_read(pt_buf_text(&text), &code, &c->problem);
    if (err == PT_OK) {
        struct pt_applicant applicant = {.pair = &c->office->pair,
                                         .transport_key = c->office->transport.public_key,
                                         .address = options[1].value,
                                         .name = c->office->name,
                                         .office = c->office->code};
        err = pt_enrol_call(&code, &applicant, &c->office->transport, &answer, &c->problem);
    }
    if (err == PT_OK) {
        err = check_code(c, pt_buf_bytes(&answer));
    }
    if (err == PT_OK) {
        err = office_set_enrolment(c->office, pt_buf_bytes(&answer), code.address, &c->problem);
    }
    pt_buf_wipe(&text);
    pt_buf_free(&answer);
    return err == PT_OK ? tell(c) : err;
}
