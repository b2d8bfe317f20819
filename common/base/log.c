#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int enabled = 1;

void pt_log_enable(int on)
{
    atomic_store(&enabled, on);
}

void pt_log(const char *event, const char *format, ...)
{
    if (!atomic_load(&enabled)) {
        return;
    }
    char values[900];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(values, sizeof values, format, args);
    va_end(args);
    (void)fprintf(stderr, "event=%s%s%s\n", event, values[0] == '\0' ? "" : " ", values);
}
