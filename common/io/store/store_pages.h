/* store_pages.h - is the store's file whole? Read page by page, before LMDB maps it.
 *
 * LMDB trusts its own pages: where one was cut off or changed, it may die, hang, or leave rows out without a word. So
 * the file is walked first, with bounds checks and nothing mapped: both meta pages, every page of every table and the
 * list of free pages. Page numbers, sizes, order of keys, depths and counts have to agree, and no page may be used
 * twice. The values are not looked at; that is the envelope's part (core/store/envelope.h).
 * What it cannot see: a changed number that makes the newest commit look like one that failed on the disk. The store
 * is then the one before that commit, as after a restore.
 *
 * Thread: any; nobody else has the store open.  Cost: the file is read once, without the values on pages of their own.
 */
#ifndef PT_STORE_PAGES_H
#define PT_STORE_PAGES_H

#include "base/problem.h"

#include <stdbool.h>

/* The store in folder dir. may_be_new: a file that is missing or empty is good (LMDB makes it), else it is damage.
 * Errors, each with a sentence: DAMAGED, IO (the disk cannot read it), NOMEM. */
enum pt_err pt_store_pages_check(const char *dir, bool may_be_new, struct pt_problem *problem);

#endif
