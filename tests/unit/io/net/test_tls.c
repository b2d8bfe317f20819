#include "base/mem.h"
#include "core/crypto.h"
#include "io/net/tls.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

/* Two ends and the bytes between them. */
struct end {
    struct pt_tls *tls;
    struct pt_tls_identity *identity;
    struct pt_keypair keys;
    struct pt_buf to_peer;  /* ciphertext on its way */
    struct pt_buf received; /* plaintext */
    size_t sent;            /* ciphertext bytes in all */
    enum pt_err err;        /* first error of feed or read */
};

static void end_open(struct end *end, uint8_t seed_byte, const struct pt_tls_options *options)
{
    uint8_t seed[PT_KEY_BYTES];
    memset(seed, seed_byte, sizeof seed);
    *end = (struct end){0};
    pt_keypair_from_seed(seed, &end->keys);
    cr_assert_eq(pt_tls_identity_create(seed, &end->identity), PT_OK);
    cr_assert_eq(pt_tls_create(end->identity, options, &end->tls), PT_OK);
}

static void end_close(struct end *end)
{
    pt_tls_destroy(end->tls);
    pt_tls_identity_destroy(end->identity);
    pt_buf_free(&end->to_peer);
    pt_buf_free(&end->received);
}

static void drain(struct end *end)
{
    size_t before = end->to_peer.n;
    cr_assert_eq(pt_tls_drain(end->tls, &end->to_peer), PT_OK);
    end->sent += end->to_peer.n - before;
}

static void take(struct end *end, struct pt_bytes ciphertext)
{
    enum pt_err err = pt_tls_feed(end->tls, ciphertext);
    size_t got = 1;
    while (err == PT_OK && got > 0) {
        uint8_t part[100];
        err = pt_tls_read(end->tls, part, sizeof part, &got);
        pt_buf_put(&end->received, part, got);
    }
    end->err = end->err == PT_OK ? err : end->err;
    drain(end);
}

/* Carry bytes both ways, `step` at a time, until nobody has any. */
static void carry(struct end *a, struct end *b, size_t step)
{
    drain(a);
    drain(b);
    while (a->to_peer.n > 0 || b->to_peer.n > 0) {
        struct end *from = a->to_peer.n > 0 ? a : b;
        struct end *to = from == a ? b : a;
        struct pt_buf moving = from->to_peer;
        from->to_peer = (struct pt_buf){0};
        for (size_t at = 0; at < moving.n; at += step) {
            take(to, pt_bytes_of(moving.data + at, moving.n - at < step ? moving.n - at : step));
        }
        pt_buf_free(&moving);
    }
}

static const struct pt_tls_options client_options = {.role = PT_TLS_CLIENT, .alpns = {"patuh/1"}};
static const struct pt_tls_options server_options = {.role = PT_TLS_SERVER, .alpns = {"patuh/1", "patuh-enrol/1"}};

Test(tls, both_sides_know_each_other_by_key)
{
    struct end client;
    struct end server;
    end_open(&client, 1, &client_options);
    end_open(&server, 2, &server_options);
    carry(&client, &server, 100000);
    cr_assert(pt_tls_is_open(client.tls));
    cr_assert(pt_tls_is_open(server.tls));
    cr_expect_arr_eq(pt_tls_peer_key(client.tls), server.keys.public_key, PT_KEY_BYTES);
    cr_expect_arr_eq(pt_tls_peer_key(server.tls), client.keys.public_key, PT_KEY_BYTES);
    cr_expect_str_eq(pt_tls_alpn(client.tls), "patuh/1");
    cr_expect_str_eq(pt_tls_alpn(server.tls), "patuh/1");
    (void)fprintf(stderr, "handshake bytes: client %zu, server %zu\n", client.sent, server.sent);
    cr_expect_lt(client.sent + server.sent, 2000, "the handshake has grown");
    end_close(&client);
    end_close(&server);
    cr_expect_eq(pt_mem_alive(), 0);
}

