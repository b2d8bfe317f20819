/* registry.h - who is assessed by whom in a cycle: offices, institutions, units, products, from four tables.
 *
 *     offices.csv       code,name,upper
 *     institutions.csv  code,name,type,province_code,office,same_as
 *     units.csv         code,institution_code,name,type
 *     products.csv      code,unit_code,name
 *
 * A code has [a-z0-9._-]; a unit's is institution/part, a product's unit/part. In a cycle's log the registry is one
 * blob: the bytes of the four tables, compressed.
 * Thread: read-only after it is made.  Memory: the arena given.
 * Limits: PT_BLOB_BYTES_MAX packed, PT_REGISTRY_BYTES_MAX unpacked. */
#ifndef PT_REGISTRY_H
#define PT_REGISTRY_H

#include "base/arena.h"
#include "base/problem.h"

#include <stdint.h>

#define PT_REGISTRY_BYTES_MAX (16 * 1024 * 1024)

/* The four tables as bytes. */
struct pt_registry_files {
    struct pt_bytes offices;
    struct pt_bytes institutions;
    struct pt_bytes units;
    struct pt_bytes products;
};

/* Every row begins with its code and the line it stood in. */
struct pt_office_row {
    const char *code;
    size_t line;
    const char *name;
    const char *upper; /* "" for head office only */
};

struct pt_institution_row {
    const char *code;
    size_t line;
    const char *name;
    const char *type;
    const char *province_code; /* "" = national */
    const char *office;        /* who assesses it */
    const char *same_as;       /* its code before; "" = none */
};

struct pt_unit_row {
    const char *code;
    size_t line;
    const char *institution;
    const char *name;
    const char *type;
    const char *same_as;
};

struct pt_product_row {
    const char *code;
    size_t line;
    const char *unit;
    const char *name;
};

/* All sorted by code. */
struct pt_registry {
    const struct pt_office_row *offices;
    size_t n_offices;
    const struct pt_institution_row *institutions;
    size_t n_institutions;
    const struct pt_unit_row *units;
    size_t n_units;
    const struct pt_product_row *products;
    size_t n_products;
};

/* Errors: INVALID (with a problem that names file, line, column), NOMEM. */
enum pt_err pt_registry_read(const struct pt_registry_files *files, struct pt_arena *arena, struct pt_registry *out,
                             struct pt_problem *problem);

/* Append the blob of the tables: the same bytes for the same tables. Errors: INVALID (too large), NOMEM. */
enum pt_err pt_registry_pack(const struct pt_registry_files *files, struct pt_buf *out, struct pt_problem *problem);
/* The tables of a blob. Errors: MALFORMED, LIMIT, NOMEM. */
enum pt_err pt_registry_unpack(struct pt_bytes blob, struct pt_arena *arena, struct pt_registry_files *out);

/* NULL when there is none. */
const struct pt_office_row *pt_registry_office(const struct pt_registry *registry, const char *code);
const struct pt_institution_row *pt_registry_institution(const struct pt_registry *registry, const char *code);
const struct pt_unit_row *pt_registry_unit(const struct pt_registry *registry, const char *code);
/* The products of a unit: a run of registry->products; *n 0 when it has none. */
const struct pt_product_row *pt_registry_products(const struct pt_registry *registry, const char *unit, size_t *n);

/* A part of a code: [a-z0-9._-], not empty. */
bool pt_code_ok(const char *code, size_t n);
/* A word for a type: [a-z][a-z0-9_]*, at most 31 bytes. */
bool pt_type_word_ok(const char *word);
/* A name for people: not empty, at most PT_NAME_BYTES_MAX bytes, no control characters. */
bool pt_name_ok(const char *name);

#endif
