/* rollup_report.c - report.html: what a regent, a reviewer or a journalist reads first. */
#include "base/text.h"
#include "rollup/rollup_internal.h"
#include "rollup/rollup_page.h"

#include <stdio.h>
#include <string.h>

#define OPEN_COLOUR "#c4ccd4" /* a score that is not settled has no zone */

static void put(struct pt_buf *out, const char *html)
{
    pt_buf_put_str(out, html);
}

static bool is_imported(const struct pt__rollup *r)
{
    return strcmp(r->status, "imported") == 0;
}

static void put_status(const struct pt__rollup *r, struct pt_buf *out)
{
    const char *status = r->status;
    put(out, "<li>");
    if (strcmp(status, "published") == 0) {
        pt__page_both(out, "Sudah ditetapkan", "published");
        char version[12];
        pt_buf_printf(out, " (versi <span lang=\"en\">/ version</span> %s)", pt__version_text(r, "", version));
    } else if (strcmp(status, "imported") == 0) {
        pt__page_both(out, "Hasil terbitan yang diimpor", "imported published results");
    } else {
        pt__page_both(out, "Sementara, belum ditetapkan", "interim, not fixed");
    }
    put(out, "</li>");
}

static void put_level(const struct pt__rollup *r, struct pt_buf *out)
{
    static const char *const levels[][2] = {{"pekerjaan", "work"},
                                            {"Tingkat: sudah diserahkan", "level: submitted"},
                                            {"Tingkat: disetujui perwakilan", "level: approved by region"},
                                            {"Tingkat: disetujui pusat", "level: approved by head office"},
                                            {"Tingkat: ditetapkan", "level: fixed"}};
    put(out, "<li>");
    pt__page_both(out, levels[r->in->level][0], levels[r->in->level][1]);
    put(out, "</li>");
}

static void put_header(const struct pt__rollup *r, struct pt_buf *out)
{
    put(out, "<header><div><p class=\"eyebrow\">Siklus ");
    pt__page_text(out, r->in->cycle);
    put(out, " &middot; <span lang=\"en\">Cycle ");
    pt__page_text(out, r->in->cycle);
    put(out, "</span></p>\n<h1>");
    pt__page_text(out, r->ins->settings.form_title);
    put(out, "<span class=\"en\" lang=\"en\">Results of the assessment of public services</span></h1>\n<ul "
             "class=\"tags\">");
    put_status(r, out);
    if (!is_imported(r)) {
        put_level(r, out);
    }
    put(out, "</ul></div></header>\n<main>\n");
}

static void put_notices(const struct pt__rollup *r, struct pt_buf *out)
{
    if (r->ins->settings.official && !pt__has_placeholders(r)) {
        return;
    }
    put(out, "<div class=\"notice\" role=\"note\">");
    if (!r->ins->settings.official) {
        put(out,
            "<p><strong>Bukan instrumen resmi.</strong> Angka di halaman ini bukan hasil resmi. <span class=\"en\" "
            "lang=\"en\"><strong>Not the official instrument.</strong> These figures are not an official "
            "result.</span></p>");
    }
    if (pt__has_placeholders(r)) {
        put(out, "<p>");
        pt__page_both(out, "Sebagian bobot bersifat sementara (dibagi rata) karena bobot resminya tidak diumumkan.",
                      "Some weights are placeholders (an equal split), since the official ones are not public.");
        put(out, "</p>");
    }
    if (r->ins->settings.note[0] != '\0') {
        put(out, "<p>");
        pt__page_note(out, r->ins->settings.note);
        put(out, "</p>");
    }
    put(out, "</div>\n");
}

/* Figures of one type, or of all (NULL). */
struct figures {
    size_t assessed; /* institutions with a score: settled, or open */
    size_t settled;
    size_t open;     /* a range still */
    size_t imported; /* of those assessed: published ones */
    size_t expected, scored, not_assessed;
    int64_t sum; /* of settled ones, as printed */
};

static struct figures figures_of(const struct pt__rollup *r, const char *type)
{
    struct figures f = {0};
    for (size_t i = 0; i < r->n_institutions; i++) {
        const struct pt__institution *x = &r->institutions[i];
        if (type != NULL && strcmp(type, x->type) != 0) {
            continue;
        }
        bool settled = pt__institution_settled(x);
        f.assessed += x->has_score;
        f.open += x->has_score && !settled;
        f.imported += x->has_score && x->imported;
        f.expected += x->n_expected;
        f.scored += x->n_scored;
        f.not_assessed += x->n_not_assessed;
        f.settled += settled;
        f.sum += settled ? pt_score_round(x->low, r->ins->settings.decimals) : 0;
    }
    return f;
}

