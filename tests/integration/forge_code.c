/* forge_code.c - a one-time code like the one on stdin, rightly typed, but with another secret or another invitation.
 *
 *     forge_code secret|invitation < CODE */
#include "core/sync/enrol.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    char text[1024];
    struct pt_code code;
    struct pt_problem problem = {0};
    struct pt_buf out = {0};
    if (argc != 2 || fgets(text, sizeof text, stdin) == NULL || pt_code_read(text, &code, &problem) != PT_OK) {
        (void)fputs("forge_code secret|invitation < CODE\n", stderr);
        return 2;
    }
    uint8_t *changed = strcmp(argv[1], "secret") == 0 ? code.secret : code.id;
    *changed = (uint8_t)(*changed ^ 1u);
    pt_code_put(&out, &code);
    (void)puts(pt_buf_text(&out));
    pt_buf_free(&out);
    return 0;
}
