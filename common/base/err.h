/* err.h - the one list of error codes.
 *
 * A code says which kind of thing went wrong, so that the caller can act on it; the sentence for people is made where
 * the error is handled (see problem.h). Foreign codes (uv, lmdb, openssl, zstd, protobuf-c) are translated into these
 * in the file that called the library.
 * Thread: any. */
#ifndef PT_ERR_H
#define PT_ERR_H

#define PT_ERR_MAP(X)                                                                                                  \
    X(NOMEM, "out of memory")                                                                                          \
    X(LIMIT, "a limit of limits.h is exceeded")                                                                        \
    X(MALFORMED, "bytes from outside do not have the agreed form")                                                     \
    X(NOTFOUND, "not there")                                                                                           \
    X(EXISTS, "already there")                                                                                         \
    X(INVALID, "input that a person has to correct")                                                                   \
    X(DENIED, "not allowed")                                                                                           \
    X(SIGNATURE, "signature does not fit")                                                                             \
    X(LINK, "chain link does not fit")                                                                                 \
    X(FORK, "two chunks follow one link")                                                                              \
    X(GAP, "a chunk is ahead of its predecessor")                                                                      \
    X(DAMAGED, "a stored value does not pass its checksum")                                                            \
    X(VERSION, "made for another version or role")                                                                     \
    X(IO, "input or output failed")                                                                                    \
    X(FULL, "no space left")                                                                                           \
    X(BUSY, "in use by another process or full for now")                                                               \
    X(CLOSED, "the other side is gone")                                                                                \
    X(CANCELED, "given up before it was done")                                                                         \
    X(TIMEOUT, "took too long")                                                                                        \
    X(UNSUPPORTED, "not part of what this version does")

/* clang-format 14 mangles attributes on enums. */
/* clang-format off */
enum [[nodiscard]] pt_err {
    PT_OK = 0,
#define PT_ERR_CODE(name, text) PT_E##name,
    PT_ERR_MAP(PT_ERR_CODE)
#undef PT_ERR_CODE
    PT_ERR_COUNT
};
/* clang-format on */

/* The short name ("NOMEM") and the English text of a code; "?" for a number that is none. Never NULL, static. */
const char *pt_err_name(enum pt_err err);
const char *pt_err_text(enum pt_err err);

#endif
