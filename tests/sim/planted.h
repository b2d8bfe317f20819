/* planted.h - faults put into the code under test while it is linked, to see that the simulator bites. */
#ifndef SIM_PLANTED_H
#define SIM_PLANTED_H

#include "sim.h"

/* From now on in this process; SIM_PLANT_NONE takes them out again. SIM_PLANT_EARLY is the world's own writer. */
void sim_plant_fault(enum sim_plant plant);
const char *sim_plant_name(enum sim_plant plant);

#endif
