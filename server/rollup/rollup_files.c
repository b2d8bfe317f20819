/* rollup_files.c - the files of a rollup in a folder. */
#include "io/disk/files.h"
#include "rollup/rollup.h"

#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 30)
#define PATH_BYTES 4096

static const char *const names[] = {"answers.csv",      "codebook.csv",  "comparison.csv", "coverage.csv",
                                    "inputs.csv",       "national.json", "report.html",    "results.csv",
                                    "tree.csv",         "units.csv",     "zones.csv",      PT_ROLLUP_MANIFEST,
                                    PT_ROLLUP_SIGNATURE};
#define N_NAMES (sizeof names / sizeof names[0])

static enum pt_err write_file(const char *path, const struct pt_rollup_file *file, struct pt_problem *problem)
{
    if (file->n_parts > 0) {
        return pt_file_write_parts(path, file->parts, file->n_parts, 0644, problem);
    }
    return pt_file_write(path, pt_buf_bytes(&file->content), 0644, problem);
}

enum pt_err pt_rollup_write(const struct pt_rollup_files *files, const char *folder, struct pt_problem *problem)
{
    char path[PATH_BYTES];
    enum pt_err err = pt_folder_make(folder, 0755, problem);
    for (size_t i = 0; i < files->n && err == PT_OK; i++) {
        err = pt_path_join(path, sizeof path, folder, files->file[i].name);
        if (err != PT_OK) {
            return pt_problem_set(problem, PT_EIO, PT_MSG_FILE_WRITE, folder, pt_err_text(err), NULL);
        }
        err = write_file(path, &files->file[i], problem);
    }
    return err;
}

enum pt_err pt_rollup_read(const char *folder, struct pt_rollup_files *out, struct pt_problem *problem)
{
    char path[PATH_BYTES];
    for (size_t i = 0; i < N_NAMES; i++) {
        enum pt_err err = pt_path_join(path, sizeof path, folder, names[i]);
        if (err != PT_OK) {
            return pt_problem_set(problem, PT_EIO, PT_MSG_FILE_OPEN, folder, pt_err_text(err), NULL);
        }
        if (!pt_file_exists(path)) {
            continue;
        }
        struct pt_rollup_file *file = &out->file[out->n++];
        *file = (struct pt_rollup_file){.name = names[i]};
        err = pt_file_read(path, FILE_BYTES_MAX, &file->content, problem);
        if (err != PT_OK) {
            return err;
        }
    }
    return PT_OK;
}
