/* chunk_body.c - entries as columns, and back. One function a direction walks the kinds' field table. */
#include "core/log/chunk.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"

#include <string.h>

/* The columns while they are built; sized for the worst case, so that filling cannot fail. */
struct columns {
    struct pt_arena arena;
    Patuh__Body body;
    Patuh__LogSeen *log_items;
    size_t n_refs;
    struct pt_buf hashes;
    uint32_t question_before;
};

static bool columns_alloc(struct columns *c, size_t n, size_t n_refs)
{
    Patuh__Body *b = &c->body;
    b->kind = pt_arena_zalloc(&c->arena, n, sizeof *b->kind);
    b->wall_s = pt_arena_zalloc(&c->arena, n, sizeof *b->wall_s);
    b->question = pt_arena_zalloc(&c->arena, n, sizeof *b->question);
    b->instance = pt_arena_zalloc(&c->arena, n, sizeof *b->instance);
    b->value_type = pt_arena_zalloc(&c->arena, n, sizeof *b->value_type);
    b->number = pt_arena_zalloc(&c->arena, n, sizeof *b->number);
    b->scale = pt_arena_zalloc(&c->arena, n, sizeof *b->scale);
    b->n_replaces = pt_arena_zalloc(&c->arena, n, sizeof *b->n_replaces);
    b->instances = pt_arena_zalloc(&c->arena, n, sizeof *b->instances);
    b->detail = pt_arena_zalloc(&c->arena, n, sizeof *b->detail);
    b->replaced_log = pt_arena_zalloc(&c->arena, n_refs, sizeof *b->replaced_log);
    b->replaced_seq = pt_arena_zalloc(&c->arena, n_refs, sizeof *b->replaced_seq);
    b->logs = pt_arena_zalloc(&c->arena, n_refs, sizeof(Patuh__LogSeen *));
    c->log_items = pt_arena_zalloc(&c->arena, n_refs, sizeof *c->log_items);
    return !c->arena.exhausted;
}

static uint32_t instance_index(Patuh__Body *b, const char *name)
{
    size_t n = strlen(name);
    if (n == 0) {
        return 0;
    }
    for (size_t i = 0; i < b->n_instances; i++) {
        if (b->instances[i].len == n && memcmp(b->instances[i].data, name, n) == 0) {
            return (uint32_t)i + 1;
        }
    }
    b->instances[b->n_instances++] = pt_binary(name, n);
    return (uint32_t)b->n_instances;
}

static uint32_t log_index(struct columns *c, const struct pt_entry_ref *ref)
{
    Patuh__Body *b = &c->body;
    for (size_t i = 0; i < b->n_logs; i++) {
        Patuh__LogSeen *log = b->logs[i];
        if (log->incarnation == ref->incarnation && memcmp(log->author.data, ref->author.b, PT_HASH_BYTES) == 0 &&
            memcmp(log->link.data, ref->link, sizeof ref->link) == 0) {
            log->seq = log->seq < ref->seq ? ref->seq : log->seq;
            return (uint32_t)i;
        }
    }
    Patuh__LogSeen *log = &c->log_items[b->n_logs];
    patuh__log_seen__init(log);
    log->has_author = log->has_incarnation = log->has_seq = log->has_link = true;
    log->author = pt_binary(ref->author.b, sizeof ref->author.b);
    log->incarnation = ref->incarnation;
    log->seq = ref->seq;
    log->link = pt_binary(ref->link, sizeof ref->link);
    b->logs[b->n_logs] = log;
    return (uint32_t)b->n_logs++;
}

static void put_value(struct columns *c, const struct pt_value *value)
{
    Patuh__Body *b = &c->body;
    b->value_type[b->n_value_type++] = (uint32_t)value->type;
    switch (value->type) {
    case PT_VALUE_NONE:
        break;
    case PT_VALUE_DECIMAL:
        b->scale[b->n_scale++] = value->number.scale;
        b->number[b->n_number++] = value->number.mantissa;
        break;
    case PT_VALUE_INTEGER:
        b->number[b->n_number++] = value->number.mantissa;
        break;
    case PT_VALUE_CHOICE:
    case PT_VALUE_CHOICES:
        b->number[b->n_number++] = (int64_t)value->choices;
        break;
    case PT_VALUE_TEXT:
        pt_buf_put(&c->hashes, value->text.b, sizeof value->text.b);
        break;
    }
}

