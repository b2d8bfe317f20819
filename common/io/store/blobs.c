#include "io/store/blobs.h"

#include "base/mem.h"
#include "io/disk/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENVELOPE_ROOM 64 /* more than any envelope adds */
#define SIZE_BYTES 4     /* a file of parts begins with the declared size */
#define PARTS_BYTES_MAX                                                                                                \
    (SIZE_BYTES + 2 * PT_BLOB_BYTES_MAX + ENVELOPE_ROOM * (PT_BLOB_BYTES_MAX / PT_BLOB_PART_BYTES_MIN + 1))

/* Hashes that are known to be durable, a table with free places of zeros. */
struct known {
    pthread_mutex_t mutex;
    struct pt_hash *places;
    size_t n, capacity;
};

struct pt_blobs {
    char *dir;
    struct pt_store_key key;
    struct pt_random random;
    struct pt_disk_reserve reserve;
    atomic_uint next_temporary;
    struct known known;
};

struct path {
    char text[PATH_MAX];
};

static enum pt_err from_errno(int code)
{
    if (code == ENOSPC || code == EDQUOT) {
        return PT_EFULL;
    }
    return code == ENOENT ? PT_ENOTFOUND : PT_EIO;
}

struct pt_hash pt_blob_hash(struct pt_bytes content)
{
    return pt_hash1(PT_CONTEXT_BLOB, content);
}

/* --- what is known to be durable --- */

/* Where the hash stands, or would stand. Hashes are as good as random. */
static size_t known_place(const struct pt_hash *places, size_t capacity, const struct pt_hash *hash)
{
    static const struct pt_hash none = {0};
    size_t at;
    memcpy(&at, hash->b, sizeof at);
    at &= capacity - 1;
    while (!pt_hash_eq(&places[at], hash) && !pt_hash_eq(&places[at], &none)) {
        at = (at + 1) & (capacity - 1);
    }
    return at;
}

static bool known_grow(struct known *known)
{
    static const struct pt_hash none = {0};
    size_t capacity = known->capacity == 0 ? 64 : 2 * known->capacity;
    struct pt_hash *places = pt_zalloc(capacity * sizeof *places);
    if (places == NULL) {
        return false;
    }
    for (size_t i = 0; i < known->capacity; i++) {
        if (!pt_hash_eq(&known->places[i], &none)) {
            places[known_place(places, capacity, &known->places[i])] = known->places[i];
        }
    }
    pt_free(known->places);
    known->places = places;
    known->capacity = capacity;
    return true;
}

static bool known_has(struct known *known, const struct pt_hash *hash)
{
    (void)pthread_mutex_lock(&known->mutex);
    bool has = pt_hash_eq(&known->places[known_place(known->places, known->capacity, hash)], hash);
    (void)pthread_mutex_unlock(&known->mutex);
    return has;
}

/* Without memory, or past the limit, it is looked at again: dearer, and no error. */
static void known_add(struct known *known, const struct pt_hash *hash)
{
    (void)pthread_mutex_lock(&known->mutex);
    bool fits = known->n < PT_BLOBS_KNOWN_MAX && (2 * (known->n + 1) <= known->capacity || known_grow(known));
    size_t at = fits ? known_place(known->places, known->capacity, hash) : 0;
    if (fits && !pt_hash_eq(&known->places[at], hash)) {
        known->places[at] = *hash;
        known->n++;
    }
    (void)pthread_mutex_unlock(&known->mutex);
}

static void hex_of(const struct pt_hash *hash, char out[2 * PT_HASH_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < PT_HASH_BYTES; i++) {
        out[2 * i] = digits[hash->b[i] >> 4];
        out[2 * i + 1] = digits[hash->b[i] & 15];
    }
    out[2 * PT_HASH_BYTES] = '\0';
}

/* pt_blobs_open made sure that the folder leaves room for the longest name. */
static struct path path_of(const struct pt_blobs *blobs, const struct pt_hash *hash)
{
    struct path path;
    char hex[2 * PT_HASH_BYTES + 1];
    hex_of(hash, hex);
    (void)snprintf(path.text, sizeof path.text, "%s/%.2s/%s", blobs->dir, hex, hex);
    return path;
}

