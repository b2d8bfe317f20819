#include "session_cases.h"

#include "base/check.h"

#define SUBJECT "a:2023/62.71/dinkes"

static void write_evidence(struct world_node *node)
{
    struct pt_hash hash = world_file(node, 20000);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE, 1700000000);
    entry.question = 1;
    entry.hash = hash;
    entry.detail = pt_bytes_of("", 0);
    world_write_entry(node, SUBJECT, &entry);
}

static void write_note(struct world_node *node)
{
    struct pt_hash hash = world_text(node, SUBJECT, false); /* named and not here: it will be asked for */
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_NOTE, 1700000000);
    entry.question = 1;
    entry.hash = hash;
    world_write_entry(node, SUBJECT, &entry);
}

struct world *session_case(unsigned which)
{
    struct world *w = world_create(77);
    struct world_node *head = world_node(w, 2, "0", NULL);
    struct world_node *region = world_node(w, 1, "62", head);
    struct world_node *device = world_node(w, 0, "", region);
    struct world_node *other = world_node(w, 0, "", region);
    w->quick = true;
    world_assign(device, SUBJECT);
    world_assign(other, SUBJECT);
    world_write(device, SUBJECT, 9);
    if (which == 0) {
        return w;
    }
    (void)world_sync(w, device, region);
    (void)world_sync(w, region, head);
    struct pt_store *backup = world_backup(device);
    world_write(device, SUBJECT, 5);
    world_write(other, SUBJECT, 8);
    write_note(other);
    (void)world_sync(w, other, region);
    if (which == 2) {
        (void)world_sync(w, device, region);
        world_restore(device, backup);
        world_write(device, SUBJECT, 3);
        return w;
    }
    pt_store_close(backup);
    if (which == 3) {
        write_evidence(device);
    }
    return w;
}