/* A kind of a later version has one item in `detail` and none elsewhere (proto/chunk.proto), so that what stands beside
 * it is still read rightly. */
static unsigned fields_on_wire(Patuh__EntryKind kind)
{
    unsigned fields = pt_entry_fields(kind);
    return fields == 0 ? PT_FIELD_DETAIL : fields;
}

static void put_entry(struct columns *c, const struct pt_entry *entry, int64_t wall_base_s)
{
    Patuh__Body *b = &c->body;
    unsigned fields = fields_on_wire(entry->kind);
    int64_t wall = entry->wall_s - wall_base_s;
    b->kind[b->n_kind++] = (uint32_t)entry->kind;
    b->wall_s[b->n_wall_s++] = wall > INT32_MAX ? INT32_MAX : wall < INT32_MIN ? INT32_MIN : (int32_t)wall;
    if ((fields & PT_FIELD_QUESTION) != 0) {
        b->question[b->n_question++] = (int32_t)(entry->question - c->question_before);
        b->instance[b->n_instance++] = instance_index(b, entry->instance);
        c->question_before = entry->question;
    }
    if ((fields & PT_FIELD_VALUE) != 0) {
        put_value(c, &entry->value);
    }
    if ((fields & PT_FIELD_REPLACES) != 0) {
        b->n_replaces[b->n_n_replaces++] = (uint32_t)entry->n_replaces;
        for (size_t i = 0; i < entry->n_replaces; i++) {
            b->replaced_log[b->n_replaced_log++] = log_index(c, &entry->replaces[i]);
            b->replaced_seq[b->n_replaced_seq++] = entry->replaces[i].seq;
        }
    }
    if ((fields & PT_FIELD_HASH) != 0) {
        pt_buf_put(&c->hashes, entry->hash.b, sizeof entry->hash.b);
    }
    if ((fields & PT_FIELD_DETAIL) != 0) {
        b->detail[b->n_detail++] = pt_binary(entry->detail.data, entry->detail.n);
    }
}

/* Most answers replace nothing: a column of zeros only is left away. */
static void drop_empty_columns(Patuh__Body *b)
{
    if (b->n_replaced_log == 0) {
        b->n_n_replaces = 0;
    }
    if (b->n_instances == 0) {
        b->n_instance = 0;
    }
}

enum pt_err pt_body_encode(const struct pt_entry *entries, size_t n, int64_t wall_base_s, struct pt_buf *out)
{
    struct columns c = {0};
    size_t n_refs = 0;
    for (size_t i = 0; i < n; i++) {
        n_refs += entries[i].n_replaces;
    }
    pt_arena_init(&c.arena, SIZE_MAX);
    patuh__body__init(&c.body);
    enum pt_err err = columns_alloc(&c, n, n_refs) ? PT_OK : PT_ENOMEM;
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        put_entry(&c, &entries[i], wall_base_s);
        err = c.hashes.err;
    }
    if (err == PT_OK) {
        drop_empty_columns(&c.body);
        c.body.has_hashes = c.hashes.n > 0;
        c.body.hashes = pt_binary(c.hashes.data, c.hashes.n);
        struct pt_bytes packed;
        err = pt_pack(&c.body.base, &c.arena, &packed);
        if (err == PT_OK) {
            pt_buf_put_bytes(out, packed);
            err = out->err;
        }
    }
    pt_buf_free(&c.hashes);
    pt_arena_close(&c.arena);
    return err;
}

/* The columns while they are read: positions, and a sticky error. */
struct cursor {
    const Patuh__Body *body;
    struct pt_arena *arena;
    struct pt_reader hashes;
    size_t question, value, number, scale, replaces, replaced, detail;
    uint32_t question_before;
    const char **instances;
    enum pt_err err;
};

