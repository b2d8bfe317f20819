/* scene.h - the small world most session tests begin with, and frames made by hand. Reports through Criterion. */
#ifndef SCENE_H
#define SCENE_H

#include "support/world.h"

#define A1 "a:2023/62.71/dinkes"
#define A2 "a:2023/62.71/disdukcapil"

/* Head office, one region, two devices of the region. */
struct scene {
    struct world *w;
    struct world_node *head, *region, *device, *other;
};

struct scene scene_open(uint64_t seed);
/* Closes the world. No allocation of the tested code is left. */
void scene_close(struct scene *scene);
/* A session that both sides end well, after which both have the same. */
struct world_link scene_sync(struct scene *scene, struct world_node *from);

/* The run of a log as one Chunks frame, in the arena: change it, then scene_put. Number 1 is announced in full. */
Patuh__Frame *scene_chunks(struct world_node *node, struct world_node *author, const char *subject, uint64_t from_seq,
                           struct pt_arena *arena);
/* Put a frame behind what side 0 has said. */
void scene_put(struct world_link *link, const Patuh__Frame *frame);
void scene_put_bytes(struct world_link *link, struct pt_bytes body);
/* Forget what side 0 has said and not yet brought across. */
void scene_unsay(struct world_link *link);

#endif