static void put_mean(const struct pt__rollup *r, const struct figures *f, struct pt_buf *out)
{
    if (f->settled == 0) {
        put(out, "&ndash;");
        return;
    }
    int64_t n = (int64_t)f->settled;
    pt_score_put(out, f->sum / n + (f->sum % n * 2 >= n ? 1 : 0), r->ins->settings.decimals);
}

/* "48 + 1": settled ones, and those that have a range; "48" when none has. */
static void put_assessed(const struct figures *f, struct pt_buf *out)
{
    pt_buf_printf(out, "%zu", f->settled);
    if (f->open > 0) {
        pt_buf_printf(out, " <small>+ %zu</small>", f->open);
    }
}

static void put_card_of_institutions(const struct figures *f, struct pt_buf *out)
{
    bool open = f->open > 0;
    put(out, "<div class=\"card\"><b>");
    put_assessed(f, out);
    put(out, "</b><span>");
    pt__page_both(out, open ? "instansi bernilai pasti + masih berupa rentang" : "instansi bernilai",
                  open ? "institutions with a settled score + with a range" : "institutions with a score");
    put(out, "</span></div>");
}

/* Reasons themselves stay in the records, where a text can be erased. */
static void put_reasons(const struct pt__rollup *r, size_t n_not_assessed, struct pt_buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_units; i++) {
        n += r->units[i].has_reason;
    }
    if (n_not_assessed > 0) {
        pt_buf_printf(out,
                      " %zu dengan alasan di catatannya <span class=\"en\" lang=\"en\">%zu with a reason in "
                      "the records</span>",
                      n, n);
    }
}

static void put_cards(const struct pt__rollup *r, struct pt_buf *out)
{
    struct figures f = figures_of(r, NULL);
    bool imported = is_imported(r);
    put(out, "<div class=\"cards\">");
    put_card_of_institutions(&f, out);
    put(out, "<div class=\"card\"><b>");
    put_mean(r, &f, out);
    put(out, "</b><span>");
    pt__page_both(out, f.open > 0 ? "rata-rata instansi bernilai pasti" : "rata-rata instansi",
                  f.open > 0 ? "mean of institutions with a settled score" : "mean of institutions");
    pt_buf_printf(out, "</span></div><div class=\"card\"><b>%zu", f.scored);
    if (!imported) {
        pt_buf_printf(out, " <small>/ %zu</small>", f.expected);
    }
    put(out, "</b><span>");
    pt__page_both(out, imported ? "unit layanan bernilai" : "unit layanan bernilai / terdaftar",
                  imported ? "units with a score" : "units with a score / registered");
    pt_buf_printf(out, "</span></div><div class=\"card\"><b>%zu</b><span>", imported ? f.open : f.not_assessed);
    if (imported) {
        pt__page_both(out, "nilai belum pasti", "scores not settled");
    } else {
        pt__page_both(out, "unit tidak dinilai", "units not assessed");
        put_reasons(r, f.not_assessed, out);
    }
    put(out, "</span></div></div>\n");
}

static size_t in_zone(const struct pt__rollup *r, const char *type, const struct pt_zone *zone)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_institutions; i++) {
        const struct pt__institution *x = &r->institutions[i];
        bool meant = x->has_score && (type == NULL || strcmp(type, x->type) == 0);
        n += meant && pt__zone(r, pt__institution_settled(x), x->low) == zone;
    }
    return n;
}

static void put_dot(const char *colour, struct pt_buf *out)
{
    put(out, "<i class=\"dot\" style=\"background:");
    pt__page_text(out, colour);
    put(out, "\"></i>");
}

