#include "national.h"

#include <stdio.h>

void national_office(size_t i, char *out, size_t n)
{
    (void)snprintf(out, n, "k%02zu", i);
}

size_t national_office_of(size_t unit)
{
    return unit / NATIONAL_UNITS_PER_INSTITUTION % NATIONAL_OFFICES;
}

static void institution_of(size_t unit, char *out, size_t n)
{
    (void)snprintf(out, n, "k%02zu.%zu", national_office_of(unit),
                   unit / NATIONAL_UNITS_PER_INSTITUTION / NATIONAL_OFFICES);
}

void national_unit(size_t unit, char *out, size_t n)
{
    char institution[24];
    institution_of(unit, institution, sizeof institution);
    (void)snprintf(out, n, "%s/u%zu", institution, unit % NATIONAL_UNITS_PER_INSTITUTION);
}

void national_registry(size_t n_units, struct pt_buf *offices, struct pt_buf *institutions, struct pt_buf *units,
                       struct pt_buf *products)
{
    char code[32];
    char institution[24];
    pt_buf_put_str(offices, "code,name,upper\npusat,Kantor Pusat,\n");
    for (size_t i = 0; i < NATIONAL_OFFICES; i++) {
        national_office(i, code, sizeof code);
        pt_buf_printf(offices, "%s,Perwakilan %zu,pusat\n", code, i);
    }
    pt_buf_put_str(institutions, "code,name,type,province_code,office,same_as\n");
    pt_buf_put_str(units, "code,institution_code,name,type\n");
    for (size_t unit = 0; unit < n_units; unit++) {
        institution_of(unit, institution, sizeof institution);
        national_unit(unit, code, sizeof code);
        pt_buf_printf(units, "%s,%s,Unit %zu,health\n", code, institution, unit);
        if (unit % NATIONAL_UNITS_PER_INSTITUTION == 0) {
            national_office(national_office_of(unit), code, sizeof code);
            pt_buf_printf(institutions, "%s,Instansi %zu,regency,,%s,\n", institution, unit, code);
        }
    }
    national_unit(0, code, sizeof code);
    pt_buf_printf(products, "code,unit_code,name\n%s/a,%s,Layanan\n", code, code);
}
