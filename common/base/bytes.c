#include "base/bytes.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct pt_bytes pt_bytes_of(const void *data, size_t n)
{
    return (struct pt_bytes){data, n};
}

struct pt_bytes pt_bytes_str(const char *text)
{
    return pt_bytes_of(text, strlen(text));
}

bool pt_bytes_eq(struct pt_bytes a, struct pt_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.data, b.data, a.n) == 0);
}

int pt_bytes_cmp(struct pt_bytes a, struct pt_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n == 0 ? 0 : memcmp(a.data, b.data, n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

void pt_buf_wipe(struct pt_buf *buf)
{
    pt_wipe(buf->data, buf->capacity);
    pt_buf_free(buf);
}

void pt_buf_free(struct pt_buf *buf)
{
    pt_free(buf->data);
    *buf = (struct pt_buf){0};
}

void pt_buf_clear(struct pt_buf *buf)
{
    buf->n = 0;
    buf->err = PT_OK;
    if (buf->data != NULL) {
        buf->data[0] = 0;
    }
}

static bool buf_room(struct pt_buf *buf, size_t n)
{
    if (buf->err != PT_OK) {
        return false;
    }
    if (n < buf->capacity - buf->n) { /* nearly always: with room for the NUL */
        return true;
    }
    if (n >= SIZE_MAX - buf->n) {
        buf->err = PT_ENOMEM;
        return false;
    }
    buf->err = pt_reserve(&buf->data, &buf->capacity, buf->n + n + 1, 1);
    return buf->err == PT_OK;
}

void pt_buf_put(struct pt_buf *buf, const void *data, size_t n)
{
    if (!buf_room(buf, n)) {
        return;
    }
    if (n > 0) {
        memcpy(buf->data + buf->n, data, n);
    }
    buf->n += n;
    buf->data[buf->n] = 0;
}

void pt_buf_put_bytes(struct pt_buf *buf, struct pt_bytes bytes)
{
    pt_buf_put(buf, bytes.data, bytes.n);
}

void pt_buf_put_str(struct pt_buf *buf, const char *text)
{
    pt_buf_put(buf, text, strlen(text));
}

void pt_buf_put_u8(struct pt_buf *buf, uint8_t value)
{
    if (buf_room(buf, 1)) {
        buf->data[buf->n++] = value;
        buf->data[buf->n] = 0;
    }
}

void pt_buf_put_u32(struct pt_buf *buf, uint32_t value)
{
    uint8_t be[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    pt_buf_put(buf, be, sizeof be);
}

void pt_buf_put_u64(struct pt_buf *buf, uint64_t value)
{
    pt_buf_put_u32(buf, (uint32_t)(value >> 32));
    pt_buf_put_u32(buf, (uint32_t)value);
}

/* Millions of numbers go into a rollup: printf would be most of the work. */
void pt_buf_put_int(struct pt_buf *buf, int64_t value, unsigned digits_min)
{
    char text[40];
    size_t at = sizeof text;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    unsigned n = 0;
    while (left > 0 || n == 0 || (n < digits_min && at > 1)) {
        text[--at] = (char)('0' + left % 10);
        left /= 10;
        n++;
    }
    if (value < 0) {
        text[--at] = '-';
    }
    pt_buf_put(buf, text + at, sizeof text - at);
}

/* Most of it is short and fits: only else is it made twice. */
void pt_buf_vprintf(struct pt_buf *buf, const char *format, va_list args)
{
    size_t spare = buf->err == PT_OK && buf->data != NULL ? buf->capacity - buf->n : 0;
    char *end = spare == 0 ? NULL : (char *)buf->data + buf->n;
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(end, spare, format, args);
    if (n >= 0 && (size_t)n < spare) {
        buf->n += (size_t)n;
    } else {
        if (end != NULL) {
            *end = '\0'; /* as before: it ends here */
        }
        if (n < 0) {
            buf->err = PT_EINVALID;
        } else if (buf_room(buf, (size_t)n)) {
            (void)vsnprintf((char *)buf->data + buf->n, (size_t)n + 1, format, again);
            buf->n += (size_t)n;
        }
    }
    va_end(again);
}

void pt_buf_printf(struct pt_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pt_buf_vprintf(buf, format, args);
    va_end(args);
}

struct pt_bytes pt_buf_bytes(const struct pt_buf *buf)
{
    return pt_bytes_of(buf->data, buf->n);
}

const char *pt_buf_text(const struct pt_buf *buf)
{
    return buf->data == NULL ? "" : (const char *)buf->data;
}

struct pt_reader pt_reader_on(struct pt_bytes bytes)
{
    static const uint8_t nothing;
    const uint8_t *at = bytes.n == 0 ? &nothing : bytes.data;
    return (struct pt_reader){.at = at, .end = at + bytes.n};
}

struct pt_bytes pt_read_bytes(struct pt_reader *reader, size_t n)
{
    if (reader->err != PT_OK || n > (size_t)(reader->end - reader->at)) {
        reader->err = PT_EMALFORMED;
        return (struct pt_bytes){0};
    }
    struct pt_bytes bytes = {reader->at, n};
    reader->at += n;
    return bytes;
}

void pt_read_into(struct pt_reader *reader, void *out, size_t n)
{
    struct pt_bytes bytes = pt_read_bytes(reader, n);
    memset(out, 0, n);
    if (bytes.n > 0) {
        memcpy(out, bytes.data, bytes.n);
    }
}

uint8_t pt_read_u8(struct pt_reader *reader)
{
    uint8_t value;
    pt_read_into(reader, &value, 1);
    return value;
}

uint32_t pt_read_u32(struct pt_reader *reader)
{
    uint8_t be[4];
    pt_read_into(reader, be, sizeof be);
    return (uint32_t)be[0] << 24 | (uint32_t)be[1] << 16 | (uint32_t)be[2] << 8 | be[3];
}

uint64_t pt_read_u64(struct pt_reader *reader)
{
    uint64_t high = pt_read_u32(reader);
    return high << 32 | pt_read_u32(reader);
}

struct pt_bytes pt_read_rest(struct pt_reader *reader)
{
    return pt_read_bytes(reader, (size_t)(reader->end - reader->at));
}

enum pt_err pt_read_end(const struct pt_reader *reader)
{
    if (reader->err != PT_OK) {
        return reader->err;
    }
    return reader->at == reader->end ? PT_OK : PT_EMALFORMED;
}
