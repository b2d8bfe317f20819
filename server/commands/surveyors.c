#include "commands/surveyors.h"

#include <string.h>

/* Whose key is in use. */
static bool has_device(const struct directory *directory, const struct office *office, const char *name)
{
    const struct pt_authority *authority = &directory->authority;
    for (size_t i = 0; i < authority->n_members; i++) {
        const struct pt_member *member = &authority->members[i];
        if (member->role == PATUH__ROLE__ROLE_DEVICE && !member->revoked && strcmp(member->name, name) == 0 &&
            strcmp(member->office->code, office->code) == 0) {
            return true;
        }
    }
    return false;
}

static bool named_before(const char *const *names, size_t i)
{
    bool before = false;
    for (size_t k = 0; k < i && !before; k++) {
        before = strcmp(names[k], names[i]) == 0;
    }
    return before;
}

enum pt_err surveyors_tell_missing(struct command *command, const char *const *names, size_t n)
{
    struct directory directory;
    struct pt_buf list = {0};
    enum pt_err err = directory_open(command->office, &directory);
    if (err != PT_OK) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        if (!named_before(names, i) && !has_device(&directory, command->office, names[i])) {
            pt_buf_printf(&list, "%s%s", list.n == 0 ? "" : ", ", names[i]);
        }
    }
    directory_close(&directory);
    if (list.n > 0) {
        command_tell(command, PT_MSG_ASSIGN_NO_DEVICE, pt_buf_text(&list), "");
    }
    err = list.err;
    pt_buf_free(&list);
    return err;
}
