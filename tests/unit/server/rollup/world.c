#include "world.h"

#include "core/table/registry.h"
#include "core/wire/pack.h"
#include "io/disk/files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *const small_survey = "type,name,label,weight,weights,placeholder\n"
                                        "begin_group,input,Masukan,60,normalise,\n"
                                        "select_one level,desk,Loket,1,,\n"
                                        "select_one level,sign,Papan,1,,yes\n"
                                        "end_group,,,,,\n"
                                        "select_one level,staff,Petugas,40,,\n"
                                        "text,remark,Catatan,,,\n";
static const char *const small_choices = "list_name,name,label,score\n"
                                         "level,l0,Nol,0\nlevel,l1,Satu,1\nlevel,l2,Dua,2\nlevel,l3,Tiga,3\n"
                                         "level,l4,Empat,4\n";
static const char *const small_settings =
    "form_id,form_title,version,cycle,institution_rule,product_repeat,carry_unit,carry_institution,decimals,missing,"
    "inapplicable,weights,utc_offset,official\n"
    "kecil,Instrumen uji,1,2023,mean_of_units,,as_printed,as_printed,2,zero,exclude,sum100,+07:00,no\n";
static const char *const small_zones = "lower,lower_exclusive,zone,category,label_id,label_en,colour\n"
                                       "88.00,no,green,A,Zona hijau,Green zone,#1a9850\n"
                                       "54.00,no,yellow,C,Zona kuning,Yellow zone,#f9c80e\n"
                                       "0.00,no,red,E,Zona merah,Red zone,#d73027\n";
static const char *const offices = "code,name,upper\npusat,Kantor pusat,\n62,Selatan,pusat\n63,Utara,pusat\n";
static const char *const institutions = "code,name,type,province_code,office,same_as\n"
                                        "62.01,Kabupaten Satu,regency,,62,\n62.02,Kabupaten Dua,regency,,62,\n"
                                        "62.01-polres,Polres Satu,police_resort,,62,\n"
                                        "63.01,\"Kabupaten <Tiga> & \"\"Empat\"\"\",regency,,63,\n";
static const char *const units = "code,institution_code,name,type\n"
                                 "62.01/dinkes,62.01,Dinas Kesehatan,health\n"
                                 "62.01/dinsos,62.01,Dinas Sosial,social\n"
                                 "62.01/disdukcapil,62.01,Disdukcapil,civil_registry\n"
                                 "62.02/dinkes,62.02,Dinas Kesehatan,health\n"
                                 "62.02/dinsos,62.02,Dinas Sosial,social\n"
                                 "62.02/disdukcapil,62.02,Disdukcapil,civil_registry\n"
                                 "62.01-polres/polres,62.01-polres,Polres Satu,police\n"
                                 "63.01/dinkes,63.01,Dinas Kesehatan,health\n";
static const char *const products = "code,unit_code,name\n62.01/dinkes/izin,62.01/dinkes,Izin klinik\n";

static struct pt_bytes pack(struct world *w, const ProtobufCMessage *message)
{
    struct pt_bytes packed;
    cr_assert_eq(pt_pack(message, &w->arena, &packed), PT_OK);
    return packed;
}

static char *text_of(struct world *w, const char *text)
{
    char *copy = pt_arena_str(&w->arena, text);
    cr_assert_not_null(copy);
    return copy;
}

static ProtobufCBinaryData binary(struct world *w, const void *data, size_t n)
{
    struct pt_bytes copy = pt_arena_dup(&w->arena, pt_bytes_of(data, n));
    return pt_binary(copy.data, copy.n);
}

static void write_entry(struct world *w, enum world_author by, const struct pt_subject *subject,
                        const struct pt_entry *entry)
{
    struct pt_author_pen pen = world_pen(w, by);
    struct pt_txn *txn;
    struct pt_arena arena;
    pen.instrument = pt_subject_kind(subject) == PT_SUBJECT_ASSESSMENT ? &w->instrument : NULL;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_write(w->store, &txn), PT_OK);
    cr_assert_eq(pt_pen_write(txn, &pen, subject, entry, 1, &arena), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_arena_close(&arena);
}

static struct pt_subject subject_of(enum pt_subject_kind kind, const char *name)
{
    struct pt_subject subject;
    cr_assert_eq(pt_subject_make(kind, name, &subject), PT_OK, "%s", name);
    return subject;
}

