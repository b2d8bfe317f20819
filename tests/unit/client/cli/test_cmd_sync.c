#include "client/cli/cli.h"

#include <criterion/criterion.h>
#include <string.h>

Test(cmd_sync, progress_stays_in_one_line_of_any_terminal)
{
    static const size_t columns[] = {1, 2, 40, 80, 200};
    struct patuh_counts counts = {.chunks_sent = 12, .chunks_received = 7, .evidence_sent = 3, .bytes_in = 2048};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        struct pt_buf out = {0};
        pt_cli_put_progress(&out, &counts, columns[i]);
        cr_expect(out.n < columns[i], "%zu: %zu", columns[i], out.n);
        cr_expect(columns[i] < 40 || strstr(pt_buf_text(&out), "kirim 12, bukti 3, terima 7, 2 KB") != NULL);
        pt_buf_free(&out);
    }
}
