/* Photos and documents: the content is a sealed file of the device, the log holds its hash. */
#include "client/evidence.h"

#include "client/action.h"
#include "core/merge/seen.h"
#include "core/wire/unpack.h"
#include "io/disk/files.h"

#include <stdio.h>
#include <string.h>

#define ID_HASH_BYTES 4 /* of the hash, in "path#1a2b3c4d" */

struct media {
    const char *type;
    size_t offset;
    const char *magic;
    size_t n;
};

#define IMAGE "image/"

/* What phones and scanners make; anything else goes as plain bytes. */
static const struct media known_media[] = {
    {"image/jpeg", 0, "\xff\xd8\xff", 3}, {"image/png", 0, "\x89PNG", 4},     {"image/webp", 8, "WEBP", 4},
    {"image/gif", 0, "GIF8", 4},          {"image/heic", 4, "ftyphe", 6}, /* heic, heix, heim, heis, hevc */
    {"image/heif", 4, "ftypmif1", 8},     {"application/pdf", 0, "%PDF-", 5},
};

static const char *media_type(struct pt_bytes content)
{
    for (size_t i = 0; i < sizeof known_media / sizeof known_media[0]; i++) {
        const struct media *m = &known_media[i];
        if (content.n >= m->offset + m->n && memcmp(content.data + m->offset, m->magic, m->n) == 0) {
            return m->type;
        }
    }
    return "application/octet-stream";
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

void pt_evidence_id(const char *path, const struct pt_hash *hash, char *out, size_t n)
{
    struct pt_buf hex = {0};
    pt_hex_put(&hex, pt_bytes_of(hash->b, ID_HASH_BYTES));
    (void)snprintf(out, n, "%s#%s", path, pt_buf_text(&hex));
    pt_buf_free(&hex);
}

const Patuh__Evidence *pt_evidence_detail(const struct pt_entry *entry, struct pt_arena *arena)
{
    ProtobufCMessage *message;
    enum pt_err err = pt_unpack(&patuh__evidence__descriptor, entry->detail, arena, &message);
    return err == PT_OK ? (const Patuh__Evidence *)message : NULL;
}

static bool is_at(const struct pt_remark *remark, uint32_t question, uint32_t instance)
{
    return remark->entry->question == question && remark->instance == instance;
}

static enum pt_err check_new(const struct pt_action *action, const struct pt_target *target, const char *file,
                             const char *type, const struct pt_hash *hash, struct pt_problem *problem)
{
    const struct pt_node *node = &action->work.instrument->nodes[target->node];
    if (!pt_node_is_question(node)) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_NOT_EVIDENCE, target->path, NULL);
    }
    if (node->type == PT_NODE_IMAGE && strncmp(type, IMAGE, strlen(IMAGE)) != 0) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_NOT_IMAGE, file, target->path, NULL);
    }
    const struct pt_assessment *state = &action->work.state;
    for (size_t i = 0; i < state->n_evidence; i++) {
        if (is_at(&state->evidence[i], node->number, target->instance) &&
            pt_hash_eq(&state->evidence[i].entry->hash, hash)) {
            return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_EVIDENCE_TWICE, file, target->path, NULL);
        }
    }
    return PT_OK;
}

static enum pt_err put_evidence(struct pt_action *action, const struct pt_target *target, const char *file,
                                struct pt_bytes content, const struct pt_hash *hash)
{
    char type[32];
    char name[PT_NAME_BYTES_MAX + 1];
    Patuh__Evidence detail = PATUH__EVIDENCE__INIT;
    (void)snprintf(type, sizeof type, "%s", media_type(content));
    (void)snprintf(name, sizeof name, "%s", base_name(file));
    detail.has_bytes = true;
    detail.bytes = (uint32_t)content.n;
    detail.media_type = type;
    detail.name = pt_utf8_ok(pt_bytes_str(name)) ? name : NULL;
    struct pt_entry entry = pt_action_entry(action, PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE, target);
    entry.hash = *hash;
    entry.detail = pt_action_pack(action, &detail.base);
    return entry.detail.data == NULL ? PT_ENOMEM : pt_action_put(action, &entry, NULL);
}

/* Nothing that never ends, and no more than an office takes. */
static enum pt_err read_file(const char *file, struct pt_buf *content, struct pt_problem *problem)
{
    if (pt_file_exists(file) && !pt_file_is_regular(file)) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_NOT_FILE, file, NULL);
    }
    enum pt_err err = pt_file_read(file, PT_BLOB_BYTES_MAX, content, problem);
    if (err == PT_EINVALID) {
        char limit[24];
        (void)snprintf(limit, sizeof limit, "%zu", (size_t)PT_BLOB_BYTES_MAX);
        return pt_problem_set(problem, err, PT_MSG_CLIENT_FILE_LARGE, file, limit, NULL);
    }
    if (err == PT_OK && content->n == 0) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_FILE_EMPTY, file, NULL);
    }
    return err;
}