static struct pt_subject assessment_of(const struct world *w, const char *unit)
{
    char name[PT_SUBJECT_BYTES_MAX];
    (void)snprintf(name, sizeof name, "%s/%s", w->cycle, unit);
    return subject_of(PT_SUBJECT_ASSESSMENT, name);
}

static void name_office(struct world *w, enum world_author who, const char *code, const char *name)
{
    Patuh__Office office = PATUH__OFFICE__INIT;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_OFFICE, 0);
    struct pt_subject subject = subject_of(PT_SUBJECT_OFFICE, "pusat");
    office.code = text_of(w, code);
    office.name = text_of(w, name);
    office.has_public_key = office.has_transport_key = office.has_generation = true;
    office.public_key = office.transport_key = binary(w, w->pairs[who].public_key, PT_KEY_BYTES);
    entry.detail = pack(w, &office.base);
    write_entry(w, WORLD_ROOT, &subject, &entry);
}

void world_name_member(struct world *w, enum world_author office, enum world_author who, const char *name,
                       Patuh__Role role)
{
    Patuh__Member member = PATUH__MEMBER__INIT;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MEMBER, 0);
    struct pt_subject subject = subject_of(PT_SUBJECT_OFFICE, office == WORLD_ROOT ? "pusat" : "62");
    member.has_public_key = member.has_transport_key = member.has_role = true;
    member.public_key = member.transport_key = binary(w, w->pairs[who].public_key, PT_KEY_BYTES);
    member.role = role;
    member.name = text_of(w, name);
    entry.detail = pack(w, &member.base);
    write_entry(w, office, &subject, &entry);
}

void world_name_device(struct world *w, enum world_author who, const char *name)
{
    world_name_member(w, WORLD_SOUTH, who, name, PATUH__ROLE__ROLE_DEVICE);
}

void world_open(struct world *w, const char *cycle)
{
    struct pt_random random = pt_random_system();
    *w = (struct world){.cycle = cycle};
    cr_assert_eq(pt_crypto_init(), PT_OK);
    pt_arena_init(&w->arena, SIZE_MAX);
    cr_assert_eq(pt_store_mem_create(NULL, &random, &w->store), PT_OK);
    for (size_t i = 0; i < WORLD_AUTHORS; i++) {
        uint8_t seed[PT_KEY_BYTES] = {(uint8_t)(i + 1)};
        pt_keypair_from_seed(seed, &w->pairs[i]);
    }
    name_office(w, WORLD_ROOT, "pusat", "Kantor pusat");
    name_office(w, WORLD_SOUTH, "62", "Selatan");
    name_office(w, WORLD_NORTH, "63", "Utara");
    world_name_device(w, WORLD_ANA, "ana");
    world_name_device(w, WORLD_BUDI, "budi");
}

void world_close(struct world *w)
{
    for (size_t i = 0; i < w->n_blobs; i++) {
        pt_buf_free(&w->blobs[i]);
    }
    pt_store_close(w->store);
    pt_arena_close(&w->arena);
}

void world_load(struct world *w, Patuh__EntryKind kind, struct pt_bytes content, const char *title)
{
    Patuh__Loaded loaded = PATUH__LOADED__INIT;
    struct pt_entry entry = pt_entry_of(kind, 0);
    struct pt_subject subject = subject_of(PT_SUBJECT_CYCLE, w->cycle);
    cr_assert_lt(w->n_blobs, WORLD_BLOBS_MAX);
    pt_buf_put_bytes(&w->blobs[w->n_blobs], content);
    entry.hash = w->blob_hashes[w->n_blobs] = pt_hash1(PT_CONTEXT_BLOB, content);
    w->n_blobs++;
    loaded.title = text_of(w, title);
    entry.detail = pack(w, &loaded.base);
    write_entry(w, WORLD_ROOT, &subject, &entry);
    bool instrument = kind == PATUH__ENTRY_KIND__ENTRY_INSTRUMENT;
    w->instrument = instrument ? entry.hash : w->instrument;
    w->instrument_blob = instrument ? w->n_blobs - 1 : w->instrument_blob;
}

static void compile_and_load(struct world *w, const struct pt_sheets *sheets)
{
    struct pt_buf compiled = {0};
    struct pt_buf said = {0};
    struct pt_problem problem = {0};
    enum pt_err err = pt_instrument_compile(sheets, &compiled, &problem);
    pt_problem_put(&said, &problem);
    cr_assert_eq(err, PT_OK, "%s", pt_buf_text(&said));
    world_load(w, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, pt_buf_bytes(&compiled), "instrument");
    pt_buf_free(&compiled);
    pt_buf_free(&said);
}

