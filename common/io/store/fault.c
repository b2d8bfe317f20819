#include "io/store/fault.h"

#include "base/problem.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define SENTENCE_BYTES_MAX 1024

/* Made beforehand: in the handler only write and _exit are allowed. */
static char sentence[SENTENCE_BYTES_MAX];
static size_t n_sentence;

static void on_fault(int number)
{
    (void)number;
    (void)!write(STDERR_FILENO, sentence, n_sentence);
    _exit(1);
}

void pt_fault_watch(const char *folder)
{
    struct pt_buf text = {0};
    struct sigaction action = {.sa_handler = on_fault};
    pt_say(&text, PT_MSG_STORE_UNREADABLE, folder, NULL);
    pt_buf_put_str(&text, "\n");
    if (text.err == PT_OK && text.n <= sizeof sentence) {
        memcpy(sentence, text.data, text.n);
        n_sentence = text.n;
        (void)sigaction(SIGBUS, &action, NULL);
    }
    pt_buf_free(&text);
}