static struct path parts_path_of(const struct pt_blobs *blobs, const struct pt_hash *hash)
{
    struct path path;
    char hex[2 * PT_HASH_BYTES + 1];
    hex_of(hash, hex);
    (void)snprintf(path.text, sizeof path.text, "%s/parts/%s", blobs->dir, hex);
    return path;
}

/* What a crash in the middle of a put has left. */
static void temporaries_remove(const char *dir)
{
    struct path path;
    (void)snprintf(path.text, sizeof path.text, "%s/parts", dir);
    DIR *folder = opendir(path.text);
    if (folder == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strncmp(entry->d_name, "new.", 4) == 0) {
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    (void)closedir(folder);
}

static enum pt_err folders_make(const char *dir, struct pt_problem *problem)
{
    struct path path;
    if (strlen(dir) + 2 * PT_HASH_BYTES + 32 > sizeof path.text) {
        return pt_problem_set(problem, PT_EIO, PT_MSG_FILE_WRITE, dir, strerror(ENAMETOOLONG), NULL);
    }
    (void)snprintf(path.text, sizeof path.text, "%s/parts", dir);
    enum pt_err err = pt_folder_make(path.text, 0700, problem);
    for (unsigned i = 0; i < 256 && err == PT_OK; i++) {
        (void)snprintf(path.text, sizeof path.text, "%s/%02x", dir, i);
        err = pt_folder_make(path.text, 0700, problem);
    }
    if (err == PT_OK && (pt_parent_sync(path.text) != PT_OK || pt_parent_sync(dir) != PT_OK)) {
        return pt_problem_set(problem, PT_EIO, PT_MSG_FILE_WRITE, dir, strerror(errno), NULL);
    }
    return err;
}

enum pt_err pt_blobs_open(const char *dir, const struct pt_store_key *key, const struct pt_random *random,
                          struct pt_disk_reserve reserve, struct pt_blobs **out, struct pt_problem *problem)
{
    enum pt_err err = folders_make(dir, problem);
    if (err != PT_OK) {
        return err;
    }
    temporaries_remove(dir);
    struct pt_blobs *blobs = pt_zalloc(sizeof *blobs);
    char *own_dir = pt_strdup(dir);
    if (blobs == NULL || own_dir == NULL || !known_grow(&blobs->known)) {
        pt_free(blobs);
        pt_free(own_dir);
        return pt_problem_default(problem, PT_ENOMEM, dir);
    }
    blobs->dir = own_dir;
    blobs->key = key == NULL ? (struct pt_store_key){0} : *key;
    blobs->random = *random;
    blobs->reserve = reserve;
    (void)pthread_mutex_init(&blobs->known.mutex, NULL); /* never fails with these attributes */
    *out = blobs;
    return PT_OK;
}

void pt_blobs_close(struct pt_blobs *blobs)
{
    if (blobs != NULL) {
        (void)pthread_mutex_destroy(&blobs->known.mutex);
        pt_free(blobs->known.places);
        pt_free(blobs->dir);
        pt_free(blobs);
    }
}

static enum pt_err write_all(int fd, struct pt_bytes content)
{
    while (content.n > 0) {
        ssize_t n = write(fd, content.data, content.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return from_errno(errno);
        }
        content = pt_bytes_of(content.data + n, content.n - (size_t)n);
    }
    return PT_OK;
}

/* The temporary file lies in the parts folder, where the next start finds what a crash leaves. */
static enum pt_err file_put(struct pt_blobs *blobs, const char *path, struct pt_bytes content)
{
    struct path temporary;
    unsigned number = atomic_fetch_add(&blobs->next_temporary, 1);
    (void)snprintf(temporary.text, sizeof temporary.text, "%s/parts/new.%u", blobs->dir, number);
    int fd = open(temporary.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return from_errno(errno);
    }
    enum pt_err err = write_all(fd, content);
    if (err == PT_OK && fsync(fd) != 0) {
        err = from_errno(errno);
    }
    if (close(fd) != 0 && err == PT_OK) {
        err = from_errno(errno);
    }
    if (err == PT_OK && rename(temporary.text, path) != 0) {
        err = from_errno(errno);
    }
    if (err != PT_OK) {
        (void)unlink(temporary.text);
        return err;
    }
    return pt_parent_sync(path);
}

static enum pt_err file_get(const char *path, size_t n_max, struct pt_buf *out)
{
    enum pt_err err = pt_file_read(path, n_max, out, NULL);
    return err == PT_EINVALID ? PT_EDAMAGED : err; /* larger than anything we write */
}

static struct pt_place place_of(const struct pt_hash *hash)
{
    return (struct pt_place){.table = "blob", .key = pt_hash_bytes(hash)};
}

/* Opens sealed bytes and appends them. */
static enum pt_err open_into(struct pt_blobs *blobs, struct pt_place place, struct pt_bytes sealed, struct pt_buf *out)
{
    struct pt_bytes payload;
    uint8_t *room = blobs->key.present ? pt_alloc(sealed.n) : NULL;
    if (blobs->key.present && room == NULL) {
        return PT_ENOMEM;
    }
    enum pt_err err = pt_envelope_open(&blobs->key, place, sealed, room, &payload);
    if (err == PT_OK) {
        pt_buf_put_bytes(out, payload);
        err = out->err;
    }
    pt_free(room);
    return err;
}

enum pt_err pt_blobs_get(struct pt_blobs *blobs, const struct pt_hash *hash, struct pt_buf *out)
{
    struct pt_buf sealed = {0};
    struct pt_buf content = {0};
    struct path path = path_of(blobs, hash);
    enum pt_err err = file_get(path.text, PT_BLOB_BYTES_MAX + ENVELOPE_ROOM, &sealed);
    if (err == PT_OK) {
        err = open_into(blobs, place_of(hash), pt_buf_bytes(&sealed), &content);
    }
    if (err == PT_OK) {
        struct pt_hash found = pt_blob_hash(pt_buf_bytes(&content));
        err = pt_hash_eq(&found, hash) ? PT_OK : PT_EDAMAGED;
    }
    if (err == PT_OK) {
        pt_buf_put_bytes(out, pt_buf_bytes(&content));
        err = out->err;
    }
    pt_buf_free(&sealed);
    pt_buf_free(&content);
    return err;
}

enum pt_err pt_blobs_read(struct pt_blobs *blobs, const struct pt_hash *hash, uint32_t offset, uint32_t n,
                          struct pt_buf *out)
{
    struct pt_buf content = {0};
    enum pt_err err = pt_blobs_get(blobs, hash, &content);
    if (err == PT_OK && offset < content.n) {
        size_t left = content.n - offset;
        pt_buf_put(out, content.data + offset, n < left ? n : left);
        err = out->err;
    }
    pt_buf_free(&content);
    return err;
}

bool pt_blobs_has(struct pt_blobs *blobs, const struct pt_hash *hash)
{
    return pt_file_exists(path_of(blobs, hash).text);
}

bool pt_blobs_is_durable(struct pt_blobs *blobs, const struct pt_hash *hash)
{
    struct pt_buf content = {0};
    if (known_has(&blobs->known, hash)) {
        return pt_blobs_has(blobs, hash); /* whatever else goes on in this folder */
    }
    enum pt_err err = pt_blobs_get(blobs, hash, &content);
    pt_buf_free(&content);
    bool durable = err == PT_OK && pt_parent_sync(path_of(blobs, hash).text) == PT_OK;
    if (durable) {
        known_add(&blobs->known, hash);
    }
    return durable;
}

enum pt_err pt_blobs_remove(struct pt_blobs *blobs, const struct pt_hash *hash)
{
    struct path path = path_of(blobs, hash);
    if (unlink(path.text) != 0) {
        return from_errno(errno);
    }
    return pt_parent_sync(path.text);
}

/* True when the content is there and good. */
static enum pt_err is_kept(struct pt_blobs *blobs, const struct pt_hash *hash, bool *kept)
{
    struct pt_buf content = {0};
    enum pt_err err = pt_blobs_get(blobs, hash, &content);
    pt_buf_free(&content);
    *kept = err == PT_OK;
    return err == PT_ENOMEM || err == PT_EIO ? err : PT_OK;
}

enum pt_err pt_blobs_put(struct pt_blobs *blobs, struct pt_bytes content, struct pt_hash *hash)
{
    struct pt_buf sealed = {0};
    bool kept = false;
    if (content.n > PT_BLOB_BYTES_MAX) {
        return PT_ELIMIT;
    }
    struct pt_hash name = pt_blob_hash(content);
    enum pt_err err = is_kept(blobs, &name, &kept);
    if (err == PT_OK && !kept && !pt_disk_has_room(blobs->dir, blobs->reserve)) {
        err = PT_EFULL;
    }
    if (err == PT_OK && !kept) {
        err = pt_envelope_seal(&blobs->key, &blobs->random, place_of(&name), content, &sealed);
    }
    if (err == PT_OK && !kept) {
        err = file_put(blobs, path_of(blobs, &name).text, pt_buf_bytes(&sealed));
    } else if (err == PT_OK && !known_has(&blobs->known, &name)) {
        err = pt_parent_sync(path_of(blobs, &name).text); /* whoever put it there may have crashed before that */
    }
    pt_buf_free(&sealed);
    if (err == PT_OK) {
        known_add(&blobs->known, &name);
        *hash = name;
    }
    return err;
}

/* A part lies in an envelope of its own behind its length; its place is the claim and its offset. */
struct part_key {
    uint8_t b[PT_HASH_BYTES + 8];
};

static struct part_key part_key_of(const struct pt_blob_claim *claim, size_t offset)
{
    struct part_key key;
    memcpy(key.b, claim->hash.b, PT_HASH_BYTES);
    for (int i = 0; i < 4; i++) {
        key.b[PT_HASH_BYTES + i] = (uint8_t)(claim->size >> (24 - 8 * i));
        key.b[PT_HASH_BYTES + 4 + i] = (uint8_t)(offset >> (24 - 8 * i));
    }
    return key;
}

static struct pt_place part_place(const struct part_key *key)
{
    return (struct pt_place){.table = "part", .key = pt_bytes_of(key->b, sizeof key->b)};
}

static bool claim_fits(const struct pt_blob_claim *claim)
{
    return claim->size > 0 && claim->size <= PT_BLOB_BYTES_MAX;
}

/* All good parts, in order, into content; *file_bytes is where they end in the file. What a crash tore off or left
 * unwritten behind them is no error: it is asked for again. A claim of size 0 takes the size that the file says. */
static enum pt_err parts_load(struct pt_blobs *blobs, struct pt_blob_claim *claim, struct pt_buf *content,
                              size_t *file_bytes)
{
    struct pt_buf file = {0};
    *file_bytes = 0;
    enum pt_err err = file_get(parts_path_of(blobs, &claim->hash).text, PARTS_BYTES_MAX, &file);
    struct pt_reader reader = pt_reader_on(pt_buf_bytes(&file));
    uint32_t size = err == PT_OK ? pt_read_u32(&reader) : 0;
    claim->size = claim->size == 0 ? size : claim->size;
    if (reader.err != PT_OK || size != claim->size || !claim_fits(claim)) {
        reader.at = reader.end; /* nothing, or of another size: as if it were not there */
    } else {
        *file_bytes = SIZE_BYTES;
    }
    while (err == PT_OK && reader.at < reader.end) {
        struct pt_bytes sealed = pt_read_bytes(&reader, pt_read_u32(&reader));
        struct part_key key = part_key_of(claim, content->n);
        if (reader.err != PT_OK) {
            break;
        }
        err = open_into(blobs, part_place(&key), sealed, content);
        if (err == PT_OK) {
            *file_bytes = file.n - (size_t)(reader.end - reader.at);
        }
    }
    pt_buf_free(&file);
    return err == PT_ENOMEM || err == PT_EIO ? err : PT_OK;
}

/* The same for a size that somebody declares. */
static enum pt_err parts_of_claim(struct pt_blobs *blobs, const struct pt_blob_claim *claim, struct pt_buf *content,
                                  size_t *file_bytes)
{
    struct pt_blob_claim copy = *claim;
    return claim_fits(claim) ? parts_load(blobs, &copy, content, file_bytes) : PT_ELIMIT;
}

enum pt_err pt_blobs_arrived(struct pt_blobs *blobs, const struct pt_hash *hash, struct pt_blob_claim *claim,
                             uint32_t *offset)
{
    struct pt_buf content = {0};
    struct pt_blob_claim found = {.hash = *hash};
    size_t file_bytes;
    enum pt_err err = parts_load(blobs, &found, &content, &file_bytes);
    if (err == PT_OK) {
        *offset = (uint32_t)content.n;
        *claim = content.n > 0 ? found : *claim;
    }
    pt_buf_free(&content);
    return err;
}

static enum pt_err part_write(struct pt_blobs *blobs, const struct pt_blob_claim *claim, uint32_t offset,
                              struct pt_bytes part, size_t file_bytes)
{
    struct part_key key = part_key_of(claim, offset);
    struct pt_buf sealed = {0};
    struct pt_buf record = {0};
    if (file_bytes == 0) {
        pt_buf_put_u32(&record, claim->size);
    }
    if (!pt_disk_has_room(blobs->dir, blobs->reserve)) {
        pt_buf_free(&record);
        return PT_EFULL;
    }
    enum pt_err err = pt_envelope_seal(&blobs->key, &blobs->random, part_place(&key), part, &sealed);
    pt_buf_put_u32(&record, (uint32_t)sealed.n);
    pt_buf_put_bytes(&record, pt_buf_bytes(&sealed));
    pt_buf_free(&sealed);
    err = err == PT_OK ? record.err : err;
    if (err == PT_OK) {
        int fd = open(parts_path_of(blobs, &claim->hash).text, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        bool bad = fd < 0 || ftruncate(fd, (off_t)file_bytes) != 0 || lseek(fd, 0, SEEK_END) < 0;
        err = bad ? from_errno(errno) : write_all(fd, pt_buf_bytes(&record));
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    pt_buf_free(&record);
    return err;
}

enum pt_err pt_blobs_append(struct pt_blobs *blobs, const struct pt_blob_claim *claim, uint32_t offset,
                            struct pt_bytes part, uint32_t *arrived)
{
    struct pt_buf content = {0};
    size_t file_bytes;
    enum pt_err err = parts_of_claim(blobs, claim, &content, &file_bytes);
    uint32_t have = (uint32_t)content.n;
    pt_buf_free(&content);
    if (err != PT_OK) {
        return err;
    }
    if (offset > claim->size || part.n > claim->size - offset) {
        return PT_ELIMIT;
    }
    *arrived = have;
    if (offset > have) {
        return PT_EGAP;
    }
    if (offset + part.n <= have) {
        return PT_OK;
    }
    struct pt_bytes rest = pt_bytes_of(part.data + (have - offset), part.n - (have - offset));
    bool is_last = have + rest.n == claim->size;
    if (rest.n < PT_BLOB_PART_BYTES_MIN && !is_last) {
        return PT_ELIMIT;
    }
    err = part_write(blobs, claim, have, rest, file_bytes);
    if (err == PT_OK) {
        *arrived = have + (uint32_t)rest.n;
    }
    return err;
}

enum pt_err pt_blobs_finish(struct pt_blobs *blobs, const struct pt_blob_claim *claim)
{
    struct pt_buf content = {0};
    size_t file_bytes;
    struct pt_hash hash;
    enum pt_err err = parts_of_claim(blobs, claim, &content, &file_bytes);
    if (err == PT_OK && content.n < claim->size) {
        err = PT_EGAP;
    }
    if (err == PT_OK) {
        hash = pt_blob_hash(pt_buf_bytes(&content));
        err = pt_hash_eq(&hash, &claim->hash) ? PT_OK : PT_EMALFORMED;
    }
    if (err == PT_OK) {
        err = pt_blobs_put(blobs, pt_buf_bytes(&content), &hash);
    }
    if (err == PT_OK || err == PT_EMALFORMED) {
        (void)unlink(parts_path_of(blobs, &claim->hash).text); /* not there is as good */
    }
    pt_buf_free(&content);
    return err;
}