static void put_replaced(struct pt_buf *out, const char *text, const char *old, const char *replacement)
{
    const char *at = strstr(text, old);
    cr_assert_not_null(at, "%s", old);
    pt_buf_put(out, text, (size_t)(at - text));
    pt_buf_put_str(out, replacement);
    pt_buf_put_str(out, at + strlen(old));
}

void world_load_small(struct world *w)
{
    world_load_small_with(w, "", "");
}

void world_load_survey(struct world *w, const char *survey)
{
    struct pt_buf settings = {0};
    const char *cycle = strstr(small_settings, ",2023,"); /* practice cycles use the same sheets */
    struct pt_sheets sheets = {.choices = pt_bytes_str(small_choices)};
    sheets.survey = pt_bytes_str(survey);
    pt_buf_put(&settings, small_settings, (size_t)(cycle - small_settings));
    pt_buf_printf(&settings, ",%s,%s", w->cycle, cycle + strlen(",2023,"));
    sheets.settings = pt_buf_bytes(&settings);
    sheets.zones = pt_bytes_str(small_zones);
    compile_and_load(w, &sheets);
    pt_buf_free(&settings);
}

void world_load_small_with(struct world *w, const char *old, const char *replacement)
{
    struct pt_buf survey = {0};
    put_replaced(&survey, small_survey, old, replacement);
    world_load_survey(w, pt_buf_text(&survey));
    pt_buf_free(&survey);
}

void world_read(const char *name, struct pt_buf *out)
{
    char path[1024];
    struct pt_problem problem = {0};
    (void)snprintf(path, sizeof path, "%s/%s", PATUH_SOURCE_DIR, name);
    cr_assert_eq(pt_file_read(path, PT_REGISTRY_BYTES_MAX, out, &problem), PT_OK, "%s", path);
}

void world_load_cycle(struct world *w, const char *year)
{
    static const char *const names[] = {"settings", "zones", "survey", "choices"};
    struct pt_buf sheets[4] = {0};
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        char path[1024];
        (void)snprintf(name, sizeof name, "deploy/cycles/%s/%s.csv", year, names[i]);
        (void)snprintf(path, sizeof path, "%s/%s", PATUH_SOURCE_DIR, name);
        if (i < 2 || pt_file_exists(path)) {
            world_read(name, &sheets[i]);
        }
    }
    compile_and_load(w, &(struct pt_sheets){.settings = pt_buf_bytes(&sheets[0]),
                                            .zones = pt_buf_bytes(&sheets[1]),
                                            .survey = pt_buf_bytes(&sheets[2]),
                                            .choices = pt_buf_bytes(&sheets[3])});
    for (size_t i = 0; i < 4; i++) {
        pt_buf_free(&sheets[i]);
    }
}

void world_load_registry(struct world *w)
{
    world_load_registry_of(w, "62");
}

void world_load_registry_of(struct world *w, const char *office)
{
    struct pt_buf table = {0};
    struct pt_buf blob = {0};
    char row[64];
    (void)snprintf(row, sizeof row, "police_resort,,%s,", office);
    put_replaced(&table, institutions, "police_resort,,62,", row);
    struct pt_registry_files files = {pt_bytes_str(offices), pt_buf_bytes(&table), pt_bytes_str(units),
                                      pt_bytes_str(products)};
    cr_assert_eq(pt_registry_pack(&files, &blob, NULL), PT_OK);
    world_load(w, PATUH__ENTRY_KIND__ENTRY_REGISTRY, pt_buf_bytes(&blob), "registry");
    pt_buf_free(&blob);
    pt_buf_free(&table);
}

void world_put(struct world *w, enum world_author by, const char *unit, const struct pt_entry *entry)
{
    struct pt_subject subject = assessment_of(w, unit);
    write_entry(w, by, &subject, entry);
}

void world_assign(struct world *w, enum world_author by, const char *unit, const char *surveyor)
{
    Patuh__Assignment assignment = PATUH__ASSIGNMENT__INIT;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ASSIGN, 0);
    assignment.surveyor = text_of(w, surveyor);
    entry.detail = pack(w, &assignment.base);
    world_put(w, by, unit, &entry);
}

