/* founding.c - the beginning: head office, its regions, who reviews and who surveys there, the instrument. All is well
 * then, and every write succeeds. */
#include "sim.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/wire/pack.h"

#include <stdio.h>
#include <string.h>

static const char *const codes[SIM_REGIONS_MAX] = {"62", "63", "64"};

#define SURVEY                                                                                                         \
    "type,name,label,weight,max_score\n"                                                                               \
    "integer,loket,Loket,20,5\ninteger,jadwal,Jadwal,20,5\ninteger,biaya,Biaya,20,5\ninteger,antre,Antre,20,5\n"       \
    "integer,pintu,Pintu,20,5\ntext,catatan,Catatan,,\ntext,saran,Saran,,\n"                                           \
    "begin repeat,responden,Responden,,\ninteger,lama,Lama,,\ninteger,puas,Puas,,\nend repeat,,,,\n"
#define SETTINGS                                                                                                       \
    "form_id,version,cycle,institution_rule,product_repeat,carry_unit,carry_institution,decimals,missing,"             \
    "inapplicable,weights,utc_offset,official\n"                                                                       \
    "uji,1,2023,mean_of_units,,as_printed,as_printed,2,zero,exclude,sum100,+07:00,no\n"
#define ZONES "lower,lower_exclusive,zone,category,label_id,label_en,colour\n0,no,red,rendah,Rendah,Low,#cc0000\n"

static ProtobufCBinaryData binary_of(const struct pt_public_key *key)
{
    return pt_binary(key->b, sizeof key->b);
}

/* Who wrote it, and where it stands: known ever after. */
static struct sim_word *write_one(struct sim *s, size_t office, const struct pt_subject *subject, Patuh__EntryKind kind,
                                  enum sim_word_kind word, const ProtobufCMessage *detail)
{
    struct pt_arena arena;
    struct world_node *node = s->offices[office];
    struct pt_entry entry = pt_entry_of(kind, node->world->now_ms / 1000);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_pack(detail, &arena, &entry.detail) == PT_OK);
    world_write_entry(node, subject->text, &entry);
    pt_arena_close(&arena);
    struct pt_head head = world_head(node, node, subject->text);
    return sim_say(s, word, &head.log, head.seq, office);
}

static void found_instrument(struct sim *s)
{
    struct pt_sheets sheets = {.survey = pt_bytes_str(SURVEY),
                               .choices = pt_bytes_str("list_name,name,label\n"),
                               .settings = pt_bytes_str(SETTINGS),
                               .zones = pt_bytes_str(ZONES)};
    struct pt_problem problem = {0};
    struct pt_buf copy = {0};
    Patuh__Loaded detail = PATUH__LOADED__INIT;
    PT_CHECK(pt_instrument_compile(&sheets, &s->instrument_bytes, &problem) == PT_OK);
    PT_CHECK(pt_instrument_open(pt_buf_bytes(&s->instrument_bytes), &s->arena, &s->instrument) == PT_OK);
    pt_buf_put_bytes(&copy, pt_buf_bytes(&s->instrument_bytes));
    s->instrument_hash = world_keep_file(s->offices[0], &copy);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, s->w->now_ms / 1000);
    PT_CHECK(pt_pack(&detail.base, &s->arena, &entry.detail) == PT_OK);
    entry.hash = s->instrument_hash;
    world_write_entry(s->offices[0], "c:2023", &entry);
}

static void remember(struct world_node *node)
{
    struct pt_txn *txn;
    enum pt_err err = world_write_begin(node, &txn);
    PT_CHECK(err == PT_OK);
    world_remember(txn, node, &err);
    PT_CHECK(world_write_end(node, txn, err) == PT_OK);
}

static void name_member(struct sim *s, size_t office, const struct pt_public_key *key, const char *name, bool reviews)
{
    Patuh__Member detail = PATUH__MEMBER__INIT;
    detail.name = pt_text_of(name);
    detail.has_public_key = detail.has_transport_key = detail.has_role = true;
    detail.public_key = detail.transport_key = binary_of(key);
    detail.role = reviews ? PATUH__ROLE__ROLE_REVIEWER : PATUH__ROLE__ROLE_DEVICE;
    struct pt_subject subject = sim_office_subject(s, office);
    struct sim_word *word =
        write_one(s, office, &subject, PATUH__ENTRY_KIND__ENTRY_MEMBER, SIM_NAMES_MEMBER, &detail.base);
    word->author = pt_author_of(key->b);
    word->reviews = reviews;
    (void)snprintf(word->name, sizeof word->name, "%s", name);
}

