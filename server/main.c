/* main.c - patuhd: finds the folder and the command, then runs it in the server that has the folder open, or alone. */
#include "base/log.h"
#include "base/text.h"
#include "commands/command.h"
#include "control.pb-c.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "io/disk/files.h"
#include "io/keys/secret.h"
#include "io/net/address.h"
#include "io/net/control.h"
#include "io/store/fault.h"
#include "qr.h"
#include "renewal.h"
#include "server.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 256

/* The command line without --dir and the files of secrets, which are taken here. */
struct line {
    const char *dir;
    const char *code_file;
    const char *passphrase_file;
    const char *command;
    const char *words[WORDS_MAX];
    int n_words;
};

static int fail(const struct pt_problem *problem, int exit_code)
{
    pt_problem_print(stderr, problem);
    return exit_code;
}

static void put(FILE *out, struct pt_bytes text)
{
    if (text.n > 0) {
        (void)fwrite(text.data, 1, text.n, out);
    }
}

static int usage(enum pt_msg msg, const char *argument)
{
    pt_say_to(stderr, msg, argument, NULL);
    return PT_EXIT_USAGE;
}

static void put_help_row(FILE *out, const char *name, const char *words, enum pt_msg help)
{
    (void)fprintf(out, "  patuhd %-8s --dir DIR %s\n      ", name, words);
    pt_say_to(out, help, NULL);
}

/* Of one command, or of all when command is NULL or none. */
static int help(FILE *out, const char *command)
{
    const struct command_row alone[] = {
        {"init", NULL, "--role regional|national --code CODE --name NAME", PT_MSG_HELP_INIT, 0},
        {"serve", NULL, "[--listen " COMMAND_LISTEN_DEFAULT "] [--alone]", PT_MSG_HELP_SERVE, 0},
        {NULL, NULL, NULL, PT_MSG_NONE, 0},
    };
    const struct command_row *const tables[] = {alone, command_rows};
    size_t n_put = 0;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct command_row *row = tables[i]; row->name != NULL; row++) {
            if (command == NULL || strcmp(command, row->name) == 0) {
                put_help_row(out, row->name, row->words, row->help);
                n_put++;
            }
        }
    }
    return n_put > 0 || command == NULL ? PT_EXIT_GOOD : usage(PT_MSG_COMMAND_UNKNOWN, command);
}

static bool asks_for_help(const struct line *line)
{
    for (int i = 0; i < line->n_words && strcmp(line->words[i], "--") != 0; i++) {
        if (strcmp(line->words[i], "--help") == 0) {
            return true;
        }
    }
    return false;
}

/* An option main itself takes, as "--name VALUE" or "--name=VALUE"; moves *i over what it took. */
static const char *take_option(const char *name, char **argv, int *i)
{
    size_t n = strlen(name);
    if (strncmp(argv[*i], name, n) != 0) {
        return NULL;
    }
    if (argv[*i][n] == '=') {
        return argv[*i] + n + 1;
    }
    const char *value = argv[*i][n] == '\0' ? argv[*i + 1] : NULL;
    *i += value != NULL;
    return value;
}

/* argv: without the program's name. */
static int read_line(char **argv, struct line *line)
{
    for (int i = 0; argv[i] != NULL; i++) {
        const char *dir = take_option("--dir", argv, &i);
        const char *code_file = dir == NULL ? take_option("--code-file", argv, &i) : NULL;
        bool taken = dir != NULL || code_file != NULL;
        const char *passphrase_file = taken ? NULL : take_option("--passphrase-file", argv, &i);
        if (dir != NULL) {
            line->dir = dir;
        } else if (code_file != NULL) {
            line->code_file = code_file;
        } else if (passphrase_file != NULL) {
            line->passphrase_file = passphrase_file;
        } else if (!pt_utf8_ok(pt_bytes_str(argv[i]))) { /* a running server takes no such word */
            char number[24];
            (void)snprintf(number, sizeof number, "%d", i + 1);
            return usage(PT_MSG_WORD_TEXT, number);
        } else if (line->command == NULL) {
            line->command = argv[i];
        } else if (line->n_words == WORDS_MAX) {
            char limit[24];
            (void)snprintf(limit, sizeof limit, "%d", WORDS_MAX);
            pt_say_to(stderr, PT_MSG_WORD_TOO_MANY, argv[i], limit, NULL);
            return PT_EXIT_USAGE;
        } else {
            line->words[line->n_words++] = argv[i];
        }
    }
    return PT_EXIT_GOOD;
}

