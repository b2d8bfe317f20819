/* world_refill.c - offices that were restored get everything back before they give anything, as servers do
 * (server/renewal.h). */
#include "support/world.h"

#include "core/sync/peers.h"

static bool is_region_of(const struct world_node *node, const struct world_node *office)
{
    return node->tier == PT_TIER_REGION && node->upper == office;
}

/* Has every region brought back what it has? While the store cannot be read: no. */
static bool is_level(const struct world_node *office)
{
    struct world *w = office->world;
    struct pt_txn *txn;
    bool all = true;
    if (pt_store_begin_read(office->store, &txn) != PT_OK) {
        return false;
    }
    for (size_t i = 0; i < w->n_nodes; i++) {
        bool has = true;
        if (is_region_of(&w->node[i], office)) {
            all = pt_peer_has_delivered(txn, &w->node[i].author, office->epoch, &has) == PT_OK && has && all;
        }
    }
    pt_store_abort(txn);
    return all;
}

/* A region that has settled with head office, or just ended so. */
static bool is_settled_above(const struct world_node *region)
{
    const struct world *w = region->world;
    bool settled = false;
    for (size_t i = 0; i < w->n_links && !settled; i++) {
        const struct world_link *link = &w->link[i];
        const struct pt_session *session = link->in_use && link->node[0] == region ? link->session[0] : NULL;
        settled = session != NULL && !pt_session_only_delivers(session) &&
                  (link->ended[0] ? link->reason[0] == PT_OK : pt_session_is_settled(session));
    }
    return settled;
}

void world_follow_refilling(struct world_node *node)
{
    struct world *w = node->world;
    if (node->refilling && (node->tier == PT_TIER_REGION ? is_settled_above(node) : is_level(node))) {
        world_trace(w, "node %zu: refilled\n", world_number(node));
        node->refilling = false;
        node->asks_anew = true;
        w->n_refilled++;
    }
    for (size_t i = 0; i < w->n_links && node->asks_anew; i++) {
        if (w->link[i].in_use && w->link[i].open && is_region_of(w->link[i].node[0], node)) {
            world_cut(&w->link[i]);
        }
    }
    node->asks_anew = false;
}
