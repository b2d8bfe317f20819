/* flip - a file with one byte changed, to stdout: flip FILE OFFSET */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (in == NULL) {
        return EXIT_FAILURE;
    }
    long at = strtol(argv[2], NULL, 10);
    int byte;
    for (long i = 0; (byte = fgetc(in)) != EOF; i++) {
        (void)fputc(i == at ? byte ^ 0x20 : byte, stdout);
    }
    (void)fclose(in);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
