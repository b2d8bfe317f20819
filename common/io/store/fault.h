/* fault.h - the disk fails under a program that has the store mapped.
 *
 * LMDB reads through the page cache: a page that the disk cannot give any more, or a file that somebody cut off, ends
 * the process with SIGBUS. Nothing can go on from there; but it is said in one sentence, and the exit code is 1. What
 * was committed is on the disk, what was receipted is safe.
 *
 * Thread: the one that starts the program, before any other. */
#ifndef PT_FAULT_H
#define PT_FAULT_H

/* From now on such a fault ends the process with a sentence that names the folder. */
void pt_fault_watch(const char *folder);

#endif
