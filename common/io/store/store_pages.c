#include "io/store/store_pages.h"

#include "base/mem.h"
#include "core/store/store.h"
#include "io/disk/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The format of LMDB 0.9, as it lies on the disk: numbers of the machine, page numbers as wide as a pointer. */
#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
#define NO_PAGE ((size_t)-1)
#define N_METAS 2
#define DEPTH_MAX 32 /* of LMDB's cursors */
#define PAGE_BYTES_MIN 512u
#define PAGE_BYTES_MAX 32768u
#define UNWRITTEN_PAGES_MAX 4096u

enum page_flags { PAGE_BRANCH = 0x01, PAGE_LEAF = 0x02, PAGE_OVERFLOW = 0x04, PAGE_META = 0x08 };
enum node_flags { NODE_BIG = 0x01, NODE_TABLE = 0x02 };
enum tree_flags { TREE_INTEGER_KEYS = 0x08 };

struct page_head {
    size_t number;
    uint16_t pad;
    uint16_t flags;
    uint16_t lower; /* end of the list of nodes; of an overflow page these two are the number of pages */
    uint16_t upper; /* begin of the nodes */
};

struct node_head {
    uint16_t low; /* with high: bytes of the value; with high and flags: the child */
    uint16_t high;
    uint16_t flags;
    uint16_t n_key;
};

struct tree {
    uint32_t pad; /* of the free tree: bytes of a page */
    uint16_t flags;
    uint16_t depth;
    size_t n_branch;
    size_t n_leaf;
    size_t n_overflow;
    size_t n_entries;
    size_t root;
};

struct meta {
    uint32_t magic;
    uint32_t version;
    size_t address;
    size_t map_bytes;
    struct tree free;
    struct tree main;
    size_t last_page;
    size_t txn;
};

struct walk {
    int fd;
    uint64_t file_bytes;
    size_t page_bytes;
    size_t n_pages; /* that lie wholly in the file */
    struct meta meta;
    uint8_t *seen;  /* a bit a page */
    uint8_t *pages; /* one buffer a level */
    struct tree table[PT_TABLE_COUNT];
    bool has_table[PT_TABLE_COUNT];
    size_t freed_by; /* the newest commit that the list of free pages names */
    size_t bad;      /* the page that is wrong */
    bool cut;        /* it lies past the end of the file */
};

/* What a level of a tree has to keep: keys from low (NULL: any) up to, not with, high (NULL: any). */
struct span {
    const struct pt_bytes *low;
    const struct pt_bytes *high;
};

struct node {
    struct pt_bytes key;
    size_t child; /* of a branch */
    uint16_t flags;
    size_t n_value;       /* of a leaf */
    const uint8_t *value; /* in the page; the number of the first overflow page when NODE_BIG */
};

typedef enum pt_err (*take_leaf)(struct walk *w, size_t page, const struct node *node);

struct kind {
    take_leaf take;       /* NULL: nothing more to check */
    uint16_t value_flags; /* that nodes of a leaf may have */
    bool integer_keys;
};

static enum pt_err damaged(struct walk *w, size_t page)
{
    w->bad = page;
    return PT_EDAMAGED;
}

static enum pt_err read_at(const struct walk *w, uint64_t offset, void *out, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(w->fd, (uint8_t *)out + done, n - done, (off_t)(offset + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return PT_EIO;
        }
        done += got < 0 ? 0 : (size_t)got;
    }
    return PT_OK;
}

/* --- pages --- */

static bool mark(struct walk *w, size_t page)
{
    uint8_t bit = (uint8_t)(1u << (page % CHAR_BIT));
    bool fresh = (w->seen[page / CHAR_BIT] & bit) == 0;
    w->seen[page / CHAR_BIT] |= bit;
    return fresh;
}

/* Pages that page `from` refers to: inside the file, and nobody else's. */
static enum pt_err claim(struct walk *w, size_t from, size_t first, size_t n)
{
    if (first < N_METAS || first > w->meta.last_page || n == 0 || n > w->meta.last_page - first + 1) {
        return damaged(w, from);
    }
    if (first >= w->n_pages || n > w->n_pages - first) {
        w->cut = true;
        return damaged(w, first);
    }
    for (size_t i = 0; i < n; i++) {
        if (!mark(w, first + i)) {
            return damaged(w, from);
        }
    }
    return PT_OK;
}

