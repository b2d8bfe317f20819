#include "peer.h"

#include "base/mem.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

bool peer_reach(const char *address, struct peer *out)
{
    char host[64];
    const char *colon = strrchr(address, ':');
    struct sockaddr_in to = {.sin_family = AF_INET};
    const struct timeval wait = {.tv_sec = PEER_WAIT_S};
    *out = (struct peer){.fd = -1};
    if (colon == NULL || (size_t)(colon - address) >= sizeof host) {
        return false;
    }
    (void)snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    out->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pt_frames_init(&out->frames, PT_FRAME_BYTES_MAX);
    return inet_pton(AF_INET, host, &to.sin_addr) == 1 &&
           setsockopt(out->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
           connect(out->fd, (struct sockaddr *)&to, sizeof to) == 0;
}

void peer_send(struct peer *peer, struct pt_bytes bytes)
{
    (void)!send(peer->fd, bytes.data, bytes.n, MSG_NOSIGNAL);
}

static void drain(struct peer *peer)
{
    struct pt_buf out = {0};
    if (pt_tls_drain(peer->tls, &out) == PT_OK) {
        peer_send(peer, pt_buf_bytes(&out));
    }
    pt_buf_free(&out);
}

bool peer_greet(struct peer *peer, const uint8_t seed[PT_KEY_BYTES])
{
    return peer_greet_for(peer, seed, "patuh/1");
}

bool peer_greet_for(struct peer *peer, const uint8_t seed[PT_KEY_BYTES], const char *alpn)
{
    struct pt_tls_options options = {.role = PT_TLS_CLIENT, .alpns = {alpn}};
    if (pt_tls_identity_create(seed, &peer->identity) != PT_OK ||
        pt_tls_create(peer->identity, &options, &peer->tls) != PT_OK) {
        return false;
    }
    drain(peer);
    while (!pt_tls_is_open(peer->tls) && peer_listen(peer)) {
    }
    return pt_tls_is_open(peer->tls);
}

void peer_say(struct peer *peer, struct pt_bytes bytes)
{
    if (pt_tls_write(peer->tls, bytes) == PT_OK) {
        drain(peer);
    }
}

void peer_say_frame(struct peer *peer, const Patuh__Frame *frame)
{
    struct pt_arena arena;
    struct pt_bytes body;
    struct pt_buf out = {0};
    pt_arena_init(&arena, SIZE_MAX);
    if (pt_pack(&frame->base, &arena, &body) == PT_OK) {
        pt_frame_put(&out, body);
        peer_say(peer, pt_buf_bytes(&out));
    }
    pt_buf_free(&out);
    pt_arena_close(&arena);
}

static bool take_plain(struct peer *peer)
{
    uint8_t part[4096];
    size_t got = 0;
    do {
        if (pt_tls_read(peer->tls, part, sizeof part, &got) != PT_OK) {
            return false;
        }
        pt_buf_put(&peer->plain, part, got);
    } while (got > 0);
    return true;
}

bool peer_listen(struct peer *peer)
{
    uint8_t part[4096];
    ssize_t n = recv(peer->fd, part, sizeof part, 0);
    if (n <= 0) {
        peer->ended = n == 0 || errno != EAGAIN;
        return false;
    }
    if (peer->tls == NULL) {
        return true;
    }
    bool good = pt_tls_feed(peer->tls, pt_bytes_of(part, (size_t)n)) == PT_OK;
    drain(peer);
    good = good && (!pt_tls_is_open(peer->tls) || take_plain(peer));
    peer->ended = !good; /* it said goodbye, or refused us */
    return good;
}

bool peer_next(struct peer *peer, struct pt_arena *arena, Patuh__Frame **out)
{
    for (;;) {
        ProtobufCMessage *message;
        struct pt_bytes frame;
        struct pt_bytes rest = {0};
        if (peer->plain.n > 0) {
            rest = pt_bytes_of(peer->plain.data + peer->taken, peer->plain.n - peer->taken);
        }
        enum pt_err err = pt_frames_next(&peer->frames, &rest, &frame);
        peer->taken = peer->plain.n - rest.n;
        if (err == PT_OK) {
            err = pt_unpack(&patuh__frame__descriptor, frame, arena, &message);
            *out = err == PT_OK ? (Patuh__Frame *)message : NULL;
            return err == PT_OK;
        }
        size_t before = peer->plain.n;
        if (err != PT_ENOTFOUND || (!peer_listen(peer) && peer->plain.n == before)) {
            return false;
        }
    }
}

void peer_close(struct peer *peer)
{
    pt_tls_destroy(peer->tls);
    pt_tls_identity_destroy(peer->identity);
    pt_frames_close(&peer->frames);
    pt_buf_free(&peer->plain);
    if (peer->fd >= 0) {
        (void)close(peer->fd);
    }
}
