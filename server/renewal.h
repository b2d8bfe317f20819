/* renewal.h - an office whose store went back in time (a backup, a copy) begins a new life.
 *
 * A new epoch: its receipts are those of another store from now on. A new incarnation: it writes new logs beside the
 * old ones, whose lost ends come back from devices and regions. Noticed in three ways: at opening, when D/marker does
 * not fit (io/store/marker.h); when a peer has a receipt of this epoch for more than is here; when somebody has more of
 * our own logs than we. Thread: office_renew the loop's while the server runs, else the only one. */
#ifndef PATUHD_RENEWAL_H
#define PATUHD_RENEWAL_H

#include "base/problem.h"

struct office;

/* why: a word for the log. Durable when it returns PT_OK. */
enum pt_err office_renew(struct office *office, const char *why);
/* Right after opening: renews when the marker is not this store's. */
enum pt_err office_check_marker(struct office *office, struct pt_problem *problem);
/* At a clean start: a new marker on both sides. */
enum pt_err office_mark(struct office *office, struct pt_problem *problem);
#endif