static void put_stack(const struct pt__rollup *r, const char *type, struct pt_buf *out)
{
    put(out, "<div class=\"stack\" aria-hidden=\"true\">");
    for (size_t z = 0; z <= r->ins->n_zones; z++) {
        const struct pt_zone *zone = z < r->ins->n_zones ? &r->ins->zones[z] : NULL;
        size_t n = in_zone(r, type, zone);
        if (n > 0) {
            pt_buf_printf(out, "<i style=\"flex:%zu;background:", n);
            pt__page_text(out, zone == NULL ? OPEN_COLOUR : zone->colour);
            put(out, "\"></i>");
        }
    }
    put(out, "</div><div class=\"counts\">");
    for (size_t z = 0; z <= r->ins->n_zones; z++) {
        const struct pt_zone *zone = z < r->ins->n_zones ? &r->ins->zones[z] : NULL;
        size_t n = in_zone(r, type, zone);
        if (n > 0) {
            put(out, "<span>");
            put_dot(zone == NULL ? OPEN_COLOUR : zone->colour, out);
            if (zone == NULL) {
                pt__page_both(out, "belum pasti", "not settled");
            } else {
                pt__page_text(out, zone->category);
            }
            pt_buf_printf(out, " %zu</span>", n);
        }
    }
    put(out, "</div>");
}

static void put_national_row(const struct pt__rollup *r, const char *type, struct pt_buf *out)
{
    struct figures f = figures_of(r, type);
    put(out, type == NULL ? "<tr class=\"total\"><td class=\"t\">" : "<tr><td class=\"t\">");
    pt__page_both(out, type == NULL ? "Semua" : pt__type_label(type, false),
                  type == NULL ? "All" : pt__type_label(type, true));
    put(out, "</td><td class=\"n\" data-l=\"Bernilai pasti + rentang / Settled + range\">");
    put_assessed(&f, out);
    put(out, "</td><td class=\"n\" data-l=\"Rata-rata yang pasti / Mean of settled\">");
    put_mean(r, &f, out);
    if (is_imported(r)) { /* published results name few units: a share of the registry would say nothing */
        pt_buf_printf(out, "</td><td class=\"n\" data-l=\"Unit bernilai / Scored units\">%zu</td><td class=\"z\">",
                      f.scored);
    } else {
        pt_buf_printf(out,
                      "</td><td class=\"n\" data-l=\"Unit bernilai dari terdaftar / Scored of registered units\">%zu / "
                      "%zu</td><td class=\"z\">",
                      f.scored, f.expected);
    }
    put_stack(r, type, out);
    put(out, "</td></tr>\n");
}

static void put_legend(const struct pt__rollup *r, struct pt_buf *out)
{
    put(out, "<ul class=\"legend\">");
    for (size_t z = 0; z < r->ins->n_zones; z++) {
        const struct pt_zone *zone = &r->ins->zones[z];
        put(out, "<li>");
        put_dot(zone->colour, out);
        put(out, "<strong>");
        pt__page_text(out, zone->category);
        put(out, "</strong> ");
        pt__page_both(out, zone->label.id, zone->label.en);
        put(out, "</li>");
    }
    put(out, "</ul>\n");
}

/* In a cycle that has both, nobody may take the published ones for assessed ones. */
static void put_imported(const struct pt__rollup *r, struct pt_buf *out)
{
    struct figures f = figures_of(r, NULL);
    if (f.imported > 0 && !is_imported(r)) {
        pt_buf_printf(out,
                      "<p class=\"hint\">%zu dari %zu instansi adalah hasil terbitan yang diimpor. <span class=\"en\" "
                      "lang=\"en\">%zu of %zu institutions are imported published results.</span></p>\n",
                      f.imported, f.assessed, f.imported, f.assessed);
    }
}

static void put_national(const struct pt__rollup *r, struct pt_buf *out)
{
    const char *type;
    put(out, "<section><h2>");
    pt__page_both(out, "Ringkasan nasional", "National summary");
    put(out, "</h2>\n");
    put_imported(r, out);
    put_legend(r, out);
    put(out, "<table class=\"national\"><thead><tr><th>");
    pt__page_both(out, "Jenis instansi", "Type");
    put(out, "</th><th class=\"n\">");
    pt__page_both(out, "Pasti + rentang", "Settled + range");
    put(out, "</th><th class=\"n\">");
    pt__page_both(out, "Rata-rata yang pasti", "Mean of settled");
    put(out, "</th><th class=\"n\">");
    pt__page_both(out, "Unit", "Units");
    put(out, "</th><th>");
    pt__page_both(out, "Instansi per kategori", "Institutions by category");
    put(out, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; (type = pt__type_at(r, i)) != NULL; i++) {
        if (figures_of(r, type).assessed > 0 || figures_of(r, type).not_assessed > 0) {
            put_national_row(r, type, out);
        }
    }
    put_national_row(r, NULL, out);
    put(out, "</tbody></table></section>\n");
}

