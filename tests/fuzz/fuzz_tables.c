/* fuzz_tables.c - tables that people bring, each input in three ways: published results; the four tables of a registry
 * (cut at 0x1e, the record separator), which come back the same from their blob; the blob itself. */
#include "base/check.h"
#include "core/table/registry.h"
#include "core/table/results.h"

#include <string.h>

#define N_TABLES 4
#define SEPARATOR 0x1e

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_outcome(enum pt_err err, const struct pt_problem *problem)
{
    PT_CHECK(err == PT_OK || (err == PT_EINVALID && problem->msg != PT_MSG_NONE));
}

static void as_results(struct pt_bytes bytes)
{
    struct pt_arena arena;
    struct pt_problem problem = {0};
    struct pt_results results;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_results_read(bytes, "hasil.csv", &arena, &results, &problem);
    check_outcome(err, &problem);
    for (size_t i = 0; err == PT_OK && i < results.n_rows; i++) {
        const struct pt_result *row = &results.rows[i];
        PT_CHECK(row->weight <= PT_RESULT_WEIGHT_MAX && row->score >= 0);
        PT_CHECK((row->level == PT_RESULT_INSTITUTION) == (row->parent[0] == '\0'));
    }
    pt_arena_close(&arena);
}

static void cut(struct pt_bytes bytes, struct pt_bytes parts[N_TABLES])
{
    for (size_t i = 0; i < N_TABLES; i++) {
        const uint8_t *end = i + 1 == N_TABLES || bytes.n == 0 ? NULL : memchr(bytes.data, SEPARATOR, bytes.n);
        size_t n = end == NULL ? bytes.n : (size_t)(end - bytes.data);
        parts[i] = pt_bytes_of(bytes.data, n);
        n += end != NULL;
        bytes = pt_bytes_of(bytes.data + n, bytes.n - n);
    }
}

/* What is in the tables can be looked up, and nothing points to what is not there. */
static void check_registry(const struct pt_registry *registry)
{
    for (size_t i = 0; i < registry->n_institutions; i++) {
        PT_CHECK(pt_registry_institution(registry, registry->institutions[i].code) == &registry->institutions[i]);
        PT_CHECK(pt_registry_office(registry, registry->institutions[i].office) != NULL);
    }
    for (size_t i = 0; i < registry->n_units; i++) {
        size_t n = 0;
        PT_CHECK(pt_registry_unit(registry, registry->units[i].code) == &registry->units[i]);
        PT_CHECK(pt_registry_institution(registry, registry->units[i].institution) != NULL);
        (void)pt_registry_products(registry, registry->units[i].code, &n);
        PT_CHECK(n <= registry->n_products);
    }
    for (size_t i = 0; i < registry->n_products; i++) {
        PT_CHECK(pt_registry_unit(registry, registry->products[i].unit) != NULL);
    }
}

static void as_registry(struct pt_bytes bytes)
{
    struct pt_bytes part[N_TABLES];
    struct pt_arena arena;
    struct pt_problem problem = {0};
    struct pt_registry registry;
    struct pt_registry_files back;
    struct pt_buf blob = {0};
    cut(bytes, part);
    struct pt_registry_files files = {part[0], part[1], part[2], part[3]};
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_registry_read(&files, &arena, &registry, &problem);
    check_outcome(err, &problem);
    if (err == PT_OK) {
        check_registry(&registry);
    }
    PT_CHECK(pt_registry_pack(&files, &blob, &problem) == PT_OK);
    PT_CHECK(pt_registry_unpack(pt_buf_bytes(&blob), &arena, &back) == PT_OK);
    PT_CHECK(pt_bytes_eq(files.offices, back.offices) && pt_bytes_eq(files.institutions, back.institutions) &&
             pt_bytes_eq(files.units, back.units) && pt_bytes_eq(files.products, back.products));
    pt_buf_free(&blob);
    pt_arena_close(&arena);
}

static void as_blob(struct pt_bytes bytes)
{
    struct pt_arena arena;
    struct pt_registry_files files;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_registry_unpack(bytes, &arena, &files);
    PT_CHECK(err == PT_OK || err == PT_EMALFORMED || err == PT_ELIMIT);
    pt_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_bytes bytes = pt_bytes_of(data, n);
    as_results(bytes);
    as_registry(bytes);
    as_blob(bytes);
    return 0;
}
