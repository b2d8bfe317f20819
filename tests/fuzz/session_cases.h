/* session_cases.h - the worlds in which the session is fuzzed, the same in the fuzzer and where its corpus is made. */
#ifndef SESSION_CASES_H
#define SESSION_CASES_H

#include "support/world.h"

enum { SESSION_CASES = 4 };

/* A device and its region that are about to sync: for the first time, after news on both sides, after the device was
 * restored, and with a file on its way. The device is node 2, the region node 1. */
struct world *session_case(unsigned which);

#endif
