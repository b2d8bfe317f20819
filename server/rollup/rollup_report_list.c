/* rollup_report_list.c - the list of institutions in report.html, each with its units folded under it. */
#include "rollup/rollup_internal.h"
#include "rollup/rollup_page.h"

#include <stdlib.h>
#include <string.h>

static void put(struct pt_buf *out, const char *html)
{
    pt_buf_put_str(out, html);
}

/* Lower case of ASCII letters is enough for the search, which lowers what is typed the same way. */
static void put_lower(struct pt_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        char c[2] = {*text, '\0'};
        if (c[0] >= 'A' && c[0] <= 'Z') {
            c[0] = (char)(c[0] - 'A' + 'a');
        }
        pt__page_text(out, c);
    }
}

struct shown_score {
    bool has_score;
    bool settled;
    int64_t low;
    int64_t high;
};

static void put_score(const struct pt__rollup *r, const struct shown_score *s, struct pt_buf *out)
{
    uint32_t decimals = r->ins->settings.decimals;
    if (!s->has_score) {
        put(out, "&ndash;");
        return;
    }
    pt_score_put(out, s->low, decimals);
    if (s->low != s->high) {
        put(out, "&ndash;");
        pt_score_put(out, s->high, decimals);
    }
}

static void put_zone(const struct pt__rollup *r, const struct shown_score *s, struct pt_buf *out)
{
    const struct pt_zone *zone = pt__zone(r, s->settled, s->low);
    if (zone == NULL) {
        pt__page_both(out, s->has_score ? "belum pasti" : "tanpa nilai", s->has_score ? "not settled" : "no score");
        return;
    }
    static const char *const colours[] = {"hijau", "kuning", "merah"};
    put(out, "<i class=\"dot\" style=\"background:");
    pt__page_text(out, zone->colour);
    put(out, "\"></i>");
    pt__page_text(out, zone->category);
    put(out, " ");
    pt__page_both(out, colours[zone->zone], pt_zone_name(zone->zone));
}

static void put_bar(const struct pt__rollup *r, const struct shown_score *s, struct pt_buf *out)
{
    const struct pt_zone *zone = pt__zone(r, s->settled, s->low);
    put(out, "<span class=\"bar\" aria-hidden=\"true\">");
    if (s->has_score && zone != NULL) {
        put(out, "<i style=\"width:");
        pt_score_put(out, s->low, 2);
        put(out, "%;background:");
        pt__page_text(out, zone->colour);
        put(out, "\"></i>");
    } else if (s->has_score) {
        put(out, "<i class=\"range\" style=\"left:");
        pt_score_put(out, s->low, 2);
        put(out, "%;width:");
        pt_score_put(out, s->high - s->low, 2);
        put(out, "%\"></i>");
    }
    put(out, "</span>");
}

static void put_unit_state(const struct pt__unit *unit, struct pt_buf *out)
{
    if (unit->imported) {
        pt__page_both(out, "hasil terbitan", "published");
    } else if (unit->not_assessed) {
        pt__page_both(out, unit->has_reason ? "tidak dinilai, alasannya di catatan" : "tidak dinilai, tanpa alasan",
                      unit->has_reason ? "not assessed, the reason is in the records"
                                       : "not assessed, without a reason");
    } else if (unit->n_conflicts > 0) {
        pt__page_both(out, "jawaban bertentangan", "conflicting answers");
    } else if (unit->n_pending > 0 && unit->counts) {
        pt__page_both(out, "ada yang menyusul", "later entries wait");
    } else if (!unit->counts) {
        pt__page_both(out, "belum sampai tingkat ini", "not at this level yet");
    }
}

static void put_unit(const struct pt__rollup *r, const struct pt__unit *unit, struct pt_buf *out)
{
    struct shown_score s = {unit->has_score, pt__unit_settled(unit), unit->low, unit->high};
    put(out, "<tr><td>");
    pt__page_text(out, unit->name);
    put(out, "</td><td class=\"n\">");
    put_score(r, &s, out);
    put(out, "</td><td>");
    if (unit->has_score) {
        put_zone(r, &s, out);
    }
    put(out, "</td><td>");
    put_unit_state(unit, out);
    put(out, "</td></tr>\n");
}

