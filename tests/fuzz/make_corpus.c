/* make_corpus.c - writes the first inputs of the targets chunk, run and instrument: well-formed ones, for a fuzzer to
 * start from.
 *
 *     make_corpus tests/fuzz/corpus */
#include "instrument_cases.h"
#include "support/logs_kit.h"

#include <stdio.h>
#include <string.h>

static const char *folder;

static void write_file(const char *target, const char *name, struct pt_bytes bytes)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.n, file) != bytes.n || fclose(file) != 0) {
        (void)fprintf(stderr, "%s: cannot be written\n", path);
    }
}

static void write_chunk(const char *name, const struct pt_chunk_header *header, const struct pt_entry *entries)
{
    struct pt_buf out = {0};
    if (pt_chunk_encode(header, entries, &out) == PT_OK) {
        write_file("chunk", name, pt_buf_bytes(&out));
    }
    pt_buf_free(&out);
}

static void write_chunks(void)
{
    struct pt_arena arena;
    struct pt_entry typical[60];
    uint64_t state = 5;
    struct pt_keypair pair = kit_pair(1);
    struct pt_log_id log = kit_log("a:2023/62.71/disdukcapil", &pair, 0x0102030405060708);
    struct pt_chunk_header header = kit_header(&log, 1, 60);
    pt_arena_init(&arena, SIZE_MAX);
    kit_typical(typical, 60);
    write_chunk("typical", &header, typical);
    header.count = 1;
    write_chunk("one", &header, typical);
    header.count = 40;
    write_chunk("random", &header, kit_entries(40, &state, &arena));
    struct pt_entry later = pt_entry_of((Patuh__EntryKind)99, 1700000000);
    later.detail = pt_bytes_str("later");
    header.count = 1;
    write_chunk("later-kind", &header, &later);
    pt_arena_close(&arena);
}

/* In the form of fuzz_run.c. */
static void write_run(const char *name, uint64_t first_seq, size_t n_chunks)
{
    struct pt_buf chunks = {0};
    struct pt_buf out = {0};
    struct pt_signature signature;
    uint8_t seed[PT_KEY_BYTES] = {1};
    struct pt_keypair pair = kit_pair(1);
    struct pt_log_id log = kit_log("o:62", &pair, 7);
    struct pt_hash previous = pt_link_first(&log);
    struct pt_hash link = previous;
    struct pt_entry entries[2] = {pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MEMBER, 1700000000),
                                  pt_entry_of(PATUH__ENTRY_KIND__ENTRY_REVOKE, 1700000020)};
    for (size_t i = 0; i < n_chunks; i++) {
        struct pt_buf chunk = {0};
        struct pt_chunk_header header = kit_header(&log, first_seq + 2 * i, 2);
        if (pt_chunk_encode(&header, entries, &chunk) == PT_OK) {
            link = pt_link_next(&link, pt_buf_bytes(&chunk));
            pt_buf_put_u32(&chunks, (uint32_t)chunk.n);
            pt_buf_put_bytes(&chunks, pt_buf_bytes(&chunk));
        }
        pt_buf_free(&chunk);
    }
    pt_sign(&pair, PT_CONTEXT_LINK, &link, &signature);
    pt_buf_put_u8(&out, (uint8_t)first_seq);
    pt_buf_put_u64(&out, log.incarnation);
    pt_buf_put(&out, seed, sizeof seed);
    pt_buf_put(&out, previous.b, sizeof previous.b);
    pt_buf_put(&out, signature.b, sizeof signature.b);
    pt_buf_put_bytes(&out, pt_buf_bytes(&chunks));
    write_file("run", name, pt_buf_bytes(&out));
    pt_buf_free(&chunks);
    pt_buf_free(&out);
}

static void write_instrument(const char *name, const char *expression, unsigned form)
{
    struct pt_buf out = {0};
    if (expression_compile(expression, form, &out) == PT_OK) {
        write_file("instrument", name, pt_buf_bytes(&out));
    }
    pt_buf_free(&out);
}

int main(int n_args, char **args)
{
    if (n_args != 2) {
        (void)fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 2;
    }
    folder = args[1];
    write_chunks();
    write_run("first", 1, 1);
    write_run("three", 1, 3);
    write_run("later", 41, 2);
    write_instrument("relevant", "${count} > 3 and selected(${many}, 'a')", 0);
    write_instrument("constraint", ". >= 0 and . <= 20", 1);
    write_instrument("calculation", "if(${one} = 'a', sum(${fee}), coalesce(${amount}, 0) div 3)", 2);
    write_instrument("inside", "${fee} * 2 - count-selected(${shown})", 5);
    return 0;
}
