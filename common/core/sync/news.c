/* news.c - what has come into a store, for all sessions on it. */
#include "core/sync/session.h"

#include "base/mem.h"

static enum pt_err add(struct pt_news *news, const struct pt_news_item *item)
{
    enum pt_err err = pt_reserve(&news->items, &news->capacity, news->n + 1, sizeof *news->items);
    if (err == PT_OK) {
        news->items[news->n++] = *item;
    }
    return err;
}

static enum pt_err read_one(struct pt_txn *txn, uint64_t lsn, struct pt_arena *arena, struct pt_news *news)
{
    struct pt_record record;
    struct pt_head head;
    enum pt_err err = pt_arrival_read(txn, lsn, arena, &record);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err; /* pruned */
    }
    if (record.chunk.n == 0) {
        return PT_OK; /* pruned as well: the last arrival leaves its place */
    }
    err = pt_logs_head(txn, record.log, &head);
    if (err == PT_OK) {
        struct pt_news_item item = {.log = head.log,
                                    .number = record.log,
                                    .lsn = lsn,
                                    .first_seq = record.first_seq,
                                    .last_seq = record.last_seq,
                                    .link = record.link};
        err = add(news, &item);
    }
    return err;
}

enum pt_err pt_news_read(struct pt_txn *txn, uint64_t *lsn, struct pt_news *news)
{
    uint64_t last;
    struct pt_hash hash;
    struct pt_arena arena;
    enum pt_err err = pt_arrival_last(txn, &last, &hash);
    pt_arena_init(&arena, SIZE_MAX);
    for (uint64_t at = *lsn + 1; err == PT_OK && at <= last; at++) {
        err = read_one(txn, at, &arena, news);
        pt_arena_reset(&arena);
    }
    pt_arena_close(&arena);
    if (err == PT_OK && last > *lsn) {
        *lsn = last;
    }
    return err;
}

enum pt_err pt_news_add_receipt(struct pt_news *news, const struct pt_receipt *receipt)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < receipt->n_logs && err == PT_OK; i++) {
        struct pt_news_item item = {.log = receipt->logs[i].log};
        err = add(news, &item);
    }
    return err;
}

void pt_news_close(struct pt_news *news)
{
    pt_free(news->items);
    *news = (struct pt_news){0};
}