static void put_units(const struct pt__rollup *r, const struct pt__institution *x, const struct pt__unit *const *units,
                      size_t n, struct pt_buf *out)
{
    bool any = false;
    put(out, "<div class=\"units\">");
    if (x->imported) {
        put(out, "<p class=\"hint\">");
        pt__page_both(out, "Nilai dari terbitan, bukan dihitung dari catatan penilaian.",
                      "A published score, not computed from assessment records.");
        put(out, "</p>");
    }
    for (size_t i = 0; i < n; i++) {
        if (!pt__unit_shown(units[i])) {
            continue;
        }
        if (!any) {
            put(out, "<div class=\"scroll\"><table><tbody>\n");
        }
        any = true;
        put_unit(r, units[i], out);
    }
    put(out, any ? "</tbody></table></div></div>" : "</div>");
}

static void put_rank(const struct pt__institution *x, struct pt_buf *out)
{
    put(out, "<span class=\"rank\">");
    if (x->rank_low == 0) {
        put(out, "&ndash;");
    } else if (x->rank_low == x->rank_high) {
        pt_buf_printf(out, "%u", x->rank_low);
    } else {
        pt_buf_printf(out, "%u&ndash;%u", x->rank_low, x->rank_high);
    }
    put(out, "</span>");
}

static void put_attributes(const struct pt__institution *x, struct pt_buf *out)
{
    put(out, "<details class=\"inst\" data-s=\"");
    put_lower(out, x->name);
    put(out, " ");
    put_lower(out, x->code);
    put(out, "\" data-n=\"");
    put_lower(out, x->name);
    put(out, "\" data-c=\"");
    pt__page_text(out, x->code);
    put(out, "\" data-t=\"");
    pt__page_text(out, x->type);
    put(out, "\" data-v=\"");
    if (x->has_score) {
        pt_score_put(out, x->high, 4);
    }
    put(out, "\">");
}

static void put_institution(const struct pt__rollup *r, const struct pt__institution *x,
                            const struct pt__unit *const *units, size_t n, struct pt_buf *out)
{
    struct shown_score s = {x->has_score, pt__institution_settled(x), x->low, x->high};
    put_attributes(x, out);
    put(out, "<summary>");
    put_rank(x, out);
    put(out, "<span class=\"name\">");
    pt__page_text(out, x->name);
    put(out, "<small>");
    pt__page_both(out, pt__type_label(x->type, false), pt__type_label(x->type, true));
    put(out, " &middot; ");
    pt__page_text(out, x->code);
    if (x->n_expected > 0 && !x->imported) {
        pt_buf_printf(out, " &middot; %zu/%zu unit <span class=\"en\" lang=\"en\">units</span>", x->n_scored,
                      x->n_expected);
    }
    if (x->imported) {
        put(out, " &middot; hasil terbitan <span class=\"en\" lang=\"en\">imported</span>");
    }
    put(out, "</small></span>");
    put_bar(r, &s, out);
    put(out, "<span class=\"score\">");
    put_score(r, &s, out);
    put(out, "</span><span class=\"zone\">");
    put_zone(r, &s, out);
    put(out, "</span></summary>");
    put_units(r, x, units, n, out);
    put(out, "</details>\n");
}

