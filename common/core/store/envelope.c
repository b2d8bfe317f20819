#include "core/store/envelope.h"

#include "base/check.h"

#include <sodium.h>
#include <string.h>

#define HEAD_BYTES 6
#define CHECK_BYTES 16
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

enum codec { CODEC_PLAIN = 0, CODEC_SEALED = 1 };

struct head {
    uint8_t version;
    uint8_t codec;
    uint32_t key_id;
};

static void head_put(const struct head *head, uint8_t out[HEAD_BYTES])
{
    out[0] = head->version;
    out[1] = head->codec;
    for (int i = 0; i < 4; i++) {
        out[2 + i] = (uint8_t)(head->key_id >> (24 - 8 * i));
    }
}

/* What the check covers beside the payload: head, table, key, each with its length, in one run for the AEAD. */
struct cover {
    uint8_t bytes[HEAD_BYTES + 1 + PT_PLACE_TABLE_BYTES_MAX + 2 + PT_STORE_KEY_BYTES_MAX];
    size_t n;
};

static void cover_add(struct cover *cover, const void *data, size_t n)
{
    if (n > 0) {
        memcpy(cover->bytes + cover->n, data, n);
        cover->n += n;
    }
}

static void cover_make(struct cover *cover, const struct head *head, struct pt_place place)
{
    uint8_t head_bytes[HEAD_BYTES];
    size_t n_table = strlen(place.table);
    PT_CHECK(n_table <= PT_PLACE_TABLE_BYTES_MAX && place.key.n <= PT_STORE_KEY_BYTES_MAX);
    uint8_t lengths[3] = {(uint8_t)n_table, (uint8_t)(place.key.n >> 8), (uint8_t)place.key.n};
    head_put(head, head_bytes);
    cover->n = 0;
    cover_add(cover, head_bytes, sizeof head_bytes);
    cover_add(cover, lengths, 1);
    cover_add(cover, place.table, n_table);
    cover_add(cover, lengths + 1, 2);
    cover_add(cover, place.key.data, place.key.n);
}

static struct pt_hash checksum(const struct cover *cover, struct pt_bytes payload)
{
    return pt_hash2(PT_CONTEXT_ROW, pt_bytes_of(cover->bytes, cover->n), payload);
}

static enum pt_err seal_plain(struct pt_place place, struct pt_bytes payload, struct pt_buf *out)
{
    struct head head = {.version = PT_ENVELOPE_VERSION, .codec = CODEC_PLAIN};
    struct cover cover;
    cover_make(&cover, &head, place);
    struct pt_hash hash = checksum(&cover, payload);
    pt_buf_put(out, cover.bytes, HEAD_BYTES);
    pt_buf_put(out, hash.b, CHECK_BYTES);
    pt_buf_put_bytes(out, payload);
    return out->err;
}

static enum pt_err seal_secret(const struct pt_store_key *key, const struct pt_random *random, struct pt_place place,
                               struct pt_bytes payload, struct pt_buf *out)
{
    struct head head = {.version = PT_ENVELOPE_VERSION, .codec = CODEC_SEALED, .key_id = key->id};
    struct cover cover;
    uint8_t nonce[NONCE_BYTES];
    static const uint8_t tag_room[TAG_BYTES];
    cover_make(&cover, &head, place);
    pt_random_fill(random, nonce, sizeof nonce);
    pt_buf_put(out, cover.bytes, HEAD_BYTES);
    pt_buf_put(out, nonce, sizeof nonce);
    size_t start = out->n;
    pt_buf_put_bytes(out, payload);
    pt_buf_put(out, tag_room, sizeof tag_room);
    if (out->err != PT_OK) {
        return out->err;
    }
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out->data + start, NULL, out->data + start, payload.n, cover.bytes,
                                                     cover.n, NULL, nonce, key->key);
    return PT_OK;
}

enum pt_err pt_envelope_seal(const struct pt_store_key *key, const struct pt_random *random, struct pt_place place,
                             struct pt_bytes payload, struct pt_buf *out)
{
    return key->present ? seal_secret(key, random, place, payload, out) : seal_plain(place, payload, out);
}

static enum pt_err open_plain(const struct head *head, struct pt_place place, struct pt_bytes rest,
                              struct pt_bytes *payload)
{
    struct cover cover;
    if (rest.n < CHECK_BYTES) {
        return PT_EDAMAGED;
    }
    struct pt_bytes found = pt_bytes_of(rest.data + CHECK_BYTES, rest.n - CHECK_BYTES);
    cover_make(&cover, head, place);
    struct pt_hash hash = checksum(&cover, found);
    if (memcmp(hash.b, rest.data, CHECK_BYTES) != 0) {
        return PT_EDAMAGED;
    }
    *payload = found;
    return PT_OK;
}

static enum pt_err open_secret(const struct pt_store_key *key, const struct head *head, struct pt_place place,
                               struct pt_bytes rest, uint8_t *room, struct pt_bytes *payload)
{
    struct cover cover;
    if (rest.n < NONCE_BYTES + TAG_BYTES) {
        return PT_EDAMAGED;
    }
    cover_make(&cover, head, place);
    size_t n = rest.n - NONCE_BYTES;
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, rest.data + NONCE_BYTES, n, cover.bytes,
                                                         cover.n, rest.data, key->key);
    if (bad != 0) {
        return PT_EDAMAGED;
    }
    *payload = pt_bytes_of(room, n - TAG_BYTES);
    return PT_OK;
}

enum pt_err pt_envelope_open(const struct pt_store_key *key, struct pt_place place, struct pt_bytes sealed,
                             uint8_t *room, struct pt_bytes *payload)
{
    struct pt_reader reader = pt_reader_on(sealed);
    struct head head = {.version = pt_read_u8(&reader), .codec = pt_read_u8(&reader), .key_id = pt_read_u32(&reader)};
    struct pt_bytes rest = pt_read_rest(&reader);
    if (reader.err != PT_OK || head.version == 0) {
        return PT_EDAMAGED;
    }
    if (head.version > PT_ENVELOPE_VERSION || head.codec > CODEC_SEALED) {
        return PT_EVERSION;
    }
    if (head.codec == CODEC_PLAIN) {
        return key->present ? PT_EDAMAGED : open_plain(&head, place, rest, payload);
    }
    if (!key->present || key->id != head.key_id) {
        return PT_EDENIED;
    }
    return open_secret(key, &head, place, rest, room, payload);
}