void world_open_unit(struct world *w, enum world_author by, const char *unit, const char *office, const char *surveyor)
{
    Patuh__Opening opening = PATUH__OPENING__INIT;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_OPEN, 0);
    opening.unit_name = text_of(w, "Unit");
    opening.unit_type = text_of(w, "health");
    opening.office = text_of(w, office);
    entry.detail = pack(w, &opening.base);
    world_put(w, by, unit, &entry);
    world_assign(w, by, unit, surveyor);
}

static void open_instrument(struct world *w, struct pt_arena *arena, struct pt_instrument *out)
{
    pt_arena_init(arena, SIZE_MAX);
    cr_assert_eq(pt_instrument_open(pt_buf_bytes(&w->blobs[w->instrument_blob]), arena, out), PT_OK);
}

void world_add(struct world *w, enum world_author by, const char *unit, const char *repeat, char *out)
{
    struct pt_arena arena;
    struct pt_instrument instrument;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE, 0);
    Patuh__Instance instance = PATUH__INSTANCE__INIT;
    struct pt_txn *txn;
    struct pt_head head;
    struct pt_log_id log = {.subject = assessment_of(w, unit), .incarnation = 1000 + (uint64_t)by};
    open_instrument(w, &arena, &instrument);
    uint32_t node = pt_node_find(&instrument, pt_bytes_str(repeat));
    cr_assert_neq(node, PT_NONE);
    entry.question = instrument.nodes[node].number;
    entry.instance = "";
    entry.detail = pack(w, &instance.base);
    world_put(w, by, unit, &entry);
    log.author = pt_author_of(w->pairs[by].public_key);
    cr_assert_eq(pt_store_begin_read(w->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_find(txn, &log, &head), PT_OK);
    pt_store_abort(txn);
    pt_entry_instance_name(&log, head.seq, out);
    pt_arena_close(&arena);
}

void world_answer(struct world *w, enum world_author by, const char *unit, const char *path, const char *value)
{
    struct pt_arena arena;
    struct pt_instrument instrument;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, 0);
    char instance[PT_INSTANCE_BYTES_MAX + 1];
    uint32_t node;
    open_instrument(w, &arena, &instrument);
    cr_assert_eq(pt_path_read(&instrument, path, &node, instance, NULL), PT_OK, "%s", path);
    cr_assert_eq(pt_value_read(&instrument, node, value, &entry.value, NULL), PT_OK, "%s", path);
    entry.question = instrument.nodes[node].number;
    entry.instance = instance;
    world_put(w, by, unit, &entry);
    pt_arena_close(&arena);
}

void world_move(struct world *w, enum world_author by, const char *unit, Patuh__State to)
{
    struct pt_subject subject = assessment_of(w, unit);
    struct pt_author author = pt_author_of(w->pairs[by].public_key);
    struct pt_txn *txn;
    struct pt_head *heads;
    size_t n;
    Patuh__Move move = PATUH__MOVE__INIT;
    Patuh__LogSeen seen[WORLD_AUTHORS];
    Patuh__LogSeen *cut[WORLD_AUTHORS];
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, 0);
    cr_assert_eq(pt_store_begin_read(w->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_list(txn, &subject, &w->arena, &heads, &n), PT_OK);
    pt_store_abort(txn);
    for (size_t i = 0; i < n; i++) {
        if (pt_author_eq(&heads[i].log.author, &author)) {
            continue;
        }
        patuh__log_seen__init(&seen[move.n_cut]);
        seen[move.n_cut].has_author = seen[move.n_cut].has_incarnation = true;
        seen[move.n_cut].has_seq = seen[move.n_cut].has_link = true;
        seen[move.n_cut].author = binary(w, heads[i].log.author.b, PT_HASH_BYTES);
        seen[move.n_cut].incarnation = heads[i].log.incarnation;
        seen[move.n_cut].seq = heads[i].seq;
        seen[move.n_cut].link = binary(w, heads[i].link.b, PT_HASH_BYTES);
        cut[move.n_cut] = &seen[move.n_cut];
        move.n_cut++;
    }
    move.cut = cut;
    move.has_to = true;
    move.to = to;
    entry.detail = pack(w, &move.base);
    world_put(w, by, unit, &entry);
}

