#include "rollup/rollup_internal.h"
void pt__put_report(const struct pt__rollup *r, struct pt_buf *out)
{
    (void)r;
    pt_buf_put_str(out, "<!doctype html>\n");
}