static int run_init(const struct line *line)
{
    struct pt_option options[] = {{.name = "--role", .has_value = true},
                                  {.name = "--code", .has_value = true},
                                  {.name = "--name", .has_value = true}};
    struct pt_words words = {0};
    struct pt_problem problem = {0};
    if (pt_options_read(line->n_words, line->words, options, 3, &words, &problem) != PT_OK) {
        return fail(&problem, PT_EXIT_USAGE);
    }
    for (size_t i = 0; i < 3; i++) {
        if (options[i].value == NULL) {
            return usage(PT_MSG_OPTION_NEEDED, options[i].name);
        }
    }
    bool national = strcmp(options[0].value, "national") == 0;
    if (!national && strcmp(options[0].value, "regional") != 0) {
        return usage(PT_MSG_OPTION_NEEDED, "--role regional|national");
    }
    if (office_init(line->dir, national, options[1].value, options[2].value, &problem) != PT_OK) {
        return fail(&problem, PT_EXIT_FAILED);
    }
    pt_say_to(stderr, PT_MSG_OFFICE_READY, options[2].value, line->dir, NULL);
    return PT_EXIT_GOOD;
}

/* Who has the folder open and does not answer is a server that begins or ends, or a command alone: all of them are
 * done soon. So a folder in use is tried again for a while. */
#define BUSY_TRIES 200
#define BUSY_PAUSE_MS 25

static bool try_again(enum pt_err err, int *tries, struct pt_problem *problem)
{
    if (err != PT_EBUSY || *tries == BUSY_TRIES) {
        return false;
    }
    (*tries)++;
    (void)poll(NULL, 0, BUSY_PAUSE_MS);
    *problem = (struct pt_problem){0};
    return true;
}

/* For serve: a server that runs there is no reason to wait. */
static enum pt_err open_to_serve(const char *dir, struct office *office, struct pt_problem *problem)
{
    char path[PATH_MAX];
    int tries = 0;
    enum pt_err err = pt_path_join(path, sizeof path, dir, "control");
    while (err == PT_OK) {
        err = office_open(dir, office, problem);
        if (err != PT_EBUSY || pt_control_answers(path) || !try_again(err, &tries, problem)) {
            break;
        }
        err = PT_OK;
    }
    return pt_problem_default(problem, err, "serve");
}

/* Before the folder is opened: a word that is wrong is told as one. */
static bool can_listen(const char *text, struct pt_problem *problem)
{
    struct pt_address address;
    struct sockaddr_storage numeric;
    if (pt_address_read(text, &address, problem) != PT_OK) {
        return false;
    }
    bool good = pt_address_numeric(&address, &numeric) == PT_OK;
    if (!good) {
        (void)!pt_problem_set(problem, PT_EINVALID, PT_MSG_NET_ADDRESS_NUMERIC, text, NULL);
    }
    return good;
}

static int run_serve(const struct line *line)
{
    struct pt_option options[] = {{.name = "--listen", .has_value = true}, {.name = "--alone"}};
    struct pt_words words = {0};
    struct pt_problem problem = {0};
    struct office office;
    if (pt_options_read(line->n_words, line->words, options, 2, &words, &problem) != PT_OK) {
        return fail(&problem, PT_EXIT_USAGE);
    }
    const char *address = options[0].value == NULL ? COMMAND_LISTEN_DEFAULT : options[0].value;
    if (!can_listen(address, &problem)) {
        return fail(&problem, PT_EXIT_USAGE);
    }
    enum pt_err err = open_to_serve(line->dir, &office, &problem);
    if (err != PT_OK) {
        return fail(&problem, PT_EXIT_FAILED);
    }
    bool alone = options[1].n > 0 && office.refilling; /* on somebody's word nothing comes back any more */
    err = alone ? office_refilled(&office, "alone") : PT_OK;
    err = err == PT_OK ? server_run(&office, address, &problem) : pt_problem_default(&problem, err, "serve");
    office_close(&office);
    return err == PT_OK ? PT_EXIT_GOOD : fail(&problem, PT_EXIT_FAILED);
}

/* --- through the control socket --- */

struct remote {
    int exit;
    struct pt_buf out; /* kept for the QR code of an invitation */
};

