/* rollup_manifest.c - manifest.json and national.json. Both are written by hand: keys in a fixed order, two spaces of
 * indent, so that the bytes are the same everywhere. */
#include "base/text.h"
#include "rollup/rollup_internal.h"

#include <stdio.h>
#include <string.h>

/* With quotes and escapes. */
static void put_json_text(struct pt_buf *out, const char *text)
{
    pt_buf_put_u8(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            pt_buf_printf(out, "\\%c", c);
        } else if (c < ' ') {
            pt_buf_printf(out, "\\u%04x", c);
        } else {
            pt_buf_put_u8(out, c);
        }
    }
    pt_buf_put_u8(out, '"');
}

static void put_text(struct pt_buf *out, const char *key, const char *text)
{
    pt_buf_printf(out, "  \"%s\": ", key);
    put_json_text(out, text);
    pt_buf_put_str(out, ",\n");
}

static void put_hex(struct pt_buf *out, struct pt_bytes bytes)
{
    pt_buf_put_str(out, "\"");
    pt_hex_put(out, bytes);
    pt_buf_put_str(out, "\"");
}

static void put_hash(struct pt_buf *out, const char *key, bool present, const struct pt_hash *hash)
{
    pt_buf_printf(out, "  \"%s\": ", key);
    put_hex(out, present ? pt_hash_bytes(hash) : (struct pt_bytes){0});
    pt_buf_put_str(out, ",\n");
}

static void put_version(const struct pt__rollup *r, struct pt_buf *out)
{
    char text[12];
    pt_buf_printf(out, "  \"version\": %s,\n", pt__version_text(r, "null", text));
}

/* Whether the instrument is the official one, and whether a weight or scale that is not took part in a score. */
static void put_standing(const struct pt__rollup *r, struct pt_buf *out)
{
    pt_buf_printf(out, "  \"official\": %s,\n", r->ins->settings.official ? "true" : "false");
    pt_buf_printf(out, "  \"placeholder_weights\": %s,\n", pt__has_placeholders(r) ? "true" : "false");
}

/* Figures of a set of institutions. */
struct totals {
    size_t n_institutions;
    size_t n_scored;   /* settled or open */
    size_t n_open;     /* the range still open */
    size_t n_imported; /* scored by publication */
    size_t expected, opened, submitted, approved, not_assessed, scored;
    int64_t sum; /* of scores as printed that are settled */
    size_t n_settled;
};

static struct totals total(const struct pt__rollup *r, const char *type)
{
    struct totals t = {0};
    for (size_t i = 0; i < r->n_institutions; i++) {
        const struct pt__institution *x = &r->institutions[i];
        if (type != NULL && strcmp(x->type, type) != 0) {
            continue;
        }
        t.n_institutions++;
        t.n_scored += x->has_score;
        t.n_open += x->has_score && !pt__institution_settled(x);
        t.n_imported += x->has_score && x->imported;
        t.expected += x->n_expected;
        t.opened += x->n_opened;
        t.submitted += x->n_submitted;
        t.approved += x->n_approved;
        t.not_assessed += x->n_not_assessed;
        t.scored += x->n_scored;
        if (pt__institution_settled(x)) { /* at most 2^63 / 10^11 institutions: no overflow before 92 million */
            t.sum += pt_score_round(x->low, r->ins->settings.decimals);
            t.n_settled++;
        }
    }
    return t;
}

static void put_zone_counts(const struct pt__rollup *r, const char *type, struct pt_buf *out)
{
    pt_buf_put_str(out, "\"zones\": {");
    for (size_t z = 0; z < r->ins->n_zones; z++) {
        size_t n = 0;
        for (size_t i = 0; i < r->n_institutions; i++) {
            const struct pt__institution *x = &r->institutions[i];
            bool meant = type == NULL || strcmp(x->type, type) == 0;
            n += meant && pt__zone(r, pt__institution_settled(x), x->low) == &r->ins->zones[z];
        }
        pt_buf_put_str(out, z == 0 ? "" : ", ");
        put_json_text(out, r->ins->zones[z].category);
        pt_buf_printf(out, ": %zu", n);
    }
    pt_buf_put_str(out, "}");
}

static void put_totals(const struct pt__rollup *r, const char *type, struct pt_buf *out)
{
    struct totals t = total(r, type);
    pt_buf_printf(out,
                  "{\"institutions\": %zu, \"scored\": %zu, \"imported\": %zu, \"settled\": %zu, \"open\": %zu, "
                  "\"mean_of_settled\": ",
                  t.n_institutions, t.n_scored, t.n_imported, t.n_settled, t.n_open);
    if (t.n_settled == 0) {
        pt_buf_put_str(out, "null");
    } else { /* half up, as figures are printed */
        int64_t n = (int64_t)t.n_settled;
        pt_score_put(out, t.sum / n + (t.sum % n * 2 >= n ? 1 : 0), r->ins->settings.decimals);
    }
    pt_buf_put_str(out, ", ");
    put_zone_counts(r, type, out);
    pt_buf_printf(out,
                  ", \"units\": {\"expected\": %zu, \"opened\": %zu, \"submitted\": %zu, \"approved\": %zu, "
                  "\"not_assessed\": %zu, \"scored\": %zu}}",
                  t.expected, t.opened, t.submitted, t.approved, t.not_assessed, t.scored);
}

