/* qr.h - a text as a QR code on the terminal. */
#ifndef PATUHD_QR_H
#define PATUHD_QR_H

#include <stdio.h>

/* Nothing is printed when the text does not fit a code. */
void qr_print(FILE *out, const char *text);

#endif
