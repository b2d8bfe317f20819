#include "core/instrument/instrument.h"

#include <string.h>

static const char *const type_names[PT_NODE_TYPE_COUNT] = {
    "group", "repeat", "select_one", "select_multiple", "integer", "decimal", "text", "note", "calculate", "image",
};

const char *pt_node_type_name(enum pt_node_type type)
{
    return type_names[type];
}

const char *pt_zone_name(enum pt_zone_colour zone)
{
    static const char *const names[] = {"green", "yellow", "red"};
    return names[zone];
}

uint32_t pt_node_find(const struct pt_instrument *instrument, struct pt_bytes name)
{
    size_t low = 0;
    size_t high = instrument->n_nodes;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = pt_bytes_cmp(pt_bytes_str(instrument->by_name[mid].name), name);
        if (order == 0) {
            return instrument->by_name[mid].node;
        }
        low = order < 0 ? mid + 1 : low;
        high = order < 0 ? high : mid;
    }
    return PT_NONE;
}

uint32_t pt_node_by_number(const struct pt_instrument *instrument, uint32_t number)
{
    size_t low = 0;
    size_t high = instrument->n_nodes;
    size_t mid = number; /* where it is when no number was left out */
    for (; low < high; mid = low + (high - low) / 2) {
        mid = mid < high ? mid : high - 1;
        const struct pt_node_key *key = &instrument->by_number[mid];
        if (key->number == number) {
            return key->node;
        }
        low = key->number < number ? mid + 1 : low;
        high = key->number < number ? high : mid;
    }
    return PT_NONE;
}

bool pt_node_is_question(const struct pt_node *node)
{
    return node->type != PT_NODE_GROUP && node->type != PT_NODE_REPEAT && node->type != PT_NODE_NOTE &&
           node->type != PT_NODE_CALCULATE;
}

bool pt_node_is_scored(const struct pt_node *node)
{
    return node->has_weight && node->type != PT_NODE_GROUP && node->type != PT_NODE_REPEAT;
}

const struct pt_choice *pt_choice_by_number(const struct pt_instrument *instrument, uint32_t list, uint32_t number)
{
    for (size_t i = 0; list < instrument->n_lists && i < instrument->lists[list].n_choices; i++) {
        if (instrument->lists[list].choices[i].number == number) {
            return &instrument->lists[list].choices[i];
        }
    }
    return NULL;
}

const struct pt_zone *pt_zone_of(const struct pt_instrument *instrument, int64_t score)
{
    for (size_t i = 0; i < instrument->n_zones; i++) {
        const struct pt_zone *zone = &instrument->zones[i];
        if (score > zone->lower || (score == zone->lower && !zone->lower_exclusive)) {
            return zone;
        }
    }
    return NULL;
}