void pt__put_national(const struct pt__rollup *r, struct pt_buf *out)
{
    const char *type;
    pt_buf_put_str(out, "{\n");
    put_text(out, "cycle", r->in->cycle);
    put_text(out, "title", r->ins->settings.form_title);
    put_text(out, "level", pt_level_name(r->in->level));
    put_text(out, "status", r->status);
    put_version(r, out);
    put_hash(out, "manifest_root", true, &r->root);
    put_standing(r, out);
    pt_buf_put_str(out, "  \"types\": {");
    for (size_t i = 0; (type = pt__type_at(r, i)) != NULL; i++) {
        pt_buf_put_str(out, i == 0 ? "\n    " : ",\n    ");
        put_json_text(out, type);
        pt_buf_put_str(out, ": ");
        put_totals(r, type, out);
    }
    pt_buf_put_str(out, "\n  },\n  \"all\": ");
    put_totals(r, NULL, out);
    pt_buf_put_str(out, "\n}\n");
}

static void put_result_hashes(const struct pt__rollup *r, struct pt_buf *out)
{
    pt_buf_put_str(out, "  \"results\": [");
    for (size_t i = 0; i < r->n_result_hashes; i++) {
        pt_buf_put_str(out, i == 0 ? "" : ", ");
        put_hex(out, pt_hash_bytes(&r->result_hashes[i]));
    }
    pt_buf_put_str(out, "],\n");
}

static void put_files(const struct pt__rollup *r, const struct pt_rollup_files *files, struct pt_buf *out)
{
    pt_buf_put_str(out, "  \"files\": {");
    for (size_t i = 0; i < files->n; i++) {
        const struct pt_rollup_file *file = &files->file[i];
        const struct pt__divided *divided = pt__divided_of(r, file->name);
        struct pt_hash hash =
            divided != NULL ? pt__divided_hash(divided) : pt_hash1(PT_CONTEXT_BLOB, pt_buf_bytes(&file->content));
        pt_buf_printf(out, "%s    \"%s\": ", i == 0 ? "\n" : ",\n", file->name);
        put_hex(out, pt_hash_bytes(&hash));
    }
    pt_buf_put_str(out, "\n  },\n");
}

/* Rows that are equal in this column are one part. After "files", where a name is looked for first. */
static void put_divided(const struct pt__rollup *r, const struct pt_rollup_files *files, struct pt_buf *out)
{
    const char *between = "\n";
    pt_buf_put_str(out, "  \"divided\": {");
    for (size_t i = 0; i < files->n; i++) {
        if (pt__divided_of(r, files->file[i].name) != NULL) {
            pt_buf_printf(out, "%s    \"%s\": \"unit\"", between, files->file[i].name);
            between = ",\n";
        }
    }
    pt_buf_put_str(out, "\n  }\n");
}

void pt__put_manifest(const struct pt__rollup *r, const struct pt_rollup_files *files, struct pt_buf *out)
{
    pt_buf_put_str(out, "{\n");
    put_text(out, "format", "patuh/1 manifest");
    put_text(out, "engine", PT_ENGINE_VERSION);
    put_text(out, "cycle", r->in->cycle);
    put_text(out, "level", pt_level_name(r->in->level));
    put_text(out, "status", r->status);
    put_version(r, out);
    put_standing(r, out);
    put_hash(out, "instrument", true, &r->instrument_hash);
    put_hash(out, "registry", r->has_registry, &r->registry_hash);
    put_result_hashes(r, out);
    put_hash(out, "pseudonyms", true, &r->salt_link);
    pt_buf_printf(out, "  \"leaves\": %zu,\n", r->n_leaves);
    put_hash(out, "root", true, &r->root);
    put_files(r, files, out);
    put_divided(r, files, out);
    pt_buf_put_str(out, "}\n");
}

enum pt_err pt__manifest_text(struct pt_bytes manifest, const char *key, char *out, size_t n)
{
    char needle[64];
    int n_needle = snprintf(needle, sizeof needle, "\"%s\": \"", key);
    if (n_needle < 0 || (size_t)n_needle >= sizeof needle || manifest.n == 0) {
        return PT_EMALFORMED;
    }
    const char *at = memmem(manifest.data, manifest.n, needle, strlen(needle));
    if (at == NULL) {
        return PT_EMALFORMED;
    }
    at += strlen(needle);
    const char *end = memchr(at, '"', manifest.n - (size_t)(at - (const char *)manifest.data));
    if (end == NULL || (size_t)(end - at) >= n) {
        return PT_EMALFORMED;
    }
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = '\0';
    return PT_OK;
}

enum pt_err pt__manifest_count(struct pt_bytes manifest, const char *key, uint32_t *out)
{
    char needle[64];
    int64_t value = 0;
    int n_needle = snprintf(needle, sizeof needle, "\"%s\": ", key);
    const char *at = n_needle < 0 || (size_t)n_needle >= sizeof needle || manifest.n == 0
                         ? NULL
                         : memmem(manifest.data, manifest.n, needle, strlen(needle));
    if (at == NULL) {
        return PT_EMALFORMED;
    }
    at += strlen(needle);
    size_t rest = manifest.n - (size_t)(at - (const char *)manifest.data);
    const char *end = memchr(at, ',', rest);
    if (end == NULL || pt_int_read(pt_bytes_of(at, (size_t)(end - at)), &value) != PT_OK || value < 0 ||
        value > UINT32_MAX) {
        return PT_EMALFORMED;
    }
    *out = (uint32_t)value;
    return PT_OK;
}
