#include "core/store/keys.h"

#include "base/check.h"

#include <string.h>

struct pt_bytes pt_key_bytes(const struct pt_key *key)
{
    return pt_bytes_of(key->b, key->n);
}

static void add(struct pt_key *key, const void *data, size_t n)
{
    memcpy(key->b + key->n, data, n);
    key->n += n;
}

static void add_u64(struct pt_key *key, uint64_t value)
{
    for (int shift = 56; shift >= 0; shift -= 8) {
        key->b[key->n++] = (uint8_t)(value >> shift);
    }
}

static void add_tier(struct pt_key *key, enum pt_tier tier)
{
    uint8_t byte = (uint8_t)tier;
    add(key, &byte, 1);
}

struct pt_key pt_key_copy(struct pt_bytes key)
{
    struct pt_key copy = {0};
    PT_CHECK(key.n <= sizeof copy.b);
    add(&copy, key.data, key.n);
    return copy;
}

struct pt_key pt_key_subject(const struct pt_subject *subject)
{
    struct pt_key key = {0};
    uint8_t n = (uint8_t)strlen(subject->text); /* the length goes first: "o:6" is no prefix of "o:62" */
    add(&key, &n, 1);
    add(&key, subject->text, n);
    return key;
}

struct pt_key pt_key_text(const struct pt_subject *subject, const struct pt_hash *hash)
{
    struct pt_key key = pt_key_subject(subject);
    add(&key, hash->b, sizeof hash->b);
    return key;
}

struct pt_key pt_key_log_id(const struct pt_log_id *id)
{
    struct pt_key key = pt_key_subject(&id->subject);
    add(&key, id->author.b, sizeof id->author.b);
    add_u64(&key, id->incarnation);
    return key;
}

struct pt_key pt_key_u64(uint64_t number)
{
    struct pt_key key = {0};
    add_u64(&key, number);
    return key;
}

struct pt_key pt_key_log_seq(uint64_t log, uint64_t seq)
{
    struct pt_key key = pt_key_u64(log);
    add_u64(&key, seq);
    return key;
}

struct pt_key pt_key_log_seq_link(uint64_t log, uint64_t seq, const struct pt_hash *link)
{
    struct pt_key key = pt_key_log_seq(log, seq);
    add(&key, link->b, sizeof link->b);
    return key;
}

struct pt_key pt_key_receipt(uint64_t log, enum pt_tier tier)
{
    struct pt_key key = pt_key_u64(log);
    add_tier(&key, tier);
    return key;
}

struct pt_key pt_key_receipt_held(uint64_t log, enum pt_tier tier, const struct pt_hash *link)
{
    struct pt_key key = pt_key_receipt(log, tier);
    add(&key, link->b, sizeof link->b);
    return key;
}

struct pt_key pt_key_hash(const struct pt_hash *hash)
{
    struct pt_key key = {0};
    add(&key, hash->b, sizeof hash->b);
    return key;
}

struct pt_key pt_key_wanted(const struct pt_hash *hash, const struct pt_subject *subject)
{
    static const struct pt_subject none = {.text = ""}; /* a length of 0 and no text */
    struct pt_key place = pt_key_subject(subject == NULL ? &none : subject);
    struct pt_key key = pt_key_hash(hash);
    add(&key, place.b, place.n);
    return key;
}

struct pt_key pt_key_wanted_log(const struct pt_hash *hash, const struct pt_subject *subject, uint64_t log)
{
    struct pt_key key = pt_key_wanted(hash, subject);
    add_u64(&key, log);
    return key;
}

struct pt_key pt_key_hash_tier(const struct pt_hash *hash, enum pt_tier tier)
{
    struct pt_key key = pt_key_hash(hash);
    add_tier(&key, tier);
    return key;
}

struct pt_key pt_key_author(const struct pt_author *author)
{
    struct pt_key key = {0};
    add(&key, author->b, sizeof author->b);
    return key;
}

struct pt_key pt_key_peer(const struct pt_author *author, uint64_t incarnation)
{
    struct pt_key key = pt_key_author(author);
    add_u64(&key, incarnation);
    return key;
}

static enum pt_err read_end(const struct pt_reader *reader)
{
    return pt_read_end(reader) == PT_OK ? PT_OK : PT_EDAMAGED;
}

enum pt_err pt_key_read_u64(struct pt_bytes key, uint64_t *number)
{
    struct pt_reader reader = pt_reader_on(key);
    uint64_t value = pt_read_u64(&reader);
    if (read_end(&reader) != PT_OK) {
        return PT_EDAMAGED;
    }
    *number = value;
    return PT_OK;
}

enum pt_err pt_key_read_log_seq(struct pt_bytes key, uint64_t *log, uint64_t *seq)
{
    struct pt_reader reader = pt_reader_on(key);
    uint64_t first = pt_read_u64(&reader);
    uint64_t second = pt_read_u64(&reader);
    if (read_end(&reader) != PT_OK) {
        return PT_EDAMAGED;
    }
    *log = first;
    *seq = second;
    return PT_OK;
}

enum pt_err pt_key_read_log_seq_link(struct pt_bytes key, uint64_t *log, uint64_t *seq, struct pt_hash *link)
{
    struct pt_hash found;
    if (key.n != 16 + sizeof found.b) {
        return PT_EDAMAGED;
    }
    memcpy(found.b, key.data + 16, sizeof found.b);
    *link = found;
    return pt_key_read_log_seq(pt_bytes_of(key.data, 16), log, seq);
}

enum pt_err pt_key_read_wanted(struct pt_bytes key, struct pt_hash *hash)
{
    size_t n = sizeof hash->b;
    bool before = key.n == n;
    if (!before && (key.n < n + 1 || key.data[n] > PT_SUBJECT_BYTES_MAX || key.n != n + 1 + key.data[n] + 8)) {
        return PT_EDAMAGED;
    }
    memcpy(hash->b, key.data, n);
    return PT_OK;
}
