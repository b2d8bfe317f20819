/* rollup_kept.c - what the cache keeps of one assessment, as bytes.
 *
 *     stretch = its unit (flags, state, counts, score, names that no registry gives, scores of products),
 *               its lines of inputs.csv, hash and length of its rows of tree.csv and of answers.csv, and these rows */
#include "rollup/rollup_internal.h"

#include <string.h>

enum flag {
    OPENED = 1,
    COUNTS = 2,
    NOT_ASSESSED = 4,
    PLACEHOLDER = 8,
    EXACT = 16,
    HAS_SCORE = 32,
    FOREIGN = 64,
    MAY_LACK = 128,
    HAS_REASON = 256
};

static void put_text(struct pt_buf *out, const char *text)
{
    pt_buf_put_u32(out, (uint32_t)strlen(text));
    pt_buf_put_str(out, text);
}

static void put_products(const struct pt__unit *unit, struct pt_buf *out)
{
    pt_buf_put_u32(out, (uint32_t)unit->n_product_scores);
    for (size_t i = 0; i < unit->n_product_scores; i++) {
        const struct pt_product_score *product = &unit->products[i];
        pt_buf_put_u32(out, product->instance);
        pt_buf_put_u8(out, (uint8_t)((product->has_score ? HAS_SCORE : 0) | (product->exact ? EXACT : 0) |
                                     (product->may_lack ? MAY_LACK : 0)));
        pt_buf_put_u64(out, (uint64_t)product->low);
        pt_buf_put_u64(out, (uint64_t)product->high);
    }
}

static unsigned flags_of(const struct pt__unit *unit)
{
    return (unit->opened ? OPENED : 0) | (unit->counts ? COUNTS : 0) | (unit->not_assessed ? NOT_ASSESSED : 0) |
           (unit->placeholder ? PLACEHOLDER : 0) | (unit->exact ? EXACT : 0) | (unit->has_score ? HAS_SCORE : 0) |
           (unit->foreign ? FOREIGN : 0) | (unit->may_lack ? MAY_LACK : 0) | (unit->has_reason ? HAS_REASON : 0);
}

static void put_part(const struct pt__part *part, struct pt_buf *out)
{
    pt_buf_put_bytes(out, pt_hash_bytes(&part->hash));
    pt_buf_put_u32(out, (uint32_t)part->bytes.n);
}

void pt__kept_put(const struct pt__rollup *r, const struct pt__unit *unit, const struct pt__kept *kept,
                  struct pt_buf *out)
{
    size_t n_inputs = r->inputs.n - kept->inputs_at;
    pt_buf_put_u32(out, flags_of(unit));
    pt_buf_put_u8(out, (uint8_t)unit->state);
    pt_buf_put_u64(out, unit->n_conflicts);
    pt_buf_put_u64(out, unit->n_missing);
    pt_buf_put_u64(out, unit->n_pending);
    pt_buf_put_u64(out, unit->n_ineffective);
    pt_buf_put_u64(out, (uint64_t)unit->low);
    pt_buf_put_u64(out, (uint64_t)unit->high);
    put_text(out, unit->expected ? "" : unit->name);
    put_text(out, unit->expected ? "" : unit->type);
    pt_buf_put_u32(out, unit->n_to_come);
    put_products(unit, out);
    pt_buf_put_u32(out, (uint32_t)n_inputs);
    pt_buf_put(out, r->inputs.data + kept->inputs_at, n_inputs);
    put_part(&kept->tree, out);
    put_part(&kept->answers, out);
}

static const char *read_text(struct pt__rollup *r, struct pt_reader *reader, const char *instead)
{
    struct pt_bytes text = pt_read_bytes(reader, pt_read_u32(reader));
    return text.n == 0 ? instead : pt_arena_strn(&r->keep, (const char *)text.data, text.n);
}

