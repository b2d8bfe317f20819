/* hostile.c - a peer that keeps no rule and has no place in the office.
 *
 *     hostile WHAT HOST:PORT      WHAT: garbage, half_frame, huge_frame, nested, empty_frame, stranger, drip, web
 *     hostile silent|mute N HOST:PORT
 *
 * It never ends a connection itself, nor its half of it. Ends with status 0 when the server has ended it, as it should,
 * and has said why, where it says so; 1 when it has not, or could not be reached. drip is a stranger that sends one
 * byte at a time, web speaks TLS for another protocol, nested is a stranger whose statement goes on for ever in a field
 * that nobody knows: no message of the protocol holds one of its own kind, so what is deeper than the messages are is
 * skipped unread. silent holds N connections and never says a word, mute ends its part with the handshake of TLS; both
 * say "ready" and stay until they are killed. */
#include "core/crypto.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NESTED_BYTES 4000

static void put_frame(struct pt_buf *out, uint32_t claimed, const uint8_t *body, size_t n)
{
    const uint8_t length[4] = {(uint8_t)(claimed >> 24), (uint8_t)(claimed >> 16), (uint8_t)(claimed >> 8),
                               (uint8_t)claimed};
    pt_buf_put(out, length, sizeof length);
    pt_buf_put(out, body, n);
}

/* A length-delimited field in front of everything from *at on. */
static void wrap(uint8_t body[NESTED_BYTES], size_t *at, uint8_t tag)
{
    size_t n = NESTED_BYTES - *at;
    body[--*at] = (uint8_t)(n >> 7);
    body[--*at] = (uint8_t)((n & 0x7f) | 0x80);
    body[--*at] = tag;
}

/* Frame.hello.statement, and in it field 15 in field 15 in ..., down to nothing. */
static void put_nested(struct pt_buf *out)
{
    uint8_t body[NESTED_BYTES];
    size_t at = sizeof body;
    while (at >= 16) {
        wrap(body, &at, 0x7a);
    }
    wrap(body, &at, 0x1a);
    body[--at] = 1; /* protocol 1 to 1 */
    body[--at] = 0x10;
    body[--at] = 1;
    body[--at] = 0x08;
    wrap(body, &at, 0x0a);
    put_frame(out, (uint32_t)(sizeof body - at), body + at, sizeof body - at);
}

static bool put_lie(const char *what, struct pt_buf *out)
{
    static const uint8_t hello[] = {0x0a, 0x04, 0x08, 0x01, 0x10, 0x01}; /* protocol 1 to 1, no statement */
    if (strcmp(what, "half_frame") == 0) {
        put_frame(out, 1000, hello, sizeof hello);
    } else if (strcmp(what, "huge_frame") == 0) {
        put_frame(out, UINT32_MAX, hello, sizeof hello);
    } else if (strcmp(what, "nested") == 0) {
        put_nested(out);
    } else if (strcmp(what, "empty_frame") == 0) {
        put_frame(out, 0, hello, 0);
    } else if (strcmp(what, "stranger") == 0 || strcmp(what, "drip") == 0) {
        put_frame(out, sizeof hello, hello, sizeof hello);
    } else {
        return false;
    }
    return true;
}

static void say(struct peer *peer, struct pt_bytes bytes, size_t n_part)
{
    for (size_t at = 0; at < bytes.n; at += n_part) {
        peer_say(peer, pt_bytes_of(bytes.data + at, bytes.n - at < n_part ? bytes.n - at : n_part));
    }
}

static bool lie_within_tls(struct peer *peer, const char *what)
{
    struct pt_random random = pt_random_system();
    uint8_t seed[PT_KEY_BYTES];
    struct pt_buf lie = {0};
    pt_random_fill(&random, seed, sizeof seed);
    bool good = put_lie(what, &lie) && peer_greet(peer, seed);
    if (good) {
        say(peer, pt_buf_bytes(&lie), strcmp(what, "drip") == 0 ? 1 : lie.n + 1);
    }
    pt_buf_free(&lie);
    return good;
}

/* What the server says before it ends the connection; UNKNOWN: nothing, it only ends it. */
static Patuh__FailureCode right_failure(const char *what)
{
    static const struct {
        const char *what;
        Patuh__FailureCode code;
    } rows[] = {{"nested", PATUH__FAILURE_CODE__FAILURE_STRANGER},
                {"stranger", PATUH__FAILURE_CODE__FAILURE_STRANGER},
                {"drip", PATUH__FAILURE_CODE__FAILURE_STRANGER},
                {"empty_frame", PATUH__FAILURE_CODE__FAILURE_PROTOCOL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].what, what) == 0) {
            return rows[i].code;
        }
    }
    return PATUH__FAILURE_CODE__FAILURE_UNKNOWN;
}

/* Until the server ends the connection, or says nothing for too long. */
static bool is_told(struct peer *peer, const char *what)
{
    struct pt_arena arena;
    Patuh__Frame *frame;
    Patuh__FailureCode code = PATUH__FAILURE_CODE__FAILURE_UNKNOWN;
    pt_arena_init(&arena, SIZE_MAX);
    while (peer->tls != NULL && peer_next(peer, &arena, &frame)) {
        code = frame->failure != NULL ? frame->failure->code : code;
    }
    while (!peer->ended && peer_listen(peer)) {
    }
    pt_arena_close(&arena);
    if (code != right_failure(what)) {
        (void)fprintf(stderr, "failure %d\n", (int)code);
    }
    return code == right_failure(what);
}

static bool ask_for_web(struct peer *peer)
{
    const uint8_t seed[PT_KEY_BYTES] = {1};
    return !peer_greet_for(peer, seed, "h2");
}

/* Until somebody ends this process. */
static int hold(bool greets, unsigned long n, const char *address)
{
    struct pt_random random = pt_random_system();
    uint8_t seed[PT_KEY_BYTES];
    struct peer peer;
    pt_random_fill(&random, seed, sizeof seed);
    for (unsigned long i = 0; i < n; i++) {
        if (!peer_reach(address, &peer) || (greets && !peer_greet(&peer, seed))) {
            (void)fprintf(stderr, "connection %lu failed\n", i);
            return 1;
        }
    }
    (void)fputs("ready\n", stderr);
    for (;;) {
        (void)pause();
    }
}

int main(int argc, char **argv)
{
    static const char garbage[] = "GET / HTTP/1.1\r\nHost: patuh\r\n\r\n";
    struct peer peer;
    if ((argc != 3 && argc != 4) || pt_crypto_init() != PT_OK) {
        (void)fputs("hostile garbage|half_frame|huge_frame|nested|empty_frame|stranger|drip|web HOST:PORT\n"
                    "hostile silent|mute N HOST:PORT\n",
                    stderr);
        return 2;
    }
    if (argc == 4) {
        return hold(strcmp(argv[1], "mute") == 0, strtoul(argv[2], NULL, 10), argv[3]);
    }
    bool good = peer_reach(argv[2], &peer);
    if (good && strcmp(argv[1], "garbage") == 0) {
        peer_send(&peer, pt_bytes_of(garbage, sizeof garbage - 1));
    } else if (good && strcmp(argv[1], "web") == 0) {
        good = ask_for_web(&peer);
    } else if (good) {
        good = lie_within_tls(&peer, argv[1]);
    }
    good = good && is_told(&peer, argv[1]) && peer.ended;
    peer_close(&peer);
    return good ? 0 : 1;
}