static enum pt_err attach(struct pt_action *action, const char *path, const char *file, char *id,
                          struct pt_problem *problem)
{
    struct pt_target target;
    struct pt_buf content = {0};
    struct pt_hash hash;
    enum pt_err err = pt_action_target(action, path, &target, problem);
    if (err == PT_OK) {
        err = read_file(file, &content, problem);
    }
    if (err == PT_OK) {
        hash = pt_blob_hash(pt_buf_bytes(&content));
        err = check_new(action, &target, file, media_type(pt_buf_bytes(&content)), &hash, problem);
    }
    if (err == PT_OK) { /* the file first: an entry never names what is not there */
        err = pt_blobs_put(action->device->blobs, pt_buf_bytes(&content), &hash);
    }
    if (err == PT_OK) {
        err = put_evidence(action, &target, file, pt_buf_bytes(&content), &hash);
    }
    if (err == PT_OK && id != NULL) {
        pt_evidence_id(path, &hash, id, PATUH_PATH_BYTES + 9);
    }
    pt_buf_free(&content);
    return err;
}

enum patuh_result patuh_attach(struct patuh *device, const char *assessment, const char *path, const char *file,
                               char *id, struct patuh_problem *problem)
{
    struct pt_action action;
    struct pt_problem inner = {0};
    enum pt_err err = pt_action_begin(&action, device, assessment, &inner);
    if (err == PT_OK) {
        err = attach(&action, path, file, id, &inner);
    }
    err = pt_action_end(&action, err, false, &inner);
    return pt_device_tell(device, err, &inner, "attach", problem);
}

/* --- removing evidence and instances --- */

static enum pt_err remove_instance(struct pt_action *action, const char *path, struct pt_problem *problem)
{
    struct pt_target target;
    enum pt_err err = pt_action_target(action, path, &target, problem);
    if (err == PT_OK && action->work.instrument->nodes[target.node].type != PT_NODE_REPEAT) {
        err = pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_NOT_REMOVABLE, path, NULL);
    }
    if (err == PT_OK) {
        struct pt_entry entry = pt_action_entry(action, PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE, &target);
        struct pt_work *work = &action->work;
        err = pt_seen_instance(work->views, work->n_views, target.name, &action->head.log, &work->arena,
                               &entry.replaces, &entry.n_replaces);
        err = err == PT_OK ? pt_action_put(action, &entry, NULL) : err;
    }
    return err;
}

static enum pt_err remove_evidence(struct pt_action *action, const char *id, const char *mark,
                                   struct pt_problem *problem)
{
    struct pt_target target;
    uint8_t wanted[ID_HASH_BYTES];
    const char *path = pt_arena_strn(&action->work.arena, id, (size_t)(mark - id));
    enum pt_err err = path == NULL ? PT_ENOMEM : pt_action_target(action, path, &target, problem);
    if (err != PT_OK) {
        return err;
    }
    const struct pt_assessment *state = &action->work.state;
    uint32_t question = action->work.instrument->nodes[target.node].number;
    bool readable = pt_hex_read(pt_bytes_str(mark + 1), wanted, sizeof wanted) == PT_OK;
    for (size_t i = 0; readable && i < state->n_evidence; i++) {
        const struct pt_hash *hash = &state->evidence[i].entry->hash;
        if (is_at(&state->evidence[i], question, target.instance) && memcmp(hash->b, wanted, sizeof wanted) == 0) {
            struct pt_entry entry = pt_action_entry(action, PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE, &target);
            entry.hash = *hash;
            err = pt_seen_evidence(action->work.views, action->work.n_views, &entry, &action->head.log,
                                   &action->work.arena, &entry.replaces, &entry.n_replaces);
            return err == PT_OK ? pt_action_put(action, &entry, NULL) : err;
        }
    }
    return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_NO_EVIDENCE, id, NULL);
}

enum patuh_result patuh_remove(struct patuh *device, const char *assessment, const char *path,
                               struct patuh_problem *problem)
{
    struct pt_action action;
    struct pt_problem inner = {0};
    const char *mark = strchr(path, '#');
    enum pt_err err = pt_action_begin(&action, device, assessment, &inner);
    if (err == PT_OK) {
        err = mark == NULL ? remove_instance(&action, path, &inner) : remove_evidence(&action, path, mark, &inner);
    }
    err = pt_action_end(&action, err, false, &inner);
    return pt_device_tell(device, err, &inner, "remove", problem);
}