struct pt_head world_head(struct world *w, enum world_author author, const char *unit)
{
    struct pt_log_id id = {.subject = assessment_of(w, unit), .incarnation = 1000 + (uint64_t)author};
    struct pt_head head;
    struct pt_txn *txn;
    id.author = pt_author_of(w->pairs[author].public_key);
    cr_assert_eq(pt_store_begin_read(w->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_find(txn, &id, &head), PT_OK);
    pt_store_abort(txn);
    return head;
}

void world_let_stand(struct world *w, enum world_author by, enum world_author author, const char *unit,
                     const struct pt_chunk_end *end)
{
    static const char *const codes[] = {[WORLD_ROOT] = "pusat", [WORLD_SOUTH] = "62", [WORLD_NORTH] = "63"};
    struct pt_head head = world_head(w, author, unit);
    struct pt_subject subject = subject_of(PT_SUBJECT_OFFICE, codes[by]);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_STAND, 0);
    Patuh__Stand stand = PATUH__STAND__INIT;
    stand.has_subject = stand.has_author = stand.has_incarnation = stand.has_seq = stand.has_link = true;
    stand.subject = binary(w, head.log.subject.text, strlen(head.log.subject.text));
    stand.author = binary(w, head.log.author.b, sizeof head.log.author.b);
    stand.incarnation = head.log.incarnation;
    stand.seq = end->seq;
    stand.link = binary(w, end->link.b, sizeof end->link.b);
    entry.detail = pack(w, &stand.base);
    write_entry(w, by, &subject, &entry);
}

/* Every entry of the other logs on the register, as the decision saw it. */
static size_t all_claims(struct world *w, const char *unit, const struct pt_entry *on, struct pt_entry_ref *out)
{
    struct pt_subject subject = assessment_of(w, unit);
    struct pt_txn *txn;
    struct pt_view *views;
    size_t n_views;
    size_t n = 0;
    cr_assert_eq(pt_store_begin_read(w->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_views(txn, &subject, 0, false, &w->arena, &views, &n_views), PT_OK);
    pt_store_abort(txn);
    for (size_t v = 0; v < n_views; v++) {
        for (size_t i = 0; i < views[v].n_entries; i++) {
            const struct pt_entry *entry = &views[v].entries[i];
            if (entry->kind != PATUH__ENTRY_KIND__ENTRY_ANSWER || entry->question != on->question) {
                continue;
            }
            cr_assert_lt(n, PT_ENTRY_REPLACES_MAX);
            out[n] = (struct pt_entry_ref){.author = views[v].log.author, .seq = i + 1};
            out[n].incarnation = views[v].log.incarnation;
            memcpy(out[n++].link, pt_view_chunk_of(&views[v], i + 1)->link.b, PT_LINK_PREFIX_BYTES);
        }
    }
    return n;
}

void world_decide(struct world *w, enum world_author by, const char *unit, const char *path, const char *value)
{
    struct pt_arena arena;
    struct pt_instrument instrument;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_DECIDE, 0);
    struct pt_entry_ref refs[PT_ENTRY_REPLACES_MAX];
    Patuh__Decision decision = PATUH__DECISION__INIT;
    char instance[PT_INSTANCE_BYTES_MAX + 1];
    uint32_t node;
    open_instrument(w, &arena, &instrument);
    cr_assert_eq(pt_path_read(&instrument, path, &node, instance, NULL), PT_OK, "%s", path);
    cr_assert_eq(pt_value_read(&instrument, node, value, &entry.value, NULL), PT_OK, "%s", path);
    entry.question = instrument.nodes[node].number;
    entry.instance = instance;
    entry.detail = pack(w, &decision.base);
    entry.n_replaces = all_claims(w, unit, &entry, refs);
    entry.replaces = refs;
    world_put(w, by, unit, &entry);
    pt_arena_close(&arena);
}

static void answer_levels(struct world *w, enum world_author by, const char *unit, const char *levels)
{
    static const char *const questions[] = {"desk", "sign", "staff"};
    for (size_t i = 0; i < 3; i++) {
        char value[] = {'l', levels[i], '\0'};
        world_answer(w, by, unit, questions[i], value);
    }
}

void world_assess(struct world *w, const char *unit, const char *levels)
{
    world_open_unit(w, WORLD_SOUTH, unit, "62", "ana");
    answer_levels(w, WORLD_ANA, unit, levels);
    world_move(w, WORLD_ANA, unit, PATUH__STATE__STATE_SUBMITTED);
    world_move(w, WORLD_SOUTH, unit, PATUH__STATE__STATE_APPROVED_REGION);
}

