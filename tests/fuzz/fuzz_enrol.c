/* fuzz_enrol.c - what comes before anybody is known, each input in three ways: the frame of a request, a code as typed,
 * the answer of an office. */
#include "base/check.h"
#include "core/sync/enrol.h"
#include "core/wire/unpack.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* As in the examples of proto/README.md, so that the corpus holds a request that proves them. */
static const uint8_t code_id[PT_CODE_ID_BYTES] = {1, 2, 3, 4, 5};
static const uint8_t code_secret[PT_CODE_SECRET_BYTES] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
                                                          0xaa, 0xaa, 0xaa, 0xaa, 0xaa};

static void as_request(struct pt_bytes frame)
{
    struct pt_arena arena;
    ProtobufCMessage *message = NULL;
    pt_arena_init(&arena, pt_unpack_budget(frame.n));
    if (frame.n <= PT_ENROL_FRAME_BYTES_MAX && pt_unpack(&patuh__frame__descriptor, frame, &arena, &message) == PT_OK) {
        const Patuh__EnrolRequest *request = ((const Patuh__Frame *)message)->enrol_request;
        enum pt_err err = request == NULL ? PT_ESIGNATURE : pt_enrol_request_check(request, code_id, code_secret);
        PT_CHECK(err == PT_OK || err == PT_ESIGNATURE);
    }
    pt_arena_close(&arena);
}

static void as_code(struct pt_bytes text)
{
    struct pt_arena arena;
    struct pt_problem problem = {0};
    struct pt_code code;
    struct pt_code back;
    pt_arena_init(&arena, SIZE_MAX);
    const char *typed = pt_arena_strn(&arena, (const char *)text.data, text.n); /* up to a NUL */
    PT_CHECK(typed != NULL);
    enum pt_err err = pt_code_read(typed, &code, &problem);
    PT_CHECK(err == PT_OK || (err == PT_EINVALID && problem.msg != PT_MSG_NONE));
    if (err == PT_OK) {
        struct pt_buf out = {0};
        pt_code_put(&out, &code);
        PT_CHECK(pt_code_read(pt_buf_text(&out), &back, &problem) == PT_OK);
        PT_CHECK(memcmp(&code, &back, sizeof code) == 0);
        pt_buf_free(&out);
    }
    pt_arena_close(&arena);
}

static void as_answer(struct pt_bytes answer)
{
    struct pt_arena arena;
    struct pt_enrolment enrolment;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_enrolment_read(answer, NULL, &arena, &enrolment);
    PT_CHECK(err == PT_OK || err == PT_EMALFORMED || err == PT_ESIGNATURE || err == PT_ELIMIT);
    PT_CHECK(err != PT_OK || (enrolment.n_offices >= 1 && enrolment.n_offices <= PT_OFFICE_CHAIN_MAX));
    pt_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_bytes input = pt_bytes_of(data, n);
    as_request(input);
    as_code(input);
    as_answer(input);
    return 0;
}