static void exchange(size_t step)
{
    struct end client;
    struct end server;
    end_open(&client, 1, &client_options);
    end_open(&server, 2, &server_options);
    carry(&client, &server, step);
    cr_assert_eq(pt_tls_write(client.tls, pt_bytes_str("question")), PT_OK);
    carry(&client, &server, step);
    cr_assert_eq(pt_tls_write(server.tls, pt_bytes_str("answer")), PT_OK);
    pt_tls_close(server.tls);
    carry(&client, &server, step);
    cr_expect_str_eq(pt_buf_text(&server.received), "question", "step %zu", step);
    cr_expect_str_eq(pt_buf_text(&client.received), "answer", "step %zu", step);
    cr_expect_eq(client.err, PT_ECLOSED, "step %zu: the goodbye came last", step);
    cr_expect(pt_tls_peer_closed(client.tls));
    cr_expect_not(pt_tls_peer_closed(server.tls));
    cr_expect_eq(pt_tls_write(server.tls, pt_bytes_str("more")), PT_ECLOSED);
    end_close(&client);
    end_close(&server);
}

Test(tls, exchange_is_the_same_at_every_border)
{
    for (size_t step = 1; step < 1000; step += step < 40 ? 1 : 61) {
        exchange(step);
    }
}

Test(tls, long_text_of_many_records_arrives)
{
    struct end client;
    struct end server;
    end_open(&client, 1, &client_options);
    end_open(&server, 2, &server_options);
    carry(&client, &server, 5000);
    struct pt_buf text = {0};
    for (unsigned i = 0; i < 100000; i++) {
        pt_buf_put_u8(&text, (uint8_t)(i * 31));
    }
    cr_assert_eq(pt_tls_write(client.tls, pt_buf_bytes(&text)), PT_OK);
    carry(&client, &server, 1000);
    cr_expect(pt_bytes_eq(pt_buf_bytes(&server.received), pt_buf_bytes(&text)));
    pt_buf_free(&text);
    end_close(&client);
    end_close(&server);
}

Test(tls, another_key_than_expected_is_refused_and_the_peer_is_told)
{
    struct pt_tls_options options = client_options;
    uint8_t other[PT_KEY_BYTES] = {9};
    options.expected_key = other;
    struct end client;
    struct end server;
    end_open(&client, 1, &options);
    end_open(&server, 2, &server_options);
    carry(&client, &server, 100000);
    cr_expect_eq(client.err, PT_EDENIED);
    cr_expect(pt_tls_denied_by_us(client.tls));
    cr_expect_not(pt_tls_is_open(client.tls));
    cr_expect_eq(server.err, PT_EDENIED, "by the alert");
    cr_expect_not(pt_tls_denied_by_us(server.tls));
    cr_expect_not(pt_tls_is_open(server.tls));
    cr_expect_eq(pt_tls_feed(client.tls, pt_bytes_str("x")), PT_EDENIED, "the error stays");
    end_close(&client);
    end_close(&server);
}

Test(tls, no_common_protocol_is_refused_and_the_peer_is_told)
{
    struct pt_tls_options options = {.role = PT_TLS_CLIENT, .alpns = {"http/1.1"}};
    struct end client;
    struct end server;
    end_open(&client, 1, &options);
    end_open(&server, 2, &server_options);
    carry(&client, &server, 100000);
    cr_expect_eq(server.err, PT_EDENIED);
    cr_expect_eq(client.err, PT_EDENIED, "by the alert");
    end_close(&client);
    end_close(&server);
}

Test(tls, second_protocol_is_chosen_when_only_that_is_offered)
{
    struct pt_tls_options options = {.role = PT_TLS_CLIENT, .alpns = {"patuh-enrol/1"}};
    struct end client;
    struct end server;
    end_open(&client, 1, &options);
    end_open(&server, 2, &server_options);
    carry(&client, &server, 100000);
    cr_expect_str_eq(pt_tls_alpn(server.tls), "patuh-enrol/1");
    end_close(&client);
    end_close(&server);
}

Test(tls, bytes_that_are_no_tls_are_malformed)
{
    static const char *const rows[] = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x00\x05hello",
                                       "SSH-2.0-OpenSSH_9\r\n"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct end server;
        end_open(&server, 2, &server_options);
        uint8_t bytes[64] = {0};
        memcpy(bytes, rows[i], i == 1 ? 10 : strlen(rows[i]));
        take(&server, pt_bytes_of(bytes, sizeof bytes));
        cr_expect_eq(server.err, PT_EMALFORMED, "row %zu", i);
        end_close(&server);
    }
}

