/* fuzz_control.c - a request as the control socket of a server takes it: words, options, the input that goes with them.
 */
#include "base/arena.h"
#include "base/check.h"
#include "base/options.h"
#include "control.pb-c.h"
#include "core/sync/enrol.h"
#include "core/wire/unpack.h"

#include <string.h>

#define N_OPTIONS 4
#define N_WORDS_MAX 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_words(const Patuh__ControlRequest *request, struct pt_arena *arena)
{
    struct pt_option options[N_OPTIONS] = {{.name = "--json"},
                                           {.name = "--surveyor", .has_value = true},
                                           {.name = "--comment", .has_value = true, .repeats = true},
                                           {.name = "--ttl", .has_value = true}};
    struct pt_problem problem = {0};
    struct pt_words words = {.n_max = N_WORDS_MAX, .words = pt_arena_zalloc(arena, N_WORDS_MAX, sizeof(char *))};
    const char **argv = pt_arena_zalloc(arena, request->n_argument, sizeof *argv);
    PT_CHECK(words.words != NULL && argv != NULL);
    for (size_t i = 1; i < request->n_argument; i++) {
        argv[i - 1] = request->argument[i];
    }
    enum pt_err err = pt_options_read((int)request->n_argument - 1, argv, options, N_OPTIONS, &words, &problem);
    PT_CHECK(err == PT_OK || (err == PT_EINVALID && problem.msg != PT_MSG_NONE));
    PT_CHECK(words.n <= N_WORDS_MAX);
    for (size_t i = 0; err == PT_OK && i < N_OPTIONS; i++) {
        PT_CHECK(options[i].n <= (options[i].repeats ? PT_OPTION_VALUES_MAX : 1));
        PT_CHECK((options[i].value != NULL) == (options[i].n > 0));
    }
}

static void read_input(const Patuh__ControlRequest *request)
{
    struct pt_buf text = {0};
    struct pt_code code;
    struct pt_problem problem = {0};
    pt_buf_put_bytes(&text, pt_bytes_of(request->input.data, request->input.len));
    enum pt_err err = pt_code_read(pt_buf_text(&text), &code, &problem);
    PT_CHECK(err == PT_OK || (err == PT_EINVALID && problem.msg != PT_MSG_NONE));
    pt_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_arena arena;
    ProtobufCMessage *message = NULL;
    pt_arena_init(&arena, SIZE_MAX);
    if (pt_unpack(&patuh__control_request__descriptor, pt_bytes_of(data, n), &arena, &message) == PT_OK) {
        const Patuh__ControlRequest *request = (const Patuh__ControlRequest *)message;
        if (request->n_argument > 0) {
            read_words(request, &arena);
        }
        read_input(request);
    }
    pt_arena_close(&arena);
    return 0;
}