static size_t n_nodes(const struct page_head *head)
{
    return (head->lower - sizeof *head) / sizeof(uint16_t);
}

static enum pt_err read_tree_page(struct walk *w, size_t number, bool leaf, uint8_t *page, struct page_head *head)
{
    enum pt_err err = read_at(w, (uint64_t)number * w->page_bytes, page, w->page_bytes);
    if (err != PT_OK) {
        return err;
    }
    memcpy(head, page, sizeof *head);
    bool good = head->number == number && head->flags == (leaf ? PAGE_LEAF : PAGE_BRANCH) &&
                head->lower > sizeof *head && head->lower % 2 == sizeof *head % 2 && head->lower <= head->upper &&
                head->upper <= w->page_bytes;
    return good ? PT_OK : damaged(w, number);
}

/* --- nodes --- */

/* The i-th node of a page that read_tree_page found good; false when it leaves its page. */
static bool read_node(const struct walk *w, const uint8_t *page, size_t i, bool leaf, struct node *out)
{
    struct page_head head;
    struct node_head node;
    uint16_t at;
    memcpy(&head, page, sizeof head);
    memcpy(&at, page + sizeof head + i * sizeof at, sizeof at);
    if (at < head.upper || at + sizeof node > w->page_bytes) {
        return false;
    }
    memcpy(&node, page + at, sizeof node);
    size_t room = w->page_bytes - at - sizeof node;
    if (node.n_key > room || node.n_key > PT_STORE_KEY_BYTES_MAX) {
        return false;
    }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint32_t low = node.low | (uint32_t)node.high << 16;
#else
    uint32_t low = node.high | (uint32_t)node.low << 16;
#endif
    *out = (struct node){.key = pt_bytes_of(page + at + sizeof node, node.n_key), .flags = node.flags};
    out->child = (size_t)low | (SIZE_MAX > UINT32_MAX ? (size_t)((uint64_t)node.flags << 32) : 0);
    out->n_value = low;
    out->value = page + at + sizeof node + node.n_key;
    size_t n_here = (node.flags & NODE_BIG) != 0 ? sizeof(size_t) : out->n_value;
    return !leaf || n_here <= room - node.n_key;
}

static size_t integer_of(struct pt_bytes key)
{
    size_t value;
    memcpy(&value, key.data, sizeof value);
    return value;
}

static int compare(const struct kind *kind, struct pt_bytes a, struct pt_bytes b)
{
    if (!kind->integer_keys) {
        return pt_bytes_cmp(a, b);
    }
    size_t x = integer_of(a);
    size_t y = integer_of(b);
    return x < y ? -1 : x > y;
}

static bool key_fits(const struct kind *kind, const struct node *node, struct span span)
{
    if (kind->integer_keys ? node->key.n != sizeof(size_t) : node->key.n == 0) {
        return false;
    }
    return (span.low == NULL || compare(kind, node->key, *span.low) >= 0) &&
           (span.high == NULL || compare(kind, node->key, *span.high) < 0);
}

/* The pages of a value that does not fit into its leaf. */
static enum pt_err check_big(struct walk *w, size_t page, const struct node *node, struct tree *found)
{
    struct page_head head;
    uint32_t n_pages;
    size_t first = integer_of(pt_bytes_of(node->value, sizeof first));
    size_t n_needed = (sizeof head + node->n_value + w->page_bytes - 1) / w->page_bytes;
    enum pt_err err = claim(w, page, first, n_needed);
    if (err == PT_OK) {
        err = read_at(w, (uint64_t)first * w->page_bytes, &head, sizeof head);
    }
    if (err != PT_OK) {
        return err;
    }
    memcpy(&n_pages, &head.lower, sizeof n_pages);
    if (head.number != first || head.flags != PAGE_OVERFLOW || n_pages < n_needed) {
        return damaged(w, first);
    }
    found->n_overflow += n_pages;
    return n_pages == n_needed ? PT_OK : claim(w, first, first + n_needed, n_pages - n_needed);
}