static void fail(struct cursor *c, enum pt_err err)
{
    c->err = c->err == PT_OK ? err : c->err;
}

static int64_t take_number(struct cursor *c)
{
    if (c->number >= c->body->n_number) {
        fail(c, PT_EMALFORMED);
        return 0;
    }
    return c->body->number[c->number++];
}

static void take_hash(struct cursor *c, struct pt_hash *out)
{
    pt_read_into(&c->hashes, out->b, sizeof out->b);
    if (c->hashes.err != PT_OK) {
        fail(c, PT_EMALFORMED);
    }
}

static uint64_t checked_choices(struct cursor *c, enum pt_value_type type)
{
    uint64_t choices = (uint64_t)take_number(c);
    if (type == PT_VALUE_CHOICE && (choices == 0 || choices > 64)) {
        fail(c, PT_EMALFORMED);
    }
    return choices;
}

static void take_decimal(struct cursor *c, struct pt_decimal *out)
{
    if (c->scale >= c->body->n_scale || c->body->scale[c->scale] > 9) {
        fail(c, PT_EMALFORMED);
        return;
    }
    out->scale = (uint8_t)c->body->scale[c->scale++];
    out->mantissa = take_number(c);
    if (out->scale > 0 && out->mantissa % 10 == 0) {
        fail(c, PT_EMALFORMED); /* not canonical: equal values must have equal bytes */
    }
}

static void take_value(struct cursor *c, struct pt_value *out)
{
    if (c->value >= c->body->n_value_type) {
        fail(c, PT_EMALFORMED);
        return;
    }
    uint32_t type = c->body->value_type[c->value++];
    out->type = (enum pt_value_type)type;
    switch (type) {
    case PT_VALUE_NONE:
        break;
    case PT_VALUE_DECIMAL:
        take_decimal(c, &out->number);
        break;
    case PT_VALUE_INTEGER:
        out->number.mantissa = take_number(c);
        break;
    case PT_VALUE_CHOICE:
    case PT_VALUE_CHOICES:
        out->choices = checked_choices(c, out->type);
        break;
    case PT_VALUE_TEXT:
        take_hash(c, &out->text);
        break;
    default:
        fail(c, PT_EMALFORMED);
    }
}

static void take_question(struct cursor *c, struct pt_entry *out)
{
    const Patuh__Body *b = c->body;
    if (c->question >= b->n_question) {
        fail(c, PT_EMALFORMED);
        return;
    }
    uint32_t index = b->n_instance == 0 ? 0 : b->instance[c->question];
    if ((b->n_instance != 0 && b->n_instance != b->n_question) || index > b->n_instances) {
        fail(c, PT_EMALFORMED);
        return;
    }
    out->question = c->question_before + (uint32_t)b->question[c->question++];
    c->question_before = out->question;
    out->instance = index == 0 ? "" : c->instances[index - 1];
}

static void take_ref(struct cursor *c, struct pt_entry_ref *out)
{
    const Patuh__Body *b = c->body;
    if (c->replaced >= b->n_replaced_log || c->replaced >= b->n_replaced_seq ||
        b->replaced_log[c->replaced] >= b->n_logs) {
        fail(c, PT_EMALFORMED);
        return;
    }
    const Patuh__LogSeen *log = b->logs[b->replaced_log[c->replaced]];
    if (log->author.len != PT_HASH_BYTES || log->link.len != PT_LINK_PREFIX_BYTES) {
        fail(c, PT_EMALFORMED);
        return;
    }
    memcpy(out->author.b, log->author.data, PT_HASH_BYTES);
    memcpy(out->link, log->link.data, PT_LINK_PREFIX_BYTES);
    out->incarnation = log->incarnation;
    out->seq = b->replaced_seq[c->replaced++];
}

