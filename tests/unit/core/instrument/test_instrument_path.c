#include "support/instrument_fixture.h"

#include <criterion/criterion.h>

static const char survey[] = "type,name\nselect_one yesno,open\ninteger,n\ndecimal,d\nselect_multiple parts,p\n"
                             "text,t\nbegin_repeat,product\nselect_one yesno,shown\nend_repeat,\n";
static const char choices[] = "list_name,name,label::Bahasa Indonesia (id)\nyesno,yes,Ya\nyesno,no,Tidak\n"
                              "parts,a,Bagian A\nparts,b,Bagian B\n";

Test(instrument_path, reads_and_prints_paths)
{
    struct fixture f;
    fixture_open(&f, survey, choices, SETTINGS("zero", "exclude"));
    const struct {
        const char *path;
        const char *node;
        const char *instance;
        enum pt_msg msg;
    } rows[] = {
        {"n", "n", "", PT_MSG_NONE},
        {"product[akta].shown", "shown", "akta", PT_MSG_NONE},
        {"product[k3f9q]", "product", "k3f9q", PT_MSG_NONE},
        {"nix", "", "", PT_MSG_PATH_UNKNOWN},
        {"", "", "", PT_MSG_PATH_UNKNOWN},
        {"shown", "", "", PT_MSG_PATH_NEEDS_INSTANCE},
        {"product", "", "", PT_MSG_PATH_SYNTAX},
        {"product[akta].n", "", "", PT_MSG_PATH_WRONG_REPEAT},
        {"product[].shown", "", "", PT_MSG_PATH_SYNTAX},
        {"product[akta", "", "", PT_MSG_PATH_SYNTAX},
        {"product[akta].", "", "", PT_MSG_PATH_SYNTAX},
        {"product[akta]shown", "", "", PT_MSG_PATH_SYNTAX},
        {"product[a b].shown", "", "", PT_MSG_PATH_SYNTAX},
        {"n[akta]", "", "", PT_MSG_PATH_UNKNOWN},
        {"product[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa].shown", "", "", PT_MSG_PATH_SYNTAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t node = PT_NONE;
        char instance[PT_INSTANCE_BYTES_MAX + 1] = "";
        struct pt_problem problem = {0};
        enum pt_err err = pt_path_read(&f.ins, rows[i].path, &node, instance, &problem);
        cr_expect_eq(problem.msg, rows[i].msg, "%s: %s", rows[i].path, pt_msg_english(problem.msg));
        cr_expect_eq(err, rows[i].msg == PT_MSG_NONE ? PT_OK : PT_EINVALID, "%s", rows[i].path);
        if (err != PT_OK) {
            continue;
        }
        cr_expect_str_eq(f.ins.nodes[node].name, rows[i].node);
        cr_expect_str_eq(instance, rows[i].instance);
        struct pt_buf out = {0};
        pt_path_put(&out, &f.ins, node, instance);
        cr_expect_str_eq(pt_buf_text(&out), rows[i].path);
        pt_buf_free(&out);
    }
    fixture_close(&f);
}

Test(instrument_path, reads_and_prints_values)
{
    struct fixture f;
    fixture_open(&f, survey, choices, SETTINGS("zero", "exclude"));
    const struct {
        const char *question;
        const char *typed;
        const char *printed;
        const char *label;
        enum pt_msg msg;
    } rows[] = {
        {"n", "5", "5", "5", PT_MSG_NONE},
        {"n", "-12", "-12", "-12", PT_MSG_NONE},
        {"n", "5.0", "", "", PT_MSG_VALUE_INTEGER},
        {"d", "12.50", "12.5", "12.5", PT_MSG_NONE},
        {"d", "12,5", "", "", PT_MSG_VALUE_DECIMAL},
        {"open", "yes", "yes", "Ya", PT_MSG_NONE},
        {"open", "ya", "", "", PT_MSG_VALUE_CHOICE},
        {"open", "yes no", "", "", PT_MSG_VALUE_CHOICE},
        {"open", "", "", "", PT_MSG_VALUE_CHOICE},
        {"p", "b a", "a b", "Bagian A, Bagian B", PT_MSG_NONE},
        {"p", "a,b", "a b", "Bagian A, Bagian B", PT_MSG_NONE},
        {"p", "a, z", "", "", PT_MSG_VALUE_CHOICE},
        {"p", "-", "-", "tidak ada / none", PT_MSG_NONE},
        {"p", "- a", "", "", PT_MSG_VALUE_CHOICE},
        {"p", "", "", "", PT_MSG_VALUE_CHOICE},
        {"open", "-", "", "", PT_MSG_VALUE_CHOICE},
        {"t", "hello", "", "", PT_MSG_VALUE_NOT_ANSWERED},
        {"product", "5", "", "", PT_MSG_VALUE_NOT_ANSWERED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t node = fixture_node(&f, rows[i].question);
        struct pt_value value;
        struct pt_problem problem = {0};
        enum pt_err err = pt_value_read(&f.ins, node, rows[i].typed, &value, &problem);
        cr_expect_eq(problem.msg, rows[i].msg, "row %zu: %s", i, pt_msg_english(problem.msg));
        cr_expect_eq(err, rows[i].msg == PT_MSG_NONE ? PT_OK : PT_EINVALID, "row %zu", i);
        if (err != PT_OK) {
            continue;
        }
        cr_expect(pt_value_fits(&f.ins, node, &value));
        cr_expect_not(pt_value_fits(&f.ins, fixture_node(&f, "t"), &value));
        struct pt_buf out = {0};
        pt_value_put(&out, &f.ins, node, &value);
        cr_expect_str_eq(pt_buf_text(&out), rows[i].printed, "row %zu", i);
        pt_buf_clear(&out);
        pt_value_put_label(&out, &f.ins, node, &value);
        cr_expect_str_eq(pt_buf_text(&out), rows[i].label, "row %zu", i);
        pt_buf_free(&out);
    }
    fixture_close(&f);
}