/* The list of nodes is in order, inside its span, and the nodes have room on the page. */
static enum pt_err check_leaf(struct walk *w, const struct kind *kind, size_t number, const uint8_t *page,
                              struct span span, struct tree *found)
{
    struct page_head head;
    struct pt_bytes last;
    size_t n_bytes = 0;
    memcpy(&head, page, sizeof head);
    for (size_t i = 0; i < n_nodes(&head); i++) {
        struct node node;
        enum pt_err err = PT_OK;
        if (!read_node(w, page, i, true, &node) || !key_fits(kind, &node, span) ||
            (node.flags & ~kind->value_flags) != 0 || (i > 0 && compare(kind, node.key, last) <= 0)) {
            return damaged(w, number);
        }
        bool big = (node.flags & NODE_BIG) != 0;
        n_bytes += sizeof(struct node_head) + node.key.n + (big ? sizeof(size_t) : node.n_value);
        if (big) {
            err = check_big(w, number, &node, found);
        }
        if (err == PT_OK && kind->take != NULL) {
            err = kind->take(w, number, &node);
        }
        if (err != PT_OK) {
            return err;
        }
        last = node.key;
    }
    found->n_leaf++;
    found->n_entries += n_nodes(&head);
    return n_bytes <= w->page_bytes - head.upper ? PT_OK : damaged(w, number);
}

/* --- trees --- */

/* The i-th child of a branch and the keys it may hold: from its own up to that of the next, which `next` keeps. The
 * first one has no key of its own: it begins where the branch begins. */
static bool read_child(const struct walk *w, const struct kind *kind, const uint8_t *page, size_t i, struct span outer,
                       struct node *child, struct node *next, struct span *inner)
{
    struct page_head head;
    memcpy(&head, page, sizeof head);
    if (!read_node(w, page, i, false, child)) {
        return false;
    }
    *inner = (struct span){.low = i == 0 ? outer.low : &child->key, .high = outer.high};
    if (i + 1 == n_nodes(&head)) {
        return true;
    }
    if (!read_node(w, page, i + 1, false, next) || !key_fits(kind, next, *inner)) {
        return false;
    }
    inner->high = &next->key;
    return true;
}

/* The page and all below it; level 1 is a leaf. A page stays in its level's buffer while those below are walked. */
static enum pt_err walk_page(struct walk *w, const struct kind *kind, size_t number, unsigned level, struct span span,
                             struct tree *found) // NOLINT(misc-no-recursion): DEPTH_MAX levels
{
    struct page_head head;
    uint8_t *page = w->pages + (size_t)(level - 1) * w->page_bytes;
    enum pt_err err = read_tree_page(w, number, level == 1, page, &head);
    if (err != PT_OK || level == 1) {
        return err == PT_OK ? check_leaf(w, kind, number, page, span, found) : err;
    }
    found->n_branch++;
    for (size_t i = 0; i < n_nodes(&head) && err == PT_OK; i++) {
        struct node child;
        struct node next;
        struct span inner;
        if (!read_child(w, kind, page, i, span, &child, &next, &inner)) {
            return damaged(w, number);
        }
        err = claim(w, number, child.child, 1);
        if (err == PT_OK) {
            err = walk_page(w, kind, child.child, level - 1, inner, found);
        }
    }
    return err;
}

/* What the tree says of itself, compared with what is there. `from`: the page the record stands on. */
static enum pt_err walk_tree(struct walk *w, const struct kind *kind, size_t from, const struct tree *tree)
{
    struct tree found = {0};
    enum pt_err err = PT_OK;
    if ((tree->root == NO_PAGE) != (tree->depth == 0) || tree->depth > DEPTH_MAX ||
        tree->flags != (kind->integer_keys ? TREE_INTEGER_KEYS : 0)) {
        return damaged(w, from);
    }
    if (tree->root != NO_PAGE) {
        err = claim(w, from, tree->root, 1);
    }
    if (err == PT_OK && tree->root != NO_PAGE) {
        err = walk_page(w, kind, tree->root, tree->depth, (struct span){0}, &found);
    }
    bool agrees = found.n_branch == tree->n_branch && found.n_leaf == tree->n_leaf &&
                  found.n_overflow == tree->n_overflow && found.n_entries == tree->n_entries;
    return err == PT_OK && !agrees ? damaged(w, from) : err;
}

