/* renewal.h - an office whose store went back in time (a backup, a copy) begins a new life, and gets back what it lost.
 *
 * A new epoch: its receipts are those of another store from now on. A new incarnation: it writes new logs beside the
 * old ones, whose lost ends come back from devices and regions. Noticed in three ways: at opening, when D/marker does
 * not fit (io/store/marker.h); when a peer has a receipt of this epoch for more than is here; when somebody has more of
 * our own logs than we.
 *
 *   serving --renew--> refilling --refilled--> serving
 *
 * While it is refilling it takes and receipts what peers bring, and gives them nothing: it may have lost who was
 * revoked, what was returned, and what it decided itself. A region is refilled when it was settled once with head
 * office, head office when every region has brought all it has; or when somebody says so (`serve --alone`). Codes that
 * were open when it was renewed have expired: in what is lost they may have been used.
 * Thread: the loop's while the server runs, else the only one; office_unheard on any. */
#ifndef PATUHD_RENEWAL_H
#define PATUHD_RENEWAL_H

#include "base/problem.h"
#include "core/store/store.h"

struct office;

/* why: a word for the log. Durable when it returns PT_OK. */
enum pt_err office_renew(struct office *office, const char *why);
/* Right after opening: renews when the marker is not this store's. */
enum pt_err office_check_marker(struct office *office, struct pt_problem *problem);
/* Everything is back, or has to do without: durable when it returns PT_OK. */
enum pt_err office_refilled(struct office *office, const char *why);
/* As the store says it, for whoever is not on the loop's thread. Errors: those of the store. */
enum pt_err office_is_refilling(struct pt_txn *txn, bool *refilling);
/* Of a refilling office: the first one that has yet to bring back what it has, "" when nobody has to. For a region that
 * is head office; for head office, a region of its own log. code: PT_OFFICE_CODE_BYTES_MAX + 1 bytes. Errors: those of
 * the store. */
enum pt_err office_unheard(const struct office *office, char *code, bool *refilling);
/* At a clean start: a new marker on both sides. */
enum pt_err office_mark(struct office *office, struct pt_problem *problem);
#endif