Test(tls, a_flipped_byte_after_the_handshake_is_malformed)
{
    struct end client;
    struct end server;
    end_open(&client, 1, &client_options);
    end_open(&server, 2, &server_options);
    carry(&client, &server, 100000);
    cr_assert_eq(pt_tls_write(client.tls, pt_bytes_str("question")), PT_OK);
    drain(&client);
    client.to_peer.data[client.to_peer.n - 1] ^= 1;
    take(&server, pt_buf_bytes(&client.to_peer));
    cr_expect_eq(server.err, PT_EMALFORMED);
    cr_expect_eq(server.received.n, 0);
    cr_expect_gt(server.to_peer.n, 0, "the alert waits to be sent");
    end_close(&client);
    end_close(&server);
}

/* A plain OpenSSL client, for what ours never does. key may be NULL: no certificate. */
static SSL *raw_client(SSL_CTX *context, EVP_PKEY *key, int version)
{
    if (key != NULL) {
        X509 *certificate = X509_new();
        (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
        (void)X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
        (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        (void)X509_set_pubkey(certificate, key);
        const EVP_MD *digest = EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
        cr_assert_gt(X509_sign(certificate, key, digest), 0);
        cr_assert_eq(SSL_CTX_use_certificate(context, certificate), 1);
        cr_assert_eq(SSL_CTX_use_PrivateKey(context, key), 1);
        X509_free(certificate);
    }
    (void)SSL_CTX_set_max_proto_version(context, version);
    SSL *ssl = SSL_new(context);
    (void)SSL_set_alpn_protos(ssl, (const uint8_t *)"\x07patuh/1", 8);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
    return ssl;
}

static enum pt_err handshake_with_raw(SSL *ssl)
{
    struct end server;
    end_open(&server, 2, &server_options);
    for (int round = 0; round < 6 && server.err == PT_OK; round++) {
        (void)SSL_do_handshake(ssl);
        char *data;
        long n = BIO_get_mem_data(SSL_get_wbio(ssl), &data);
        take(&server, pt_bytes_of(data, (size_t)n));
        (void)BIO_reset(SSL_get_wbio(ssl));
        (void)BIO_write(SSL_get_rbio(ssl), server.to_peer.data, (int)server.to_peer.n);
        pt_buf_clear(&server.to_peer);
    }
    enum pt_err err = pt_tls_is_open(server.tls) ? PT_OK : server.err;
    end_close(&server);
    return err;
}

Test(tls, peers_without_an_ed25519_certificate_are_refused)
{
    EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY *p256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    const struct {
        const char *name;
        EVP_PKEY *key;
        int version;
        enum pt_err err;
    } rows[] = {
        {"an ordinary OpenSSL client with the right kind of key", ed25519, TLS1_3_VERSION, PT_OK},
        {"no certificate", NULL, TLS1_3_VERSION, PT_EDENIED},
        {"P-256", p256, TLS1_3_VERSION, PT_EDENIED},
        {"RSA", rsa, TLS1_3_VERSION, PT_EDENIED},
        {"TLS 1.2", ed25519, TLS1_2_VERSION, PT_EMALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL *ssl = raw_client(context, rows[i].key, rows[i].version);
        cr_expect_eq(handshake_with_raw(ssl), rows[i].err, "%s", rows[i].name);
        SSL_free(ssl);
        SSL_CTX_free(context);
    }
    EVP_PKEY_free(ed25519);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(rsa);
}

Test(tls, allocation_failures_are_answered)
{
    uint8_t seed[PT_KEY_BYTES] = {1};
    for (size_t n = 0; n < 10; n++) {
        struct pt_tls_identity *identity = NULL;
        struct pt_tls *tls = NULL;
        pt_mem_fault_arm(n);
        enum pt_err err = pt_tls_identity_create(seed, &identity);
        if (err == PT_OK) {
            err = pt_tls_create(identity, &client_options, &tls);
        }
        pt_mem_fault_disarm();
        pt_tls_destroy(tls);
        pt_tls_identity_destroy(identity);
        cr_assert_eq(pt_mem_alive(), 0);
        if (err == PT_OK) {
            return;
        }
        cr_assert_eq(err, PT_ENOMEM);
    }
    cr_assert_fail("the sweep never succeeded");
}
