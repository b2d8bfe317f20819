#include "support/bundle_kit.h"

#include "base/check.h"

#include <string.h>

static enum pt_err put(void *data, struct pt_bytes bytes)
{
    struct kit_file *file = data;
    if (file->room > 0 && file->bytes.n + bytes.n > file->room) {
        return PT_EFULL;
    }
    pt_buf_put_bytes(&file->bytes, bytes);
    return file->bytes.err;
}

static enum pt_err get(void *data, void *out, size_t n, size_t *n_read)
{
    struct kit_file *file = data;
    struct pt_bytes all = file->given.data != NULL ? file->given : pt_buf_bytes(&file->bytes);
    *n_read = all.n - file->at < n ? all.n - file->at : n;
    if (*n_read > 0) {
        memcpy(out, all.data + file->at, *n_read);
    }
    file->at += *n_read;
    return PT_OK;
}

struct pt_bundle_sink kit_sink(struct kit_file *file)
{
    return (struct pt_bundle_sink){.put = put, .data = file};
}

struct pt_bundle_source kit_source(struct kit_file *file)
{
    file->at = 0;
    return (struct pt_bundle_source){.read = get, .data = file};
}

static void steady(void *data, void *out, size_t n)
{
    uint64_t *state = data;
    for (size_t i = 0; i < n; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(*state >> 56);
    }
}

struct pt_random kit_steady(uint64_t *state)
{
    return (struct pt_random){.fill = steady, .data = state};
}

struct pt_bundle_writer *kit_bundle(struct kit_file *file, const struct pt_keypair *author,
                                    const struct pt_keypair *recipient, struct pt_bytes statement)
{
    uint64_t state = 1;
    struct pt_random random = kit_steady(&state);
    struct pt_public_key key;
    struct pt_bundle_origin origin = {.author = author, .statement = statement, .made_ms = 1700000000000};
    struct pt_bundle_writer *writer;
    memcpy(key.b, recipient->public_key, sizeof key.b);
    PT_CHECK(pt_bundle_begin(kit_sink(file), &random, &key, 1, &origin, &writer) == PT_OK);
    return writer;
}

void kit_bundle_end(struct pt_bundle_writer *writer)
{
    PT_CHECK(pt_bundle_end(writer) == PT_OK);
    pt_bundle_writer_destroy(writer);
}
