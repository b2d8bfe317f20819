/* cmd_rollup.c - patuhd rollup and verify. */
#include "base/text.h"
#include "commands/command.h"
#include "io/disk/files.h"
#include "rollup/rollup.h"

#include <dirent.h>
#include <string.h>

/* A store or a key: an office or a device lives there, and its folder is no place for what is published. */
static bool is_of_a_program(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strcmp(name, "store") == 0 || (dot != NULL && strcmp(dot, ".key") == 0);
}

static enum pt_err check_out(struct command *c, const char *folder)
{
    DIR *dir = opendir(folder);
    enum pt_err err = PT_OK;
    const struct dirent *row;
    while (dir != NULL && err == PT_OK && (row = readdir(dir)) != NULL) {
        if (is_of_a_program(row->d_name)) {
            err = pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_ROLLUP_OUT, folder, row->d_name, NULL);
        }
    }
    if (dir != NULL) { /* else it is made, or writing says what is wrong */
        (void)closedir(dir);
    }
    return err;
}

static enum pt_err build(struct command *c, const struct pt_rollup_input *input, const char *folder)
{
    struct pt_rollup_files files = {0};
    enum pt_err err = pt_rollup_build(input, &files, &c->problem);
    if (err == PT_OK) {
        err = pt_rollup_write(&files, folder, &c->problem);
    }
    if (err == PT_OK) {
        pt_rollup_file_put(pt_rollup_file(&files, "results.csv"), &c->out);
        command_tell(c, PT_MSG_ROLLUP_DONE, input->cycle, folder);
    }
    pt_rollup_files_free(&files);
    return err;
}

/* Only the fixed result has versions. */
static bool read_version(const char *text, struct pt_rollup_input *input)
{
    int64_t version = 0;
    bool right = pt_int_read(pt_bytes_str(text), &version) == PT_OK && version > 0 && version <= UINT32_MAX;
    input->version = right ? (uint32_t)version : 0;
    return right && input->level == PT_LEVEL_FIXED;
}

enum pt_err cmd_rollup(struct command *c)
{
    struct pt_option options[] = {{.name = "--cycle", .has_value = true},
                                  {.name = "--level", .has_value = true},
                                  {.name = "--out", .has_value = true},
                                  {.name = "--version", .has_value = true}};
    char folder[PATH_MAX];
    char cache[PATH_MAX];
    size_t n = 0;
    enum pt_err err = command_words(c, options, 4, NULL, 0, &n);
    if (err != PT_OK) {
        return err;
    }
    if (options[0].value == NULL || options[2].value == NULL) {
        return command_usage(c, PT_MSG_OPTION_NEEDED, options[0].value == NULL ? "--cycle" : "--out");
    }
    struct pt_rollup_input input = command_rollup_input(c);
    input.cycle = options[0].value;
    input.level = PT_LEVEL_REGION;
    if (options[1].value != NULL && pt_level_read(options[1].value, &input.level) != PT_OK) {
        return command_usage(c, PT_MSG_ROLLUP_LEVEL, options[1].value);
    }
    if (options[3].value != NULL && !read_version(options[3].value, &input)) {
        return command_usage(c, PT_MSG_ROLLUP_VERSION, options[3].value);
    }
    err = pt_path_join(cache, sizeof cache, c->office->dir, "cache");
    input.cache = cache;
    if (err == PT_OK) {
        err = command_path(c, options[2].value, folder, sizeof folder);
    }
    if (err == PT_OK) {
        err = check_out(c, folder);
    }
    return err == PT_OK ? build(c, &input, folder) : err;
}

enum pt_err cmd_verify(struct command *c)
{
    const char *words[1];
    char folder[PATH_MAX];
    size_t n = 0;
    struct pt_rollup_files files = {0};
    enum pt_err err = command_words(c, NULL, 0, words, 1, &n);
    if (err == PT_OK && n == 0) {
        err = command_usage(c, PT_MSG_WORD_NEEDED, "OUT");
    }
    if (err == PT_OK) {
        err = command_path(c, words[0], folder, sizeof folder);
    }
    if (err == PT_OK) {
        err = pt_rollup_read(folder, &files, &c->problem);
    }
    if (err == PT_OK) {
        struct pt_rollup_input input = command_rollup_input(c);
        err = pt_rollup_verify(&input, &files, &c->out);
        pt_buf_put_str(&c->out, "\n");
        if (err == PT_EINVALID || err == PT_ESIGNATURE) { /* else it is not the outputs that are wrong */
            (void)pt_problem_set(&c->problem, err, PT_MSG_VERIFY_FAILED, folder, NULL);
        }
    }
    pt_rollup_files_free(&files);
    return err;
}
