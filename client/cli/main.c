/* patuh - the field client: one command of the table, then the end. */
#include "client/cli/cli.h"

#include "base/log.h"

#include <string.h>

struct command {
    const char *name;
    int (*run)(struct pt_cli *cli);
    const char *usage;
    const char *help_id;
    const char *help_en;
};

static const struct command commands[] = {
    {"enroll", pt_cmd_enroll, "--dir DIR [--code-file FILE]", "daftarkan perangkat ini dengan kode dari kantor",
     "enroll this device with a code of the office"},
    {"sync", pt_cmd_sync, "--dir DIR", "kirim dan ambil semuanya", "send and fetch everything"},
    {"bundle", pt_cmd_bundle, "--dir DIR out FILE | --dir DIR in FILE",
     "tanpa jaringan: tulis bundel untuk dibawa ke kantor, atau ambil balasannya",
     "without a network: write a bundle to be carried to the office, or take its reply"},
    {"list", pt_cmd_list, "--dir DIR [--json]", "penilaian saya dan keadaannya", "my assessments and their state"},
    {"show", pt_cmd_show, "--dir DIR ASSESSMENT [PATH] [--missing] [--role ROLE] [--json]",
     "pertanyaan, jawaban, nilai sementara; dengan PATH satu pertanyaan beserta pilihannya",
     "questions, answers, provisional score; with PATH one question with its choices"},
    {"fill", pt_cmd_fill, "--dir DIR ASSESSMENT",
     "isi satu per satu (q atau keluar selesai, < kembali, Enter melewati)",
     "fill in question by question (q or quit ends, < goes back, Enter skips)"},
    {"answer", pt_cmd_answer, "--dir DIR ASSESSMENT PATH VALUE [--note TEXT] | --dir DIR ASSESSMENT --from FILE.csv",
     "jawab; beberapa pilihan dengan spasi di antaranya, - bila tidak ada; FILE.csv: path,value,note",
     "answer; several choices with blanks between, - for none; FILE.csv: path,value,note"},
    {"clear", pt_cmd_clear, "--dir DIR ASSESSMENT PATH", "hapus jawaban", "clear an answer"},
    {"remove", pt_cmd_remove, "--dir DIR ASSESSMENT PATH", "hapus produk, responden, atau bukti",
     "remove a product, respondent or piece of evidence"},
    {"add", pt_cmd_add, "--dir DIR ASSESSMENT REPEAT LABEL",
     "tambah produk atau responden; kode produk dari daftar mengembalikan yang dihapus",
     "add a product or respondent; the code of a registered product brings back a removed one"},
    {"attach", pt_cmd_attach, "--dir DIR ASSESSMENT PATH FILE", "lampirkan foto atau dokumen, paling banyak 256 KiB",
     "attach a photo or document of at most 256 KiB"},
    {"place", pt_cmd_place, "--dir DIR ASSESSMENT LATITUDE LONGITUDE METRES",
     "catat tempat kunjungan: derajat dengan titik desimal, meter",
     "record the place of the visit: degrees with a decimal point, metres"},
    {"not-assessed", pt_cmd_not_assessed, "--dir DIR ASSESSMENT --reason TEXT", "usulkan tidak dinilai",
     "propose that it is not assessed"},
    {"submit", pt_cmd_submit, "--dir DIR ASSESSMENT [--with-missing]", "serahkan", "submit"},
    {"status", pt_cmd_status, "--dir DIR [--json]", "di mana setiap bagian data berada",
     "where every piece of data is"},
    {"log", pt_cmd_log, "--dir DIR ASSESSMENT [--json]", "entri, tautan dan tanda tangan diperiksa",
     "entries, links and signatures checked"},
};

static void print_row(FILE *out, const struct command *command)
{
    (void)fprintf(out, "  patuh %s %s\n      %s / %s\n", command->name, command->usage, command->help_id,
                  command->help_en);
}

static int print_help(FILE *out, int code)
{
    (void)fputs("patuh COMMAND --dir DIR ...\n\n", out);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        print_row(out, &commands[i]);
    }
    return code;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return true;
        }
    }
    return false;
}

static int run(const struct command *command, int argc, char **argv)
{
    if (asks_for_help(argc, argv)) {
        print_row(stdout, command);
        return PT_EXIT_GOOD;
    }
    struct pt_cli cli = {
        .name = command->name, .usage = command->usage, .argc = argc, .argv = (const char *const *)argv};
    int code = command->run(&cli);
    patuh_close(cli.device);
    return code;
}

int main(int argc, char **argv)
{
    pt_log_enable(0); /* people read sentences, not log lines */
    if (argc < 2) {
        return print_help(stderr, PT_EXIT_USAGE);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        return print_help(stdout, PT_EXIT_GOOD);
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)puts("patuh " PATUH_VERSION);
        return PT_EXIT_GOOD;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0) {
            return run(&commands[i], argc - 2, argv + 2);
        }
    }
    pt_say_to(stderr, PT_MSG_COMMAND_UNKNOWN, argv[1], NULL);
    return PT_EXIT_USAGE;
}
