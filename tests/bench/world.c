/* world.c - what an office knows before it is measured.
 *
 *     bench_world sheets FOLDER                       instrument/, region/ and national/ in it: the corpus' instrument
 *                                                     and two registries, as `patuhd load` takes them
 *     bench_world members OFFICE_FOLDER               the surveyors and their units, written by the office itself, as
 *                                                     enrolment and assignment would */
#include "bench.h"
#include "core/wire/pack.h"
#include "corpus.h"
#include "io/disk/files.h"
#include "national.h"
#include "office.h"
#include "surveyor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void save(const char *folder, const char *name, const struct pt_buf *content)
{
    char path[1024];
    struct pt_problem problem = {0};
    bench_must(pt_path_join(path, sizeof path, folder, name), name);
    bench_must(pt_file_write(path, pt_buf_bytes(content), 0644, &problem), path);
}

static void folder_in(char *path, size_t n, const char *folder, const char *name)
{
    bench_must(pt_path_join(path, n, folder, name), name);
    bench_must(pt_folder_make(path, 0755, NULL), path);
}

static void write_instrument(const char *folder)
{
    struct corpus corpus;
    char path[1024];
    corpus_open(&corpus);
    folder_in(path, sizeof path, folder, "instrument");
    save(path, "survey.csv", &corpus.survey);
    save(path, "choices.csv", &corpus.choices);
    save(path, "settings.csv", &corpus.settings);
    save(path, "zones.csv", &corpus.zones);
    corpus_close(&corpus);
}

static void write_registry(const char *folder, struct pt_buf tables[4])
{
    static const char *const names[] = {"offices.csv", "institutions.csv", "units.csv", "products.csv"};
    for (size_t i = 0; i < 4; i++) {
        save(folder, names[i], &tables[i]);
        pt_buf_free(&tables[i]);
    }
}

static void write_registries(const char *folder)
{
    char path[1024];
    struct pt_buf tables[4] = {{0}};
    pt_buf_put_str(&tables[0], "code,name,upper\npusat,Kantor Pusat,\n" SURVEYOR_OFFICE ",Perwakilan,pusat\n");
    pt_buf_put_str(&tables[1], "code,name,type,province_code,office,same_as\n62.71,Kota,city,," SURVEYOR_OFFICE ",\n");
    pt_buf_put_str(&tables[2], "code,institution_code,name,type\n");
    for (size_t i = 0; i < SURVEYOR_UNITS; i++) {
        char unit[32];
        surveyor_unit(i, unit, sizeof unit);
        pt_buf_printf(&tables[2], "%s,62.71,Unit %zu,health\n", unit, i);
    }
    pt_buf_put_str(&tables[3], "code,unit_code,name\n62.71/u0000/ktp,62.71/u0000,Kartu tanda penduduk\n");
    folder_in(path, sizeof path, folder, "region");
    write_registry(path, tables);
    national_registry(NATIONAL_UNITS, &tables[0], &tables[1], &tables[2], &tables[3]);
    folder_in(path, sizeof path, folder, "national");
    write_registry(path, tables);
}

static struct pt_entry packed(Patuh__EntryKind kind, const ProtobufCMessage *detail, struct pt_arena *arena)
{
    struct pt_entry entry = pt_entry_of(kind, 1690858985);
    bench_must(pt_pack(detail, arena, &entry.detail), "entry");
    return entry;
}

static struct pt_entry member(size_t i, struct pt_arena *arena)
{
    Patuh__Member detail = PATUH__MEMBER__INIT;
    struct pt_keypair author;
    struct pt_keypair transport;
    char name[16];
    surveyor_author(i, &author);
    surveyor_transport(i, &transport);
    surveyor_name(i, name, sizeof name);
    detail.has_public_key = detail.has_transport_key = detail.has_role = true;
    detail.public_key = pt_binary(author.public_key, PT_KEY_BYTES);
    detail.transport_key = pt_binary(transport.public_key, PT_KEY_BYTES);
    detail.role = PATUH__ROLE__ROLE_DEVICE;
    detail.name = pt_text_of(name);
    return packed(PATUH__ENTRY_KIND__ENTRY_MEMBER, &detail.base, arena);
}

static struct pt_entry assign(size_t surveyor, struct pt_arena *arena)
{
    Patuh__Assignment detail = PATUH__ASSIGNMENT__INIT;
    char name[16];
    surveyor_name(surveyor, name, sizeof name);
    detail.surveyor = pt_text_of(name);
    return packed(PATUH__ENTRY_KIND__ENTRY_ASSIGN, &detail.base, arena);
}

static void open_unit(struct pt_txn *txn, const struct office *office, size_t unit, struct pt_arena *arena)
{
    Patuh__Opening opening = PATUH__OPENING__INIT;
    struct pt_subject subject = surveyor_subject(unit);
    opening.unit_name = pt_text_of("Unit");
    opening.unit_type = pt_text_of("health");
    opening.institution_name = pt_text_of("Kota");
    opening.office = pt_text_of(SURVEYOR_OFFICE);
    struct pt_entry entries[4] = {packed(PATUH__ENTRY_KIND__ENTRY_OPEN, &opening.base, arena), assign(unit, arena),
                                  assign(unit % SURVEYOR_TRAVELLERS, arena),
                                  assign((unit + SURVEYOR_UNITS) % SURVEYOR_TRAVELLERS, arena)};
    bench_must(office_log_in(txn, office, &subject, entries, 4), subject.text);
}

static void write_members(const char *folder)
{
    struct office office;
    struct pt_problem problem = {0};
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_subject subject;
    enum pt_err err = office_open(folder, &office, &problem);
    if (err != PT_OK) {
        pt_problem_print(stderr, &problem);
    }
    bench_must(err, folder);
    pt_arena_init(&arena, SIZE_MAX);
    struct pt_entry *members = bench_need(pt_arena_zalloc(&arena, SURVEYOR_UNITS, sizeof *members), "memory");
    bench_must(pt_subject_make(PT_SUBJECT_OFFICE, office.code, &subject), "subject");
    bench_must(pt_store_begin_write(office.store, &txn), "begin");
    for (size_t i = 0; i < SURVEYOR_UNITS; i++) {
        members[i] = member(i, &arena);
        open_unit(txn, &office, i, &arena);
    }
    bench_must(office_log_in(txn, &office, &subject, members, SURVEYOR_UNITS), "members");
    bench_must(pt_store_commit(txn), "commit");
    pt_arena_close(&arena);
    office_close(&office);
}

int main(int argc, char **argv)
{
    bench_must(pt_crypto_init(), "crypto");
    if (argc >= 3 && strcmp(argv[1], "sheets") == 0) {
        write_instrument(argv[2]);
        write_registries(argv[2]);
    } else if (argc >= 3 && strcmp(argv[1], "members") == 0) {
        write_members(argv[2]);
    } else {
        (void)fputs("bench_world sheets FOLDER | members OFFICE_FOLDER\n", stderr);
        return 2;
    }
    return 0;
}
