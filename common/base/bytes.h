/* bytes.h - a borrowed run of bytes, a growing buffer, and the one reader of bytes.
 *
 * Buffer and reader have a sticky error: after the first failure every further call does nothing (reads give zeros),
 * and the error is asked for once at the end. Thread: any one thread at a time. */
#ifndef PT_BYTES_H
#define PT_BYTES_H

#include "base/err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed: whoever made it says how long it lives. */
struct pt_bytes {
    const uint8_t *data;
    size_t n;
};

struct pt_bytes pt_bytes_of(const void *data, size_t n);
struct pt_bytes pt_bytes_str(const char *text); /* without the closing NUL */
bool pt_bytes_eq(struct pt_bytes a, struct pt_bytes b);
int pt_bytes_cmp(struct pt_bytes a, struct pt_bytes b); /* as memcmp, the shorter first */

/* Owned: zero-initialise, append, pt_buf_free. data is NUL-terminated whenever it is not NULL (the NUL is not counted).
 */
struct pt_buf {
    uint8_t *data;
    size_t n;
    size_t capacity;
    enum pt_err err;
};

void pt_buf_free(struct pt_buf *buf);  /* also resets the error */
void pt_buf_wipe(struct pt_buf *buf);  /* free what was secret: overwritten first */
void pt_buf_clear(struct pt_buf *buf); /* keeps the memory */
void pt_buf_put(struct pt_buf *buf, const void *data, size_t n);
void pt_buf_put_bytes(struct pt_buf *buf, struct pt_bytes bytes);
void pt_buf_put_str(struct pt_buf *buf, const char *text);
void pt_buf_put_u8(struct pt_buf *buf, uint8_t value);
void pt_buf_put_u32(struct pt_buf *buf, uint32_t value); /* big-endian, as every integer outside protobuf */
void pt_buf_put_u64(struct pt_buf *buf, uint64_t value);
void pt_buf_put_int(struct pt_buf *buf, int64_t value, unsigned digits_min); /* as text, zeros in front */
void pt_buf_printf(struct pt_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pt_buf_vprintf(struct pt_buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
struct pt_bytes pt_buf_bytes(const struct pt_buf *buf); /* lent until the buffer changes */
const char *pt_buf_text(const struct pt_buf *buf);      /* "" when empty; lent */

struct pt_reader {
    const uint8_t *at;
    const uint8_t *end;
    enum pt_err err; /* MALFORMED after a read past the end */
};

struct pt_reader pt_reader_on(struct pt_bytes bytes);
uint8_t pt_read_u8(struct pt_reader *reader);
uint32_t pt_read_u32(struct pt_reader *reader);
uint64_t pt_read_u64(struct pt_reader *reader);
struct pt_bytes pt_read_bytes(struct pt_reader *reader, size_t n); /* lent from what is read */
struct pt_bytes pt_read_rest(struct pt_reader *reader);
void pt_read_into(struct pt_reader *reader, void *out, size_t n); /* zeros after an error */
/* PT_OK when all was read and nothing is left over. */
enum pt_err pt_read_end(const struct pt_reader *reader);

#endif