/* The tree of tables: names and records, nothing else. */
static enum pt_err take_table(struct walk *w, size_t page, const struct node *node)
{
    if (node->flags == 0 || node->n_value != sizeof(struct tree)) {
        return damaged(w, page);
    }
    for (int i = 0; i < PT_TABLE_COUNT; i++) {
        if (pt_bytes_eq(node->key, pt_bytes_str(pt_table_name((enum pt_table)i)))) {
            memcpy(&w->table[i], node->value, sizeof w->table[i]);
            w->has_table[i] = true;
            return PT_OK;
        }
    }
    return damaged(w, page); /* a changed name; another version's tables come with another format */
}

/* One list of free pages: their number, then the pages, the last one first. */
static enum pt_err take_free(struct walk *w, size_t page, const struct node *node)
{
    size_t n = node->n_value / sizeof(size_t);
    uint64_t offset = 0;
    w->freed_by = integer_of(node->key);
    if ((node->flags & NODE_BIG) != 0) {
        offset =
            (uint64_t)integer_of(pt_bytes_of(node->value, sizeof(size_t))) * w->page_bytes + sizeof(struct page_head);
    }
    size_t last = NO_PAGE;
    for (size_t i = 0; i < n; i++) {
        size_t free_page;
        if (offset == 0) {
            memcpy(&free_page, node->value + i * sizeof free_page, sizeof free_page);
        } else if (read_at(w, offset + i * sizeof free_page, &free_page, sizeof free_page) != PT_OK) {
            return PT_EIO;
        }
        if (i == 0) {
            if (free_page > n - 1) {
                return damaged(w, page);
            }
            n = free_page + 1; /* a list may be shorter than its value */
            continue;
        }
        /* A page past the end of the file was given back before it was ever written. */
        if (free_page < N_METAS || free_page > w->meta.last_page || free_page >= last ||
            (free_page < w->n_pages && !mark(w, free_page))) {
            return damaged(w, page);
        }
        last = free_page;
    }
    return n == 0 ? damaged(w, page) : PT_OK;
}

static enum pt_err walk_all(struct walk *w, size_t meta_page)
{
    static const struct kind tables = {.take = take_table, .value_flags = NODE_TABLE};
    static const struct kind rows = {.value_flags = NODE_BIG};
    static const struct kind free_pages = {.take = take_free, .value_flags = NODE_BIG, .integer_keys = true};
    enum pt_err err = walk_tree(w, &tables, meta_page, &w->meta.main);
    bool made = w->meta.main.root != NO_PAGE;
    for (size_t i = 0; i < PT_TABLE_COUNT && err == PT_OK && made; i++) {
        err = w->has_table[i] ? walk_tree(w, &rows, w->meta.main.root, &w->table[i]) : damaged(w, w->meta.main.root);
    }
    if (err == PT_OK) {
        err = walk_tree(w, &free_pages, meta_page, &w->meta.free);
    }
    /* Every commit but the first replaces pages, and lists them under its number. */
    return err == PT_OK && w->meta.txn > 1 && w->freed_by != w->meta.txn ? damaged(w, meta_page) : err;
}

/* --- meta pages --- */

static enum pt_err read_meta(struct walk *w, size_t page, struct meta *out)
{
    struct page_head head;
    uint64_t at = (uint64_t)page * w->page_bytes;
    if (at + sizeof head + sizeof *out > w->file_bytes) {
        w->cut = true;
        return damaged(w, page);
    }
    enum pt_err err = read_at(w, at, &head, sizeof head);
    if (err == PT_OK) {
        err = read_at(w, at + sizeof head, out, sizeof *out);
    }
    if (err != PT_OK) {
        return err;
    }
    bool good = head.number == page && head.flags == PAGE_META && out->magic == META_MAGIC &&
                out->version == META_VERSION && out->free.flags == TREE_INTEGER_KEYS &&
                out->free.pad >= PAGE_BYTES_MIN && out->free.pad <= PAGE_BYTES_MAX &&
                (out->free.pad & (out->free.pad - 1)) == 0;
    return good ? PT_OK : damaged(w, page);
}

