#include "io/keys/keybox.h"

#include "base/mem.h"
#include "io/disk/files.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC "patuh-keybox/1\n"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define PASSES 3
#define MEMORY_KIB (64 * 1024)
#define PASSES_MAX 16 /* of a file from elsewhere: what a small machine can bear */
#define MEMORY_KIB_MAX (1024 * 1024)
#define SEALED_BYTES (PT_KEY_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define HEADER_BYTES (MAGIC_BYTES + 8 + crypto_pwhash_SALTBYTES + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)

struct keybox {
    uint32_t passes;
    uint32_t memory_kib;
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
    uint8_t sealed[SEALED_BYTES];
};

static void put_header(struct pt_buf *out, const struct keybox *box)
{
    pt_buf_put(out, MAGIC, MAGIC_BYTES);
    pt_buf_put_u32(out, box->passes);
    pt_buf_put_u32(out, box->memory_kib);
    pt_buf_put(out, box->salt, sizeof box->salt);
    pt_buf_put(out, box->nonce, sizeof box->nonce);
}

static enum pt_err read_box(struct pt_bytes file, struct keybox *box)
{
    uint8_t magic[MAGIC_BYTES];
    struct pt_reader reader = pt_reader_on(file);
    pt_read_into(&reader, magic, sizeof magic);
    box->passes = pt_read_u32(&reader);
    box->memory_kib = pt_read_u32(&reader);
    pt_read_into(&reader, box->salt, sizeof box->salt);
    pt_read_into(&reader, box->nonce, sizeof box->nonce);
    pt_read_into(&reader, box->sealed, sizeof box->sealed);
    bool good = pt_read_end(&reader) == PT_OK && memcmp(magic, MAGIC, sizeof magic) == 0 && box->passes >= 1 &&
                box->passes <= PASSES_MAX && box->memory_kib >= 8 && box->memory_kib <= MEMORY_KIB_MAX;
    return good ? PT_OK : PT_EDAMAGED;
}

/* Errors: NOMEM. */
static enum pt_err stretch(const struct keybox *box, struct pt_bytes passphrase,
                           uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES])
{
    int bad =
        crypto_pwhash(key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, (const char *)passphrase.data, passphrase.n,
                      box->salt, box->passes, (size_t)box->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
    return bad == 0 ? PT_OK : PT_ENOMEM;
}

static enum pt_err seal(struct keybox *box, struct pt_bytes passphrase, const uint8_t seed[PT_KEY_BYTES])
{
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    struct pt_buf header = {0};
    put_header(&header, box);
    enum pt_err err = header.err == PT_OK ? stretch(box, passphrase, key) : header.err;
    if (err == PT_OK) {
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(box->sealed, NULL, seed, PT_KEY_BYTES, header.data, header.n,
                                                         NULL, box->nonce, key);
    }
    pt_wipe(key, sizeof key);
    pt_buf_free(&header);
    return err;
}

/* Errors: DENIED, NOMEM. */
static enum pt_err unseal(const struct keybox *box, struct pt_bytes passphrase, uint8_t seed[PT_KEY_BYTES])
{
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    struct pt_buf header = {0};
    put_header(&header, box);
    enum pt_err err = header.err == PT_OK ? stretch(box, passphrase, key) : header.err;
    if (err == PT_OK && crypto_aead_xchacha20poly1305_ietf_decrypt(seed, NULL, NULL, box->sealed, SEALED_BYTES,
                                                                   header.data, header.n, box->nonce, key) != 0) {
        err = PT_EDENIED;
    }
    pt_wipe(key, sizeof key);
    pt_buf_free(&header);
    return err;
}

static enum pt_err write_box(const char *path, const struct keybox *box, struct pt_problem *problem)
{
    struct pt_buf file = {0};
    put_header(&file, box);
    pt_buf_put(&file, box->sealed, sizeof box->sealed);
    enum pt_err err =
        file.err == PT_OK ? pt_file_write(path, pt_buf_bytes(&file), S_IRUSR | S_IWUSR, problem) : file.err;
    pt_buf_free(&file);
    return err;
}

enum pt_err pt_keybox_create(const char *path, struct pt_bytes passphrase, const struct pt_random *random,
                             struct pt_keypair *out, struct pt_problem *problem)
{
    struct keybox box = {.passes = PASSES, .memory_kib = MEMORY_KIB};
    uint8_t seed[PT_KEY_BYTES];
    if (passphrase.n < PT_PASSPHRASE_BYTES_MIN || passphrase.n > PT_PASSPHRASE_BYTES_MAX) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_PASSPHRASE_LENGTH, NULL);
    }
    if (pt_file_exists(path)) {
        return pt_problem_set(problem, PT_EEXISTS, PT_MSG_KEYBOX_EXISTS, path, NULL);
    }
    pt_random_fill(random, seed, sizeof seed);
    pt_random_fill(random, box.salt, sizeof box.salt);
    pt_random_fill(random, box.nonce, sizeof box.nonce);
    enum pt_err err = seal(&box, passphrase, seed);
    if (err == PT_OK) {
        err = write_box(path, &box, problem);
    }
    if (err == PT_OK) {
        pt_keypair_from_seed(seed, out);
    }
    pt_wipe(seed, sizeof seed);
    return pt_problem_default(problem, err, path);
}

enum pt_err pt_keybox_open(const char *path, struct pt_bytes passphrase, struct pt_keypair *out,
                           struct pt_problem *problem)
{
    struct keybox box = {0};
    uint8_t seed[PT_KEY_BYTES];
    struct pt_buf file = {0};
    enum pt_err err = pt_file_read(path, HEADER_BYTES + SEALED_BYTES, &file, problem);
    if (err == PT_OK || err == PT_EINVALID) {
        err = err == PT_OK ? read_box(pt_buf_bytes(&file), &box) : PT_EDAMAGED;
        err = err == PT_OK ? PT_OK : pt_problem_set(problem, err, PT_MSG_KEYBOX_DAMAGED, path, NULL);
    }
    if (err == PT_OK) {
        err = unseal(&box, passphrase, seed);
    }
    if (err == PT_EDENIED) {
        (void)!pt_problem_set(problem, err, PT_MSG_PASSPHRASE_WRONG, path, NULL);
    }
    if (err == PT_OK) {
        pt_keypair_from_seed(seed, out);
    }
    pt_wipe(seed, sizeof seed);
    pt_buf_free(&file);
    return pt_problem_default(problem, err, path);
}