void world_fill(struct world *w)
{
    world_load_small(w);
    world_load_registry(w);
    world_assess(w, "62.01/dinkes", "423");
    world_assess(w, "62.01/dinsos", "101");
    world_open_unit(w, WORLD_SOUTH, "62.01/disdukcapil", "62", "ana");
    world_move(w, WORLD_ANA, "62.01/disdukcapil", PATUH__STATE__STATE_NOT_ASSESSED);
    world_move(w, WORLD_SOUTH, "62.01/disdukcapil", PATUH__STATE__STATE_NOT_ASSESSED);
    world_assess(w, "62.02/dinsos", "222");
    world_assess(w, "62.01-polres/polres", "444");
    /* Two assistants who did not know of each other's answer. */
    world_open_unit(w, WORLD_SOUTH, "62.02/dinkes", "62", "ana");
    world_assign(w, WORLD_SOUTH, "62.02/dinkes", "budi");
    answer_levels(w, WORLD_ANA, "62.02/dinkes", "444");
    world_answer(w, WORLD_BUDI, "62.02/dinkes", "staff", "l0");
    world_move(w, WORLD_ANA, "62.02/dinkes", PATUH__STATE__STATE_SUBMITTED);
    world_move(w, WORLD_SOUTH, "62.02/dinkes", PATUH__STATE__STATE_APPROVED_REGION);
    /* Late: written after the approval, so it waits. */
    world_answer(w, WORLD_ANA, "62.01/dinkes", "desk", "l0");
    /* An office that is not in charge, a second assessment: both count nowhere. */
    world_open_unit(w, WORLD_NORTH, "62.02/disdukcapil", "63", "ana");
    world_assess(w, "62.01/dinkes~2", "000");
}

static enum pt_err find_blob(void *data, const struct pt_hash *hash, struct pt_buf *out)
{
    const struct world *w = data;
    for (size_t i = 0; i < w->n_blobs; i++) {
        if (pt_hash_eq(&w->blob_hashes[i], hash)) {
            pt_buf_put_bytes(out, pt_buf_bytes(&w->blobs[i]));
            return out->err;
        }
    }
    return PT_ENOTFOUND;
}

struct pt_rollup_input world_input(struct world *w, enum pt_level level)
{
    struct pt_rollup_input input = {.store = w->store, .office = &w->pairs[WORLD_ROOT], .cycle = w->cycle};
    input.root = pt_author_of(w->pairs[WORLD_ROOT].public_key);
    input.level = level;
    input.blob = find_blob;
    input.blob_data = w;
    return input;
}

void world_rollup(struct world *w, enum pt_level level, struct pt_rollup_files *files)
{
    struct pt_rollup_input input = world_input(w, level);
    struct pt_problem problem = {0};
    struct pt_buf said = {0};
    enum pt_err err = pt_rollup_build(&input, files, &problem);
    pt_problem_put(&said, &problem);
    cr_assert_eq(err, PT_OK, "%s %s", pt_err_name(err), pt_buf_text(&said));
    pt_buf_free(&said);
}

void world_revoke(struct world *w, enum world_author who)
{
    Patuh__Revocation revocation = PATUH__REVOCATION__INIT;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_REVOKE, 0);
    struct pt_subject subject = subject_of(PT_SUBJECT_OFFICE, "62");
    struct pt_author author = pt_author_of(w->pairs[who].public_key);
    revocation.has_author = true;
    revocation.author = binary(w, author.b, PT_HASH_BYTES);
    entry.detail = pack(w, &revocation.base);
    write_entry(w, WORLD_SOUTH, &subject, &entry);
}

void world_undivide(struct pt_rollup_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        struct pt_rollup_file *file = &files->file[i];
        if (file->n_parts > 0) {
            pt_rollup_file_put(file, &file->content);
            file->n_parts = 0; /* the list stays to be freed */
        }
    }
}

const char *world_line(const struct pt_rollup_files *files, const char *table, const char *code)
{
    static char line[2048];
    char needle[128];
    struct pt_buf content = {0};
    const struct pt_rollup_file *file = pt_rollup_file(files, table);
    cr_assert_not_null(file);
    pt_rollup_file_put(file, &content);
    (void)snprintf(needle, sizeof needle, ",%s,", code);
    const char *at = strstr(pt_buf_text(&content), needle);
    line[0] = '\0';
    if (at != NULL) {
        while (at > pt_buf_text(&content) && at[-1] != '\n') {
            at--;
        }
        (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    }
    pt_buf_free(&content);
    return line;
}
