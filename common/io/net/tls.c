#include "io/net/tls.h"

#include "base/check.h"
#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#define SUITE "TLS_CHACHA20_POLY1305_SHA256" /* fast on phones without AES instructions */
#define GROUP "X25519"
#define SIGNATURE_SCHEME "ed25519"
#define CERTIFICATE_BYTES_MAX 2048
/* Nobody reads the dates: they are fixed so that a device whose clock was never set can still be spoken to. */
#define NOT_BEFORE "20000101000000Z"
#define NOT_AFTER "21000101000000Z"

struct pt_tls_identity {
    SSL_CTX *context;
};

struct pt_tls {
    SSL *ssl;
    BIO *in;  /* ciphertext from the peer; owned by ssl */
    BIO *out; /* ciphertext to the peer; owned by ssl */
    const char *alpns[4];
    bool any_key;
    uint8_t expected_key[PT_KEY_BYTES];
    uint8_t peer_key[PT_KEY_BYTES];
    bool denied; /* we refused the peer: tells our alert from bad bytes */
    bool open;
    bool peer_closed;
    bool closed; /* goodbye was said by us */
    char alpn[PT_ALPN_BYTES_MAX + 1];
    enum pt_err err; /* sticky: OpenSSL must not be called after a fatal error */
};

/* --- identity --- */

static bool certificate_fill(X509 *certificate, EVP_PKEY *key)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
           ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), NOT_BEFORE) == 1 &&
           ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), NOT_AFTER) == 1 &&
           X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, NULL) > 0;
}

static bool context_take_key(SSL_CTX *context, const uint8_t seed[PT_KEY_BYTES])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, PT_KEY_BYTES);
    X509 *certificate = X509_new();
    bool good = key != NULL && certificate != NULL && certificate_fill(certificate, key) &&
                SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return good;
}

/* Replaces OpenSSL's chain verification: the peer is its Ed25519 key. That it owns the key is proved by the handshake
 * signature, which OpenSSL checks. */
static int on_certificate(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct pt_tls *tls = SSL_get_app_data(ssl);
    EVP_PKEY *key = X509_get0_pubkey(X509_STORE_CTX_get0_cert(store));
    size_t n = sizeof tls->peer_key;
    bool good = key != NULL && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 &&
                EVP_PKEY_get_raw_public_key(key, tls->peer_key, &n) == 1 && n == sizeof tls->peer_key &&
                (tls->any_key || CRYPTO_memcmp(tls->peer_key, tls->expected_key, sizeof tls->peer_key) == 0);
    tls->denied = !good;
    X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return good;
}

static bool offered(struct pt_bytes offer, const char *alpn)
{
    struct pt_reader reader = pt_reader_on(offer);
    while (reader.err == PT_OK && reader.at < reader.end) {
        uint8_t n = pt_read_u8(&reader);
        if (pt_bytes_eq(pt_read_bytes(&reader, n), pt_bytes_str(alpn))) {
            return reader.err == PT_OK;
        }
    }
    return false;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in, unsigned in_n,
                   void *unused)
{
    (void)unused;
    struct pt_tls *tls = SSL_get_app_data(ssl);
    for (size_t i = 0; tls->alpns[i] != NULL; i++) {
        if (offered(pt_bytes_of(in, in_n), tls->alpns[i])) {
            *out = (const unsigned char *)tls->alpns[i];
            *out_n = (unsigned char)strlen(tls->alpns[i]);
            return SSL_TLSEXT_ERR_OK;
        }
    }
    tls->denied = true;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool context_limit(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context, CERTIFICATE_BYTES_MAX);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, on_certificate, NULL);
    SSL_CTX_set_alpn_select_cb(context, on_alpn, NULL);
    char group[] = GROUP; /* OpenSSL's macros take these two without const */
    char scheme[] = SIGNATURE_SCHEME;
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 && SSL_CTX_set_num_tickets(context, 0) == 1 &&
           SSL_CTX_set_ciphersuites(context, SUITE) == 1 && SSL_CTX_set1_groups_list(context, group) == 1 &&
           SSL_CTX_set1_sigalgs_list(context, scheme) == 1;
}

enum pt_err pt_tls_identity_create(const uint8_t seed[PT_KEY_BYTES], struct pt_tls_identity **out)
{
    struct pt_tls_identity *identity = pt_zalloc(sizeof *identity);
    if (identity == NULL) {
        return PT_ENOMEM;
    }
    ERR_clear_error();
    identity->context = SSL_CTX_new(TLS_method());
    if (identity->context == NULL || !context_limit(identity->context) || !context_take_key(identity->context, seed)) {
        ERR_clear_error();
        pt_tls_identity_destroy(identity);
        return PT_ENOMEM;
    }
    *out = identity;
    return PT_OK;
}

void pt_tls_identity_destroy(struct pt_tls_identity *identity)
{
    if (identity != NULL) {
        SSL_CTX_free(identity->context);
        pt_free(identity);
    }
}

/* --- connection --- */

/* The list of protocols in the form of the ALPN extension. */
static bool offer_alpns(struct pt_tls *tls)
{
    struct pt_buf list = {0};
    for (size_t i = 0; tls->alpns[i] != NULL; i++) {
        pt_buf_put_u8(&list, (uint8_t)strlen(tls->alpns[i]));
        pt_buf_put_str(&list, tls->alpns[i]);
    }
    bool good = list.err == PT_OK && SSL_set_alpn_protos(tls->ssl, list.data, (unsigned)list.n) == 0;
    pt_buf_free(&list);
    return good;
}