/* The newer of both. Commits write them in turn: the even ones page 0, the odd ones page 1. */
static enum pt_err pick_meta(struct walk *w, size_t *page)
{
    struct meta meta[N_METAS];
    enum pt_err err = read_meta(w, 0, &meta[0]);
    if (err == PT_OK) {
        w->page_bytes = meta[0].free.pad;
        err = read_meta(w, 1, &meta[1]);
    }
    if (err != PT_OK) {
        return err;
    }
    *page = meta[1].txn > meta[0].txn ? 1 : 0;
    const struct meta *newer = &meta[*page];
    const struct meta *older = &meta[1 - *page];
    bool fresh = newer->txn == 0;
    bool in_turn = fresh || (newer->txn - older->txn == 1 && newer->txn % N_METAS == *page);
    if (!in_turn || newer->free.pad != older->free.pad || newer->last_page == NO_PAGE || newer->last_page < 1) {
        return damaged(w, *page);
    }
    w->meta = *newer;
    return PT_OK;
}

static enum pt_err check_file(struct walk *w)
{
    size_t meta_page = 0;
    enum pt_err err = pick_meta(w, &meta_page);
    if (err != PT_OK) {
        return err;
    }
    w->n_pages = (size_t)(w->file_bytes / w->page_bytes);
    /* Pages at the end that were given back in the commit that took them are never written, but they are few. */
    if (w->meta.last_page / 2 > w->n_pages + UNWRITTEN_PAGES_MAX) {
        return damaged(w, meta_page);
    }
    w->seen = pt_zalloc(w->n_pages / CHAR_BIT + 1);
    w->pages = pt_alloc(DEPTH_MAX * w->page_bytes);
    return w->seen == NULL || w->pages == NULL ? PT_ENOMEM : walk_all(w, meta_page);
}

/* --- the file --- */

static enum pt_err tell(const struct walk *w, enum pt_err err, const char *dir, struct pt_problem *problem)
{
    char page[24];
    if (err == PT_EDAMAGED) {
        (void)snprintf(page, sizeof page, "%zu", w->bad);
        return pt_problem_set(problem, err, w->cut ? PT_MSG_STORE_CUT : PT_MSG_STORE_PAGE, dir, page, NULL);
    }
    if (err == PT_ENOTFOUND) {
        return pt_problem_set(problem, PT_EDAMAGED, PT_MSG_STORE_EMPTY, dir, NULL);
    }
    if (err == PT_EIO) {
        return pt_problem_set(problem, err, PT_MSG_STORE_UNREADABLE, dir, NULL);
    }
    return pt_problem_default(problem, err, dir);
}

static enum pt_err check_open_file(struct walk *w, bool may_be_new)
{
    struct stat status;
    if (fstat(w->fd, &status) != 0) {
        return PT_EIO;
    }
    if (status.st_size == 0) {
        return may_be_new ? PT_OK : PT_ENOTFOUND;
    }
    w->file_bytes = (uint64_t)status.st_size;
    return check_file(w);
}

enum pt_err pt_store_pages_check(const char *dir, bool may_be_new, struct pt_problem *problem)
{
    char path[PATH_MAX];
    struct walk w = {.fd = -1};
    if (pt_path_join(path, sizeof path, dir, "data.mdb") != PT_OK) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_STORE_OPEN, dir, strerror(ENAMETOOLONG), NULL);
    }
    w.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (w.fd < 0 && errno == ENOENT) {
        return may_be_new ? PT_OK : tell(&w, PT_ENOTFOUND, dir, problem);
    }
    if (w.fd < 0) {
        return pt_problem_set(problem, PT_EIO, PT_MSG_STORE_OPEN, dir, strerror(errno), NULL);
    }
    enum pt_err err = check_open_file(&w, may_be_new);
    (void)close(w.fd);
    pt_free(w.seen);
    pt_free(w.pages);
    return err == PT_OK ? PT_OK : tell(&w, err, dir, problem);
}