static void found_device(struct sim *s, size_t region, enum sim_post post, const char *name)
{
    PT_CHECK(pt_reserve(&s->devices, &s->devices_capacity, s->n_devices + 1, sizeof *s->devices) == PT_OK);
    struct sim_device *device = &s->devices[s->n_devices];
    *device = (struct sim_device){.node = world_node(s->w, 0, "", s->offices[region]), .region = region, .post = post};
    (void)snprintf(device->name, sizeof device->name, "%s", name);
    device->random.state = s->options.seed ^ (0x5157ull << 32) ^ s->n_devices++;
    size_t named_by = post == SIM_ELSEWHERE ? 1 + region % s->options.regions : region;
    name_member(s, named_by, &device->node->key, name, false);
    remember(device->node);
    device->node->instrument = &s->instrument_hash;
}

static void found_surveyors(struct sim *s, size_t region)
{
    for (size_t i = 0; i < s->options.devices; i++) {
        char name[sizeof s->devices->name];
        (void)snprintf(name, sizeof name, "s%u", (unsigned)i);
        found_device(s, region, SIM_SURVEYOR, name);
    }
}

/* Behind all surveyors, who are found by their numbers. */
static void found_intruders(struct sim *s)
{
    for (size_t region = 1; region <= s->options.regions; region++) {
        found_device(s, region, SIM_UNASSIGNED, "x");
        if (s->options.regions > 1) {
            found_device(s, region, SIM_ELSEWHERE, "s0");
        }
    }
}

static void found_reviewers(struct sim *s, size_t office)
{
    for (int i = 0; i < WORLD_WRITERS_MAX; i++) {
        char name[sizeof s->devices->name];
        (void)snprintf(name, sizeof name, "r%d", i);
        name_member(s, office, &world_add_writer(s->offices[office])->key, name, true);
    }
}

static void found_units(struct sim *s, size_t region, size_t n)
{
    size_t first = (region - 1) * s->options.devices;
    PT_CHECK(pt_reserve(&s->units, &s->units_capacity, s->n_units + n, sizeof *s->units) == PT_OK);
    for (size_t i = 0; i < n; i++) {
        struct sim_unit *unit = &s->units[s->n_units++];
        *unit = (struct sim_unit){.region = region};
        (void)snprintf(unit->subject, sizeof unit->subject, "a:2023/%s.%zu/dinas%zu", s->offices[region]->code, i % 5,
                       i);
        unit->surveyors[0] = first + i % s->options.devices; /* two assistants visit every unit */
        unit->surveyors[1] = first + (i + 1 + i / s->options.devices) % s->options.devices;
    }
}

static void found_region(struct sim *s, size_t region)
{
    Patuh__Office detail = PATUH__OFFICE__INIT;
    PT_CHECK(region >= 1 && region <= SIM_REGIONS_MAX);
    struct world_node *office = world_node(s->w, PT_TIER_REGION, codes[region - 1], s->offices[0]);
    s->offices[region] = office;
    detail.code = detail.name = pt_text_of(office->code);
    detail.has_public_key = detail.has_transport_key = detail.has_generation = true;
    detail.public_key = detail.transport_key = binary_of(&office->key);
    detail.generation = 1;
    struct pt_subject subject = sim_office_subject(s, 0);
    write_one(s, 0, &subject, PATUH__ENTRY_KIND__ENTRY_OFFICE, SIM_NAMES_OFFICE, &detail.base)->office = region;
    remember(office);
    found_reviewers(s, region);
}

void sim_found(struct sim *s)
{
    s->offices[0] = world_node(s->w, 2, "0", NULL);
    remember(s->offices[0]);
    found_instrument(s);
    found_reviewers(s, 0);
    for (size_t region = 1; region <= s->options.regions; region++) {
        found_region(s, region);
    }
    for (size_t region = 1; region <= s->options.regions; region++) {
        found_surveyors(s, region);
        found_units(s, region, 2 * s->options.devices);
    }
    found_intruders(s);
    s->n_founded = s->n_devices;
    for (size_t i = 0; i <= s->options.regions; i++) { /* after the logs that have no instrument */
        s->offices[i]->instrument = &s->instrument_hash;
    }
}
