#include "sim.h"
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    struct sim_options o = sim_defaults();
    struct sim_result r;
    o.seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    if (argc > 2)
        o.without = (unsigned)strtoul(argv[2], NULL, 16);
    if (argc > 3)
        o.days = strtoul(argv[3], NULL, 10);
    if (argc > 4)
        o.devices = strtoul(argv[4], NULL, 10);
    sim_run(&o, NULL, &r);
    printf("seed %llu: events %zu steps %zu sessions %zu entries %zu chunks %zu bytes %zu merges %zu conflicts %zu "
           "approvals %zu trace %016llx\n",
           (unsigned long long)o.seed, r.events, r.steps, r.sessions, r.entries, r.chunks, r.bytes, r.merges,
           r.conflicts, r.approvals, (unsigned long long)r.trace);
    for (int i = 0; i < SIM_FAULTS; i++)
        printf(" %s=%zu", sim_fault_name((enum sim_fault)i), r.happened[i]);
    printf("\n");
    return 0;
}
