/* patuh enroll [--code-file F]: the code comes from a file, a pipe or the terminal, never as an argument. */
#include "client/cli.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static bool read_file(const char *file, struct pt_buf *code)
{
    FILE *in = fopen(file, "re");
    if (in == NULL) {
        pt_say_to(stderr, PT_MSG_FILE_OPEN, file, strerror(errno), NULL);
        return false;
    }
    bool any = pt_cli_line(in, code);
    (void)fclose(in);
    return any;
}

/* What is typed is not shown: somebody may look over the shoulder. */
static bool read_terminal(struct pt_buf *code)
{
    struct termios before;
    bool terminal = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        struct termios silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        pt_say_to(stderr, PT_MSG_CLI_CODE, NULL);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool any = pt_cli_line(stdin, code);
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    }
    return any;
}

static int enroll(struct pt_cli *cli, const char *code)
{
    int result = pt_cli_end(cli, patuh_create(cli->dir, &cli->device, &cli->problem));
    if (result == PT_EXIT_GOOD) {
        result = pt_cli_end(cli, patuh_enroll(cli->device, code, &cli->problem));
    }
    if (result == PT_EXIT_GOOD) {
        struct patuh_identity who = patuh_identity(cli->device);
        pt_say_to(stderr, PT_MSG_CLI_ENROLLED, who.surveyor, who.office_name, NULL);
    }
    return result;
}

int pt_cmd_enroll(struct pt_cli *cli)
{
    const char *file = NULL;
    const struct pt_option options[] = {{"--code-file", &file, NULL}};
    struct pt_buf code = {0};
    if (!pt_cli_read(cli, options, 1, 0, 0)) {
        return PT_EXIT_USAGE;
    }
    bool any = file != NULL ? read_file(file, &code) : read_terminal(&code);
    int result = PT_EXIT_FAILED;
    if (any && code.n > 0) {
        result = enroll(cli, pt_buf_text(&code));
    } else {
        pt_say_to(stderr, PT_MSG_CODE_MISTYPED, NULL);
    }
    pt_buf_free(&code);
    return result;
}
