/* hostile.c - a peer that keeps no rule, on plain blocking sockets.
 *
 *     hostile WHAT HOST:PORT      WHAT: garbage, half_frame, huge_frame, nested, empty_frame, stranger
 *
 * Ends with status 0 when the server has ended the connection, as it should; 1 when it could not be reached. */
#include "base/mem.h"
#include "core/crypto.h"
#include "io/tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NESTED_BYTES 4000

static int connect_to(const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    struct sockaddr_in to = {.sin_family = AF_INET};
    if (colon == NULL || (size_t)(colon - text) >= sizeof host) {
        return -1;
    }
    (void)snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        return -1;
    }
    return fd;
}

static void send_all(int fd, struct pt_bytes bytes)
{
    (void)!send(fd, bytes.data, bytes.n, MSG_NOSIGNAL); /* a server that has left already is fine */
}

static void drain(int fd, struct pt_tls *tls)
{
    struct pt_buf out = {0};
    if (pt_tls_drain(tls, &out) == PT_OK) {
        send_all(fd, pt_buf_bytes(&out));
    }
    pt_buf_free(&out);
}

/* Until the handshake is done, or for good when there is nothing more to wait for. */
static bool read_more(int fd, struct pt_tls *tls)
{
    uint8_t part[4096];
    ssize_t n = recv(fd, part, sizeof part, 0);
    if (n <= 0) {
        return false;
    }
    if (tls != NULL) {
        bool good = pt_tls_feed(tls, pt_bytes_of(part, (size_t)n)) == PT_OK;
        drain(fd, tls);
        return good;
    }
    return true;
}

static void put_frame(struct pt_buf *out, uint32_t claimed, const uint8_t *body, size_t n)
{
    const uint8_t length[4] = {(uint8_t)(claimed >> 24), (uint8_t)(claimed >> 16), (uint8_t)(claimed >> 8),
                               (uint8_t)claimed};
    pt_buf_put(out, length, sizeof length);
    pt_buf_put(out, body, n);
}

/* Frame.hello in Frame.hello in ...: a length-delimited field 1 around the next one, down to nothing. */
static void put_nested(struct pt_buf *out)
{
    uint8_t body[NESTED_BYTES];
    size_t at = sizeof body;
    while (at >= 8) {
        size_t n = sizeof body - at;
        body[--at] = (uint8_t)(n >> 7);
        body[--at] = (uint8_t)(n | 0x80);
        body[--at] = 0x0a;
    }
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
    } else if (strcmp(what, "stranger") == 0) {
        put_frame(out, sizeof hello, hello, sizeof hello);
    } else {
        return false;
    }
    return true;
}

static bool lie_within_tls(int fd, const char *what)
{
    struct pt_random random = pt_random_system();
    struct pt_tls_identity *identity;
    struct pt_tls *tls;
    uint8_t seed[PT_KEY_BYTES];
    struct pt_buf lie = {0};
    struct pt_tls_options options = {.role = PT_TLS_CLIENT, .alpns = {"patuh/1"}};
    pt_random_fill(&random, seed, sizeof seed);
    if (!put_lie(what, &lie) || pt_tls_identity_create(seed, &identity) != PT_OK) {
        pt_buf_free(&lie);
        return false;
    }
    bool good = pt_tls_create(identity, &options, &tls) == PT_OK;
    if (good) {
        drain(fd, tls);
        while (!pt_tls_is_open(tls) && read_more(fd, tls)) {
        }
        if (pt_tls_is_open(tls) && pt_tls_write(tls, pt_buf_bytes(&lie)) == PT_OK) {
            drain(fd, tls);
        }
        (void)shutdown(fd, SHUT_WR); /* half a frame is all there will ever be */
        while (read_more(fd, tls)) {
        }
        pt_tls_destroy(tls);
    }
    pt_tls_identity_destroy(identity);
    pt_buf_free(&lie);
    return good;
}

int main(int argc, char **argv)
{
    static const char garbage[] = "GET / HTTP/1.1\r\nHost: patuh\r\n\r\n";
    if (argc != 3 || pt_crypto_init() != PT_OK) {
        (void)fputs("hostile garbage|half_frame|huge_frame|nested|empty_frame|stranger HOST:PORT\n", stderr);
        return 2;
    }
    int fd = connect_to(argv[2]);
    bool good = fd >= 0;
    if (good && strcmp(argv[1], "garbage") == 0) {
        send_all(fd, pt_bytes_of(garbage, sizeof garbage - 1));
        while (read_more(fd, NULL)) {
        }
    } else if (good) {
        good = lie_within_tls(fd, argv[1]);
    }
    (void)close(fd);
    return good ? 0 : 1;
}