static enum pt_err read_products(struct pt__rollup *r, struct pt_reader *reader, struct pt__unit *unit)
{
    size_t n = pt_read_u32(reader);
    if (n == 0 || n > (size_t)(reader->end - reader->at)) { /* a product takes more than a byte */
        return reader->err;
    }
    struct pt_product_score *products = pt_arena_zalloc(&r->keep, n, sizeof *products);
    if (products == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        products[i].instance = pt_read_u32(reader);
        unsigned flags = pt_read_u8(reader);
        products[i].has_score = (flags & HAS_SCORE) != 0;
        products[i].exact = (flags & EXACT) != 0;
        products[i].may_lack = (flags & MAY_LACK) != 0;
        products[i].low = (int64_t)pt_read_u64(reader);
        products[i].high = (int64_t)pt_read_u64(reader);
    }
    unit->products = products;
    unit->n_product_scores = n;
    return reader->err;
}

static void set_flags(struct pt__unit *unit, unsigned flags)
{
    unit->opened = (flags & OPENED) != 0;
    unit->counts = (flags & COUNTS) != 0;
    unit->not_assessed = (flags & NOT_ASSESSED) != 0;
    unit->placeholder = (flags & PLACEHOLDER) != 0;
    unit->exact = (flags & EXACT) != 0;
    unit->has_score = (flags & HAS_SCORE) != 0;
    unit->foreign = (flags & FOREIGN) != 0;
    unit->may_lack = (flags & MAY_LACK) != 0;
    unit->has_reason = (flags & HAS_REASON) != 0;
}

static void read_part(struct pt_reader *reader, struct pt__part *out)
{
    pt_read_into(reader, out->hash.b, sizeof out->hash.b);
    out->bytes.n = pt_read_u32(reader);
}

/* Everything before it is given to anyone: the old unit of this code is changed at the end only. */
static enum pt_err read_stretch(struct pt__rollup *r, struct pt_reader *reader, struct pt__unit *unit,
                                struct pt_bytes *inputs, struct pt__kept *rows)
{
    set_flags(unit, pt_read_u32(reader));
    unit->state = (Patuh__State)pt_read_u8(reader);
    unit->n_conflicts = pt_read_u64(reader);
    unit->n_missing = pt_read_u64(reader);
    unit->n_pending = pt_read_u64(reader);
    unit->n_ineffective = pt_read_u64(reader);
    unit->low = (int64_t)pt_read_u64(reader);
    unit->high = (int64_t)pt_read_u64(reader);
    unit->name = read_text(r, reader, unit->name);
    unit->type = read_text(r, reader, unit->type);
    unit->n_to_come = pt_read_u32(reader);
    enum pt_err err = read_products(r, reader, unit);
    *inputs = pt_read_bytes(reader, pt_read_u32(reader));
    read_part(reader, &rows->tree);
    read_part(reader, &rows->answers);
    rows->tree.bytes = pt_read_bytes(reader, rows->tree.bytes.n);
    rows->answers.bytes = pt_read_bytes(reader, rows->answers.bytes.n);
    if (err == PT_ENOMEM || unit->name == NULL || unit->type == NULL) {
        return PT_ENOMEM;
    }
    return pt_read_end(reader);
}

enum pt_err pt__kept_take(struct pt__rollup *r, const struct pt_subject *subject, const struct pt_hash *inputs,
                          struct pt_bytes stretch)
{
    struct pt_reader reader = pt_reader_on(stretch);
    char code[PT_SUBJECT_BYTES_MAX + 1];
    struct pt_bytes lines;
    struct pt__kept rows = {0};
    pt_subject_unit(subject, code);
    struct pt__unit *unit = pt__rollup_unit(r, code);
    if (unit == NULL) {
        return PT_ENOMEM;
    }
    struct pt__unit taken = *unit;
    taken.has_logs = true;
    taken.subject = *subject;
    taken.inputs = *inputs;
    enum pt_err err = read_stretch(r, &reader, &taken, &lines, &rows);
    if (err != PT_OK) {
        return err;
    }
    *unit = taken;
    pt_buf_put_bytes(&r->inputs, lines);
    err = pt__part_add(&r->tree, &rows.tree);
    return err == PT_OK ? pt__part_add(&r->answers, &rows.answers) : err;
}