/* What OpenSSL's last refusal means for us. */
static enum pt_err translate(const struct pt_tls *tls)
{
    unsigned long code = ERR_peek_error();
    ERR_clear_error();
    if (tls->denied) {
        return PT_EDENIED;
    }
    if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
        return PT_ENOMEM;
    }
    switch (ERR_GET_REASON(code)) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_NO_RENEGOTIATION:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL:
        return PT_EDENIED;
    default:
        return PT_EMALFORMED;
    }
}

static enum pt_err fail(struct pt_tls *tls, int result)
{
    int reason = SSL_get_error(tls->ssl, result);
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
        return PT_OK;
    }
    tls->err = translate(tls);
    return tls->err;
}

static enum pt_err handshake_done(struct pt_tls *tls)
{
    const unsigned char *alpn;
    unsigned n;
    SSL_get0_alpn_selected(tls->ssl, &alpn, &n);
    if (n == 0 || n > PT_ALPN_BYTES_MAX) {
        tls->denied = true; /* the peer did not name a protocol */
        tls->err = PT_EDENIED;
        return tls->err;
    }
    memcpy(tls->alpn, alpn, n);
    tls->alpn[n] = '\0';
    tls->open = true;
    return PT_OK;
}

static enum pt_err handshake(struct pt_tls *tls)
{
    ERR_clear_error();
    int result = SSL_do_handshake(tls->ssl);
    return result == 1 ? handshake_done(tls) : fail(tls, result);
}

enum pt_err pt_tls_create(struct pt_tls_identity *identity, const struct pt_tls_options *options, struct pt_tls **out)
{
    struct pt_tls *tls = pt_zalloc(sizeof *tls);
    if (tls == NULL) {
        return PT_ENOMEM;
    }
    memcpy(tls->alpns, options->alpns, sizeof tls->alpns);
    tls->any_key = options->expected_key == NULL;
    if (!tls->any_key) {
        memcpy(tls->expected_key, options->expected_key, sizeof tls->expected_key);
    }
    tls->ssl = SSL_new(identity->context);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (tls->ssl == NULL || tls->in == NULL || tls->out == NULL) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        SSL_free(tls->ssl);
        pt_free(tls);
        return PT_ENOMEM;
    }
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    (void)SSL_set_app_data(tls->ssl, tls);
    enum pt_err err = PT_OK;
    if (options->role == PT_TLS_SERVER) {
        SSL_set_accept_state(tls->ssl);
    } else {
        SSL_set_connect_state(tls->ssl);
        err = offer_alpns(tls) ? handshake(tls) : PT_ENOMEM;
    }
    if (err != PT_OK) {
        pt_tls_destroy(tls);
        return PT_ENOMEM;
    }
    *out = tls;
    return PT_OK;
}

void pt_tls_destroy(struct pt_tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl);
        pt_free(tls);
    }
}

enum pt_err pt_tls_feed(struct pt_tls *tls, struct pt_bytes ciphertext)
{
    if (tls->err != PT_OK) {
        return tls->err;
    }
    size_t written = 0;
    if (ciphertext.n > 0 && BIO_write_ex(tls->in, ciphertext.data, ciphertext.n, &written) != 1) {
        tls->err = PT_ENOMEM;
        return tls->err;
    }
    return tls->open ? PT_OK : handshake(tls);
}

enum pt_err pt_tls_read(struct pt_tls *tls, uint8_t *out, size_t n, size_t *got)
{
    *got = 0;
    if (tls->err != PT_OK || !tls->open) {
        return tls->err;
    }
    if (tls->peer_closed) {
        return PT_ECLOSED;
    }
    ERR_clear_error();
    int result = SSL_read_ex(tls->ssl, out, n, got);
    if (result == 1) {
        return PT_OK;
    }
    if (SSL_get_error(tls->ssl, result) == SSL_ERROR_ZERO_RETURN) {
        tls->peer_closed = true;
        return PT_ECLOSED;
    }
    return fail(tls, result);
}

enum pt_err pt_tls_write(struct pt_tls *tls, struct pt_bytes plaintext)
{
    PT_CHECK(tls->open);
    if (tls->err != PT_OK || tls->closed || plaintext.n == 0) {
        return tls->closed ? PT_ECLOSED : tls->err;
    }
    ERR_clear_error();
    size_t written = 0;
    /* The outgoing buffer grows in memory, so a write is whole or fails. */
    if (SSL_write_ex(tls->ssl, plaintext.data, plaintext.n, &written) != 1 || written != plaintext.n) {
        ERR_clear_error();
        tls->err = PT_ENOMEM;
    }
    return tls->err;
}

void pt_tls_close(struct pt_tls *tls)
{
    if (tls->err == PT_OK && tls->open && !tls->closed) {
        ERR_clear_error();
        (void)SSL_shutdown(tls->ssl); /* 0: our half is done, which is all that is asked */
        ERR_clear_error();
        tls->closed = true;
    }
}

enum pt_err pt_tls_drain(struct pt_tls *tls, struct pt_buf *out)
{
    char *data;
    long n = BIO_get_mem_data(tls->out, &data);
    if (n > 0) {
        pt_buf_put(out, data, (size_t)n);
        (void)BIO_reset(tls->out);
    }
    return out->err;
}

bool pt_tls_is_open(const struct pt_tls *tls)
{
    return tls->open;
}

bool pt_tls_peer_closed(const struct pt_tls *tls)
{
    return tls->peer_closed;
}

bool pt_tls_denied_by_us(const struct pt_tls *tls)
{
    return tls->denied;
}

const uint8_t *pt_tls_peer_key(const struct pt_tls *tls)
{
    return tls->peer_key;
}

const char *pt_tls_alpn(const struct pt_tls *tls)
{
    return tls->alpn;
}
