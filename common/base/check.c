#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void pt_check_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "event=bug file=%s line=%d condition=\"%s\"\n", file, line, condition);
    abort();
}
