/* bundle_kit.h - a bundle in memory, for tests and fuzzers. A failure is a failed PT_CHECK. */
#ifndef PT_TEST_BUNDLE_KIT_H
#define PT_TEST_BUNDLE_KIT_H

#include "core/bundle/bundle.h"

struct kit_file {
    struct pt_buf bytes;
    size_t at;             /* of the reader */
    size_t room;           /* so many bytes more are written, then FULL; 0: no limit */
    struct pt_bytes given; /* read instead of bytes, when there are any */
};

struct pt_bundle_sink kit_sink(struct kit_file *file);
struct pt_bundle_source kit_source(struct kit_file *file);
/* The same bytes every time. */
struct pt_random kit_steady(uint64_t *state);
/* A bundle by `author` for `recipient` is begun; statement may be empty. */
struct pt_bundle_writer *kit_bundle(struct kit_file *file, const struct pt_keypair *author,
                                    const struct pt_keypair *recipient, struct pt_bytes statement);
void kit_bundle_end(struct pt_bundle_writer *writer);

#endif
