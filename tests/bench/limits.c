/* limits.c - what this machine can do at most, in the same minute as what is compared with it.
 *
 *     bench_limits --dir FOLDER [--seconds N]
 *
 * Ed25519 verifications and signatures of one core, appends of 4 KiB with fdatasync into FOLDER, TLS handshakes of both
 * ends on one core and their bytes. */
#include "bench.h"
#include "core/crypto.h"
#include "io/net/tls.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES 4096

static void measure_signatures(double seconds)
{
    struct pt_random random = pt_random_system();
    struct pt_keypair pair;
    struct pt_hash hash = {{1}};
    struct pt_signature signature;
    size_t n = 0;
    pt_keypair_make(&random, &pair);
    double start = bench_cpu();
    for (n = 0; bench_cpu() - start < seconds; n++) {
        hash.b[0] = (uint8_t)n;
        pt_sign(&pair, PT_CONTEXT_LINK, &hash, &signature);
    }
    bench_row("limit.sign", (double)n / (bench_cpu() - start), "/s");
    start = bench_cpu();
    for (n = 0; bench_cpu() - start < seconds; n++) {
        bench_must(pt_verify(pair.public_key, PT_CONTEXT_LINK, &hash, &signature), "verify");
    }
    bench_row("limit.verify", (double)n / (bench_cpu() - start), "/s");
}

static void measure_disk(const char *folder, double seconds)
{
    char path[512];
    uint8_t block[BLOCK_BYTES];
    size_t n = 0;
    memset(block, 'x', sizeof block);
    (void)snprintf(path, sizeof path, "%s/append", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    bench_must(fd < 0 ? PT_EIO : PT_OK, path);
    double start = bench_now();
    for (n = 0; bench_now() - start < seconds; n++) {
        bench_must(write(fd, block, sizeof block) == sizeof block && fdatasync(fd) == 0 ? PT_OK : PT_EIO, path);
    }
    bench_row("limit.append_fdatasync", (double)n / (bench_now() - start), "/s");
    (void)close(fd);
    (void)unlink(path);
}

/* What one end has to say goes to the other. */
static size_t carry(struct pt_tls *from, struct pt_tls *to)
{
    struct pt_buf bytes = {0};
    bench_must(pt_tls_drain(from, &bytes), "drain");
    size_t n = bytes.n;
    bench_must(n == 0 ? PT_OK : pt_tls_feed(to, pt_buf_bytes(&bytes)), "handshake");
    pt_buf_free(&bytes);
    return n;
}

static size_t shake_hands(struct pt_tls_identity *client_identity, struct pt_tls_identity *server_identity)
{
    struct pt_tls_options options = {.role = PT_TLS_CLIENT, .alpns = {"patuh/1"}};
    struct pt_tls *client;
    struct pt_tls *server;
    size_t n = 0;
    bench_must(pt_tls_create(client_identity, &options, &client), "tls");
    options.role = PT_TLS_SERVER;
    bench_must(pt_tls_create(server_identity, &options, &server), "tls");
    while (!pt_tls_is_open(client) || !pt_tls_is_open(server)) {
        n += carry(client, server);
        n += carry(server, client);
    }
    pt_tls_destroy(client);
    pt_tls_destroy(server);
    return n;
}

static void measure_handshakes(double seconds)
{
    uint8_t seeds[2][PT_KEY_BYTES] = {{1}, {2}};
    struct pt_tls_identity *identity[2];
    size_t bytes = 0;
    size_t n = 0;
    for (int i = 0; i < 2; i++) {
        bench_must(pt_tls_identity_create(seeds[i], &identity[i]), "identity");
    }
    double start = bench_cpu();
    for (n = 0; bench_cpu() - start < seconds; n++) {
        bytes = shake_hands(identity[0], identity[1]);
    }
    bench_row("limit.handshake", (double)n / (bench_cpu() - start), "/s");
    bench_row("limit.handshake_bytes", (double)bytes, "B");
    for (int i = 0; i < 2; i++) {
        pt_tls_identity_destroy(identity[i]);
    }
}

int main(int argc, char **argv)
{
    double seconds = (double)bench_number(argc, argv, "--seconds", 1);
    const char *folder = bench_word(argc, argv, "--dir");
    bench_must(pt_crypto_init(), "crypto");
    measure_signatures(seconds);
    measure_disk(folder, seconds);
    measure_handshakes(seconds);
    return 0;
}
