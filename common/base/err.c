#include "base/err.h"

#include <stddef.h>

static const char *const names[] = {"OK",
#define NAME(name, text) #name,
                                    PT_ERR_MAP(NAME)
#undef NAME
};

static const char *const texts[] = {"good",
#define TEXT(name, text) text,
                                    PT_ERR_MAP(TEXT)
#undef TEXT
};

const char *pt_err_name(enum pt_err err)
{
    size_t i = (size_t)err;
    return i < (size_t)PT_ERR_COUNT ? names[i] : "?";
}

const char *pt_err_text(enum pt_err err)
{
    size_t i = (size_t)err;
    return i < (size_t)PT_ERR_COUNT ? texts[i] : "?";
}
