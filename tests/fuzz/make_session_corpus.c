/* make_session_corpus.c - writes corpus/session: what either side of a real session says. Run it when the wire or what
 * sessions say has changed: make_session_corpus tests/fuzz/corpus/session */
#include "session_cases.h"

#include <stdio.h>

static int save(const char *folder, unsigned which, unsigned side, const struct pt_buf *said)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/case%u-%s", folder, which, side == 1 ? "from-device" : "from-region");
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    bool good = fputc((int)(which << 1 | side), file) != EOF && fwrite(said->data, 1, said->n, file) == said->n;
    good = fclose(file) == 0 && good;
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int failed = 0;
    for (unsigned which = 0; which < SESSION_CASES; which++) {
        struct pt_buf said[2] = {0};
        struct world *w = session_case(which);
        w->record[0] = &said[0];
        w->record[1] = &said[1];
        (void)world_sync(w, &w->node[2], &w->node[1]);
        failed += save(argv[1], which, 1, &said[0]) + save(argv[1], which, 0, &said[1]);
        world_destroy(w);
        pt_buf_free(&said[0]);
        pt_buf_free(&said[1]);
    }
    return failed == 0 ? 0 : 1;
}