static enum pt_err on_reply(struct pt_bytes reply, void *data)
{
    struct remote *remote = data;
    struct pt_arena arena;
    ProtobufCMessage *message;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_unpack_within(&patuh__control_reply__descriptor, reply, SIZE_MAX, &arena, &message);
    if (err == PT_OK) {
        const Patuh__ControlReply *part = (const Patuh__ControlReply *)message;
        put(stdout, pt_bytes_of(part->out.data, part->out.len));
        put(stderr, pt_bytes_of(part->err.data, part->err.len));
        pt_buf_put(&remote->out, part->out.data, part->out.len);
        remote->exit = part->has_exit ? (int)part->exit : remote->exit;
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err pack_request(const struct line *line, struct pt_bytes input, struct pt_arena *arena,
                                struct pt_bytes *out)
{
    Patuh__ControlRequest request = PATUH__CONTROL_REQUEST__INIT;
    char folder[PATH_MAX];
    char **words = pt_arena_zalloc(arena, (size_t)line->n_words + 1, sizeof *words);
    if (words == NULL) {
        return pt_arena_err(arena);
    }
    if (getcwd(folder, sizeof folder) == NULL) {
        return PT_EIO;
    }
    words[0] = pt_arena_str(arena, line->command);
    for (int i = 0; i < line->n_words; i++) {
        words[i + 1] = pt_arena_str(arena, line->words[i]);
    }
    request.argument = words;
    request.n_argument = (size_t)line->n_words + 1;
    request.folder = folder;
    request.has_input = input.n > 0;
    request.input = pt_binary(input.data, input.n);
    return arena->exhausted ? PT_ENOMEM : pt_pack(&request.base, arena, out);
}

/* NOTFOUND: no server runs there. */
static enum pt_err run_remote(const struct line *line, struct pt_bytes input, struct remote *remote,
                              struct pt_problem *problem)
{
    struct pt_arena arena;
    struct pt_bytes request;
    char path[PATH_MAX];
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_path_join(path, sizeof path, line->dir, "control");
    if (err == PT_OK) {
        err = pack_request(line, input, &arena, &request);
    }
    if (err == PT_OK) {
        err = pt_control_call_run(path, request, on_reply, remote, problem);
    }
    pt_arena_wipe(&arena); /* the request may carry a passphrase */
    return err;
}

/* --- alone --- */

static int run_alone(const struct line *line, struct office *office, struct pt_bytes input, struct pt_buf *out)
{
    char folder[PATH_MAX];
    struct command command = {
        .office = office,
        .folder = getcwd(folder, sizeof folder) == NULL ? "/" : folder,
        .argc = line->n_words,
        .argv = line->words,
        .input = input,
    };
    int exit_code = command_run(&command, line->command);
    put(stdout, pt_buf_bytes(&command.out));
    put(stderr, pt_buf_bytes(&command.err));
    pt_buf_put_bytes(out, pt_buf_bytes(&command.out));
    command_close(&command);
    office_close(office);
    return exit_code;
}

/* --- secrets --- */

static bool acts_as_somebody(const struct line *line)
{
    for (int i = 0; i < line->n_words; i++) {
        if (strcmp(line->words[i], "--as") == 0 || strncmp(line->words[i], "--as=", strlen("--as=")) == 0) {
            return true;
        }
    }
    return false;
}

static enum pt_err read_passphrase(const struct line *line, bool new_one, struct pt_buf *out,
                                   struct pt_problem *problem)
{
    struct pt_buf again = {0};
    enum pt_msg question = new_one ? PT_MSG_PASSPHRASE_NEW : PT_MSG_PASSPHRASE_ASK;
    enum pt_err err = pt_secret_read(line->passphrase_file, question, out, problem);
    if (err == PT_OK && new_one && line->passphrase_file == NULL && isatty(STDIN_FILENO)) {
        err = pt_secret_read(NULL, PT_MSG_PASSPHRASE_AGAIN, &again, problem);
        if (err == PT_OK && !pt_bytes_eq(pt_buf_bytes(&again), pt_buf_bytes(out))) {
            err = pt_problem_set(problem, PT_EINVALID, PT_MSG_PASSPHRASE_DIFFERS, NULL);
        }
        pt_buf_wipe(&again);
    }
    return err;
}

/* One a line, in the order of the enumeration. */
static enum pt_err read_secrets(const struct line *line, unsigned secrets, struct pt_buf *out,
                                struct pt_problem *problem)
{
    struct pt_buf passphrase = {0};
    bool new_one = (secrets & SECRET_NEW_PASSPHRASE) != 0;
    bool opens = (secrets & SECRET_PASSPHRASE) != 0 && acts_as_somebody(line);
    enum pt_err err = PT_OK;
    if ((secrets & SECRET_CODE) != 0) {
        err = pt_secret_read(line->code_file, PT_MSG_CODE_ASK, out, problem);
    }
    if (err == PT_OK && (new_one || opens)) {
        err = read_passphrase(line, new_one, &passphrase, problem);
        pt_buf_put_str(out, new_one ? "\n" : "");
        pt_buf_put_bytes(out, pt_buf_bytes(&passphrase));
    }
    pt_buf_wipe(&passphrase);
    return err == PT_OK ? out->err : err;
}

/* The server's socket first, then the folder itself, until one of them is there. Returns the exit code. */
static int run_anywhere(const struct line *line, struct pt_bytes input, struct remote *remote)
{
    struct pt_problem problem = {0};
    struct office office;
    int tries = 0;
    enum pt_err err;
    do {
        err = run_remote(line, input, remote, &problem);
        if (err == PT_OK) {
            return remote->exit;
        }
        if (err == PT_ENOTFOUND) {
            err = office_open(line->dir, &office, &problem);
            if (err == PT_OK) {
                return run_alone(line, &office, input, &remote->out);
            }
        }
    } while (try_again(err, &tries, &problem));
    (void)pt_problem_default(&problem, err, line->command);
    return fail(&problem, PT_EXIT_FAILED);
}

static int run_command(const struct line *line)
{
    const struct command_row *row = command_find(line->command);
    struct pt_problem problem = {0};
    struct pt_buf input = {0};
    struct remote remote = {.exit = PT_EXIT_FAILED};
    if (row == NULL) {
        return usage(PT_MSG_COMMAND_UNKNOWN, line->command);
    }
    if (read_secrets(line, row->secrets, &input, &problem) != PT_OK) {
        pt_buf_wipe(&input);
        return fail(&problem, PT_EXIT_FAILED);
    }
    int exit_code = run_anywhere(line, pt_buf_bytes(&input), &remote);
    if (exit_code == PT_EXIT_GOOD && strcmp(line->command, "invite") == 0 && isatty(STDOUT_FILENO)) {
        qr_print(stdout, pt_buf_text(&remote.out));
    }
    pt_buf_wipe(&input);
    pt_buf_free(&remote.out);
    return exit_code;
}

static int run(char **argv)
{
    struct line line = {0};
    int exit_code = read_line(argv, &line);
    if (exit_code != PT_EXIT_GOOD) {
        return exit_code;
    }
    if (line.command == NULL) { /* nobody asked for it: it is what to do next */
        (void)help(stderr, NULL);
        return PT_EXIT_USAGE;
    }
    if (strcmp(line.command, "--help") == 0 || strcmp(line.command, "help") == 0) {
        return help(stdout, NULL);
    }
    if (strcmp(line.command, "--version") == 0) {
        (void)puts("patuhd " PATUH_VERSION);
        return PT_EXIT_GOOD;
    }
    if (asks_for_help(&line)) {
        return help(stdout, line.command);
    }
    if (line.dir == NULL) {
        return usage(PT_MSG_OPTION_NEEDED, "--dir DIR");
    }
    (void)signal(SIGPIPE, SIG_IGN);
    pt_fault_watch(line.dir);
    enum pt_err err = pt_crypto_init();
    if (err != PT_OK) {
        struct pt_problem problem = {0};
        (void)pt_problem_default(&problem, err, "libsodium");
        return fail(&problem, PT_EXIT_FAILED);
    }
    if (strcmp(line.command, "init") == 0) {
        return run_init(&line);
    }
    if (strcmp(line.command, "serve") == 0) {
        return run_serve(&line);
    }
    pt_log_enable(0);
    return run_command(&line);
}

/* What was printed has to have arrived: a code or a table that is lost is no success. */
int main(int argc, char **argv)
{
    int exit_code = run(argc > 0 ? argv + 1 : argv);
    bool lost = fflush(stdout) != 0; /* before ferror: only a flush meets the disk */
    if (lost || ferror(stdout)) {
        pt_say_to(stderr, PT_MSG_OUTPUT_WRITE, NULL);
        exit_code = exit_code == PT_EXIT_GOOD ? PT_EXIT_FAILED : exit_code;
    }
    return exit_code;
}
