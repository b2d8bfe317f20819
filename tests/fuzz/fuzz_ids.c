/* fuzz_ids.c - names of logs: the canonical bytes of what was read are the bytes that were read. */
#include "base/check.h"
#include "core/ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void take_apart(const struct pt_subject *subject)
{
    char part[PT_SUBJECT_BYTES_MAX + 1];
    pt_subject_cycle(subject, part);
    pt_subject_unit(subject, part);
    pt_subject_institution(subject, part);
    (void)pt_subject_is_second(subject);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_bytes bytes = pt_bytes_of(data, n);
    struct pt_subject subject;
    if (pt_subject_read(bytes, &subject) == PT_OK) {
        PT_CHECK(pt_subject_kind(&subject) != PT_SUBJECT_NONE);
        take_apart(&subject);
    }
    struct pt_log_id id;
    if (pt_log_id_read(bytes, &id) == PT_OK) {
        struct pt_buf out = {0};
        pt_log_id_put(&out, &id);
        PT_CHECK(pt_bytes_eq(pt_buf_bytes(&out), bytes));
        pt_buf_free(&out);
        take_apart(&id.subject);
    }
    return 0;
}
