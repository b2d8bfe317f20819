/* replay.c - runs every file of the corpus folders once through a fuzz target, without a fuzzer.
 *
 * Found faults stay in the corpus, so the ordinary tests keep them fixed. */
#include "base/bytes.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool run_file(const char *folder, const char *name)
{
    char path[4096];
    int written = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = written > 0 && (size_t)written < sizeof path ? fopen(path, "rb") : NULL;
    if (file == NULL) {
        (void)fprintf(stderr, "%s/%s: cannot be opened\n", folder, name);
        return false;
    }
    struct pt_buf content = {0};
    uint8_t part[4096];
    size_t n;
    while ((n = fread(part, 1, sizeof part, file)) > 0) {
        pt_buf_put(&content, part, n);
    }
    bool good = ferror(file) == 0 && content.err == PT_OK;
    (void)fclose(file);
    if (good) {
        (void)LLVMFuzzerTestOneInput(content.data, content.n);
    }
    pt_buf_free(&content);
    return good;
}

int main(int n_args, char **args)
{
    unsigned n_passed = 0;
    unsigned n_failed = 0;
    for (int i = 1; i < n_args; i++) {
        DIR *folder = opendir(args[i]);
        if (folder == NULL) {
            (void)fprintf(stderr, "%s: no such corpus\n", args[i]);
            n_failed++;
            continue;
        }
        for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
            if (entry->d_name[0] != '.') {
                run_file(args[i], entry->d_name) ? n_passed++ : n_failed++;
            }
        }
        (void)closedir(folder);
    }
    (void)printf("%u passed, %u failed\n", n_passed, n_failed);
    return n_failed == 0 ? 0 : 1;
}