static void put_tools(const struct pt__rollup *r, struct pt_buf *out)
{
    const char *type;
    put(out, "<div class=\"tools js\"><label>");
    pt__page_both(out, "Cari nama atau kode", "Search");
    put(out, "<input id=\"q\" type=\"search\" autocomplete=\"off\"></label><label>");
    pt__page_both(out, "Jenis", "Type");
    put(out, "<select id=\"t\"><option value=\"\">Semua / All</option>");
    for (size_t i = 0; (type = pt__type_at(r, i)) != NULL; i++) {
        put(out, "<option value=\"");
        pt__page_text(out, type);
        put(out, "\">");
        pt__page_text(out, pt__type_label(type, false));
        put(out, " / ");
        pt__page_text(out, pt__type_label(type, true));
        put(out, "</option>");
    }
    put(out, "</select></label><label>");
    pt__page_both(out, "Urutan", "Order");
    put(out,
        "<select id=\"s\"><option value=\"down\">Nilai tertinggi / Highest score</option><option value=\"up\">Nilai "
        "terendah / Lowest score</option><option value=\"name\">Nama / Name</option><option value=\"code\">Kode / "
        "Code</option></select></label></div>\n");
}

static int compare_shown(const void *a, const void *b)
{
    const struct pt__institution *const *x = a;
    const struct pt__institution *const *y = b;
    if ((*x)->has_score != (*y)->has_score) {
        return (*x)->has_score ? -1 : 1;
    }
    if ((*x)->has_score && (*x)->high != (*y)->high) {
        return (*x)->high > (*y)->high ? -1 : 1;
    }
    return strcmp((*x)->code, (*y)->code);
}

static int compare_parents(const void *a, const void *b)
{
    const struct pt__unit *const *x = a;
    const struct pt__unit *const *y = b;
    int order = strcmp((*x)->institution, (*y)->institution);
    return order != 0 ? order : strcmp((*x)->code, (*y)->code);
}

/* The units of an institution in the list that is sorted by institution. */
static const struct pt__unit *const *units_of(const struct pt__unit *const *units, size_t n_units, const char *code,
                                              size_t *n)
{
    size_t low = 0;
    size_t high = n_units;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool before = strcmp(units[middle]->institution, code) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    *n = 0;
    while (low + *n < n_units && strcmp(units[low + *n]->institution, code) == 0) {
        (*n)++;
    }
    return units + low;
}

static void put_all(const struct pt__rollup *r, const struct pt__institution **shown, const struct pt__unit **units,
                    struct pt_buf *out)
{
    size_t n_shown = 0;
    for (size_t i = 0; i < r->n_institutions; i++) {
        if (r->institutions[i].shown) {
            shown[n_shown++] = &r->institutions[i];
        }
    }
    for (size_t i = 0; i < r->n_units; i++) {
        units[i] = &r->units[i];
    }
    if (n_shown > 1) {
        qsort(shown, n_shown, sizeof *shown, compare_shown);
    }
    if (r->n_units > 1) {
        qsort(units, r->n_units, sizeof *units, compare_parents);
    }
    for (size_t i = 0; i < n_shown; i++) {
        size_t n;
        const struct pt__unit *const *some = units_of(units, r->n_units, shown[i]->code, &n);
        put_institution(r, shown[i], some, n, out);
    }
}

void pt__put_report_list(const struct pt__rollup *r, struct pt_buf *out)
{
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    const struct pt__institution **shown = pt_arena_zalloc(&arena, r->n_institutions, sizeof *shown);
    const struct pt__unit **units = pt_arena_zalloc(&arena, r->n_units, sizeof *units);
    put(out, "<section><h2>");
    pt__page_both(out, "Instansi", "Institutions");
    put(out, "</h2><p class=\"hint\">");
    pt__page_both(out, "Peringkat berlaku per jenis instansi.", "Ranks are per type.");
    put(out, "<span class=\"screen\"> ");
    pt__page_both(out, "Buka satu baris untuk melihat unitnya.", "Open a row to see its units.");
    put(out, "</span></p>\n");
    put_tools(r, out);
    put(out, "<div id=\"list\">\n");
    if (shown != NULL && units != NULL) {
        put_all(r, shown, units, out);
    } else {
        out->err = PT_ENOMEM;
    }
    put(out, "</div><p id=\"none\" class=\"hint\" hidden>");
    pt__page_both(out, "Tidak ada yang cocok.", "Nothing matches.");
    put(out, "</p></section>\n");
    pt_arena_close(&arena);
}