static void take_replaces(struct cursor *c, struct pt_entry *out)
{
    const Patuh__Body *b = c->body;
    if (b->n_n_replaces == 0) {
        return;
    }
    if (c->replaces >= b->n_n_replaces || b->n_replaces[c->replaces] > PT_ENTRY_REPLACES_MAX) {
        fail(c, PT_EMALFORMED);
        return;
    }
    size_t n = b->n_replaces[c->replaces++];
    struct pt_entry_ref *refs = pt_arena_zalloc(c->arena, n, sizeof *refs);
    if (refs == NULL) {
        fail(c, pt_arena_err(c->arena));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        take_ref(c, &refs[i]);
    }
    out->replaces = refs;
    out->n_replaces = n;
}

static void take_entry(struct cursor *c, size_t i, int64_t wall_base_s, struct pt_entry *out)
{
    *out = pt_entry_of((Patuh__EntryKind)c->body->kind[i], wall_base_s + c->body->wall_s[i]);
    unsigned fields = fields_on_wire(out->kind);
    if ((fields & PT_FIELD_QUESTION) != 0) {
        take_question(c, out);
    }
    if ((fields & PT_FIELD_VALUE) != 0) {
        take_value(c, &out->value);
    }
    if ((fields & PT_FIELD_REPLACES) != 0) {
        take_replaces(c, out);
    }
    if ((fields & PT_FIELD_HASH) != 0) {
        take_hash(c, &out->hash);
    }
    if ((fields & PT_FIELD_DETAIL) != 0) {
        if (c->detail >= c->body->n_detail) {
            fail(c, PT_EMALFORMED);
            return;
        }
        const ProtobufCBinaryData *detail = &c->body->detail[c->detail++];
        out->detail = pt_bytes_of(detail->data, detail->len);
    }
}

static bool instance_ok(const ProtobufCBinaryData *name)
{
    if (name->len == 0 || name->len > PT_INSTANCE_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < name->len; i++) {
        char ch = (char)name->data[i];
        bool ok = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '.' || ch == '_' || ch == '-';
        if (!ok) {
            return false;
        }
    }
    return true;
}

static void take_instances(struct cursor *c)
{
    const Patuh__Body *b = c->body;
    c->instances = pt_arena_zalloc(c->arena, b->n_instances, sizeof *c->instances);
    for (size_t i = 0; i < b->n_instances && c->err == PT_OK; i++) {
        if (!instance_ok(&b->instances[i])) {
            fail(c, PT_EMALFORMED);
            return;
        }
        if (c->instances != NULL) {
            c->instances[i] = pt_arena_strn(c->arena, (const char *)b->instances[i].data, b->instances[i].len);
        }
    }
    if (c->arena->exhausted) {
        fail(c, pt_arena_err(c->arena));
    }
}

static bool all_used(const struct cursor *c)
{
    const Patuh__Body *b = c->body;
    return c->question == b->n_question && c->value == b->n_value_type && c->number == b->n_number &&
           c->scale == b->n_scale && c->replaces == b->n_n_replaces && c->replaced == b->n_replaced_log &&
           c->replaced == b->n_replaced_seq && c->detail == b->n_detail && pt_read_end(&c->hashes) == PT_OK;
}

enum pt_err pt_body_decode(struct pt_bytes body, size_t n, int64_t wall_base_s, struct pt_arena *arena,
                           struct pt_entry **entries)
{
    ProtobufCMessage *message;
    enum pt_err err = pt_unpack(&patuh__body__descriptor, body, arena, &message);
    if (err != PT_OK) {
        return err;
    }
    const Patuh__Body *b = (const Patuh__Body *)message;
    if (b->n_kind != n || b->n_wall_s != n) {
        return PT_EMALFORMED;
    }
    struct cursor c = {.body = b, .arena = arena, .hashes = pt_reader_on(pt_bytes_of(b->hashes.data, b->hashes.len))};
    take_instances(&c);
    struct pt_entry *list = pt_arena_zalloc(arena, n, sizeof *list);
    if (list == NULL) {
        fail(&c, pt_arena_err(arena));
    }
    for (size_t i = 0; list != NULL && i < n && c.err == PT_OK; i++) {
        take_entry(&c, i, wall_base_s, &list[i]);
    }
    if (c.err == PT_OK && !all_used(&c)) {
        return PT_EMALFORMED;
    }
    if (c.err == PT_OK) {
        *entries = list;
    }
    return c.err;
}
