#include "qr.h"

#include <qrencode.h>
#include <stdbool.h>

static bool is_dark(const QRcode *code, int x, int y)
{
    bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;
    return inside && (code->data[y * code->width + x] & 1) != 0;
}

/* Two modules a character, light on dark terminals too: the light ones are drawn. */
void qr_print(FILE *out, const char *text)
{
    static const char *const blocks[] = {"\u2588", "\u2580", "\u2584", " "};
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (code == NULL) {
        return;
    }
    for (int y = -2; y < code->width + 2; y += 2) {
        for (int x = -2; x < code->width + 2; x++) {
            int shape = (is_dark(code, x, y) ? 2 : 0) + (is_dark(code, x, y + 1) ? 1 : 0);
            (void)fputs(blocks[shape], out);
        }
        (void)fputc('\n', out);
    }
    QRcode_free(code);
}