static void put_comparison_row(const struct pt__rollup *r, const struct pt__institution *x, struct pt_buf *out)
{
    uint32_t decimals = r->ins->settings.decimals;
    const struct pt_zone *ours = pt__zone(r, true, x->computed);
    const struct pt_result *theirs = pt__published(r, x->code);
    put(out, "<tr><td>");
    pt__page_text(out, x->name);
    put(out, "</td><td class=\"n\">");
    pt_score_put(out, x->computed, decimals);
    pt_buf_printf(out, " %s</td><td class=\"n\">", ours == NULL ? "" : ours->category);
    pt_score_put(out, x->published, decimals);
    put(out, " ");
    pt__page_text(out, theirs == NULL ? "" : theirs->category);
    put(out, "</td></tr>\n");
}

static bool differs(const struct pt__rollup *r, const struct pt__institution *x)
{
    uint32_t decimals = r->ins->settings.decimals;
    return pt_score_round(x->computed, decimals) != pt_score_round(x->published, decimals);
}

/* What the published figures rest on that was not published. */
static void put_comparison_notes(const struct pt__rollup *r, struct pt_buf *out)
{
    for (size_t i = 0; i < r->n_institutions; i++) {
        const struct pt__institution *x = &r->institutions[i];
        const char *note = x->has_published && x->has_computed ? pt__published_note(r, x->code) : "";
        if (note[0] != '\0') {
            put(out, "<p class=\"hint\">");
            pt__page_text(out, x->name);
            put(out, ": ");
            pt__page_note(out, note);
            put(out, "</p>\n");
        }
    }
}

static void put_comparison(const struct pt__rollup *r, struct pt_buf *out)
{
    size_t n = 0;
    size_t n_different = 0;
    for (size_t i = 0; i < r->n_institutions; i++) {
        const struct pt__institution *x = &r->institutions[i];
        n += x->has_published && x->has_computed;
        n_different += x->has_published && x->has_computed && differs(r, x);
    }
    if (n == 0) {
        return;
    }
    put(out, "<section><h2>");
    pt__page_both(out, "Hitungan dan hasil terbitan", "Computed beside published");
    pt_buf_printf(out, "</h2><p class=\"hint\">%zu dari %zu sama. <span lang=\"en\">%zu of %zu agree.</span></p>\n",
                  n - n_different, n, n - n_different, n);
    put_comparison_notes(r, out);
    if (n_different > 0) {
        put(out, "<div class=\"scroll\"><table><thead><tr><th>");
        pt__page_both(out, "Berbeda", "Differs");
        put(out, "</th><th class=\"n\">");
        pt__page_both(out, "Hitungan", "Computed");
        put(out, "</th><th class=\"n\">");
        pt__page_both(out, "Terbitan", "Published");
        put(out, "</th></tr></thead><tbody>\n");
        for (size_t i = 0; i < r->n_institutions; i++) {
            const struct pt__institution *x = &r->institutions[i];
            if (x->has_published && x->has_computed && differs(r, x)) {
                put_comparison_row(r, x, out);
            }
        }
        put(out, "</tbody></table></div>");
    }
    put(out, "</section>\n");
}

static void put_footer(const struct pt__rollup *r, struct pt_buf *out)
{
    put(out, "</main>\n<footer><div><p>");
    pt__page_both(out, "Akar manifes (sidik seluruh catatan yang dihitung):",
                  "Manifest root (fingerprint of all records counted):");
    put(out, "<br><code>");
    pt_hex_put(out, pt_hash_bytes(&r->root));
    put(out, "</code></p><p>");
    pt__page_both(out, "Siapa pun yang memegang catatannya dapat menghitung ulang halaman ini dengan patuhd verify.",
                  "Whoever holds the records can recompute this page with patuhd verify.");
    put(out, "</p></div></footer>\n");
}

void pt__put_report(const struct pt__rollup *r, struct pt_buf *out)
{
    pt__page_begin(out, r->ins->settings.form_title);
    put_header(r, out);
    put_notices(r, out);
    put_cards(r, out);
    put_national(r, out);
    put_comparison(r, out);
    pt__put_report_list(r, out);
    put_footer(r, out);
    pt__page_end(out);
}
