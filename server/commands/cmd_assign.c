/* cmd_assign.c - patuhd assign: give one assessment to a surveyor. */
#include "assessments.h"
#include "commands/command.h"
#include "commands/surveyors.h"

/* Only who was assigned there can be replaced; who was replaced already, by the same words, may be named again. */
static enum pt_err check_instead_of(struct command *c, const struct assignment *assignment)
{
    struct directory directory;
    if (assignment->instead_of == NULL) {
        return PT_OK;
    }
    enum pt_err err = directory_open(c->office, &directory);
    if (err != PT_OK) {
        return err;
    }
    const struct directory_assessment *known = directory_find(&directory, &assignment->subject);
    if (known == NULL || !directory_is_assigned(known, assignment->instead_of)) {
        err = pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_ASSIGN_INSTEAD, pt_subject_name(&assignment->subject),
                             assignment->instead_of, NULL);
    }
    directory_close(&directory);
    return err;
}

static enum pt_err assign(struct command *c, const struct assignment *assignment, size_t *n_written)
{
    char code[PT_SUBJECT_BYTES_MAX + 1];
    struct cycle_data cycle;
    pt_subject_cycle(&assignment->subject, code);
    enum pt_err err = cycle_data_open(c->office, code, &cycle);
    if (err != PT_OK) {
        return err;
    }
    err = assignment_check(c->office, &cycle, assignment, &c->problem);
    if (err == PT_OK) {
        err = check_instead_of(c, assignment);
    }
    if (err == PT_OK) {
        err = assignments_write(c->office, &cycle, assignment, 1, n_written);
    }
    cycle_data_close(&cycle);
    return err;
}

enum pt_err cmd_assign(struct command *c)
{
    struct pt_option options[] = {{.name = "--surveyor", .has_value = true},
                                  {.name = "--instead-of", .has_value = true}};
    const char *words[1];
    size_t n = 0;
    struct assignment assignment = {0};
    enum pt_err err = command_words(c, options, 2, words, 1, &n);
    if (err != PT_OK) {
        return err;
    }
    if (n == 0) {
        return command_usage(c, PT_MSG_WORD_NEEDED, "ASSESSMENT");
    }
    if (options[0].value == NULL) {
        return command_usage(c, PT_MSG_OPTION_NEEDED, "--surveyor");
    }
    if (pt_subject_make(PT_SUBJECT_ASSESSMENT, words[0], &assignment.subject) != PT_OK) {
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_ASSESSMENT_INVALID, words[0], NULL);
    }
    assignment.surveyor = options[0].value;
    assignment.instead_of = options[1].value;
    size_t n_written = 0;
    err = assign(c, &assignment, &n_written);
    if (err == PT_OK) {
        command_tell(c, n_written > 0 ? PT_MSG_ASSIGNED : PT_MSG_ASSIGNED_BEFORE, words[0], assignment.surveyor);
        err = surveyors_tell_missing(c, &assignment.surveyor, 1);
    }
    return err;
}
