/* disk_shim.h - stands between a program and the disk: fails writes on demand, records them for power-cut replay.
 *
 * Linked into a test program it takes the place of pwrite, writev, write, ftruncate, fsync and fdatasync for everybody
 * in it, the database library included; only files below the watched folder are touched.
 * Thread: faults and records belong to one thread. */
#ifndef PT_TEST_DISK_SHIM_H
#define PT_TEST_DISK_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The folder concerned, by its real path; NULL: none. Stays the caller's. */
void disk_shim_watch(const char *folder);

/* Let `pass` writes and syncs through, then fail each with this errno until disarmed. */
void disk_shim_fault_arm(size_t pass, int code);
void disk_shim_fault_disarm(void);

enum disk_op { DISK_WRITE, DISK_SYNC, DISK_ACK };

struct disk_record {
    enum disk_op op;
    bool durable;    /* a write through a descriptor with O_DSYNC or O_SYNC */
    char name[32];   /* of the file, without the folder */
    uint64_t offset; /* of a write; number of the acknowledgement */
    size_t n;
    uint8_t *data; /* of a write; the trace's */
};

struct disk_trace {
    struct disk_record *records;
    size_t n;
    size_t capacity;
};

/* Record into trace (zeroed by the caller) until stopped with NULL. A trace that cannot grow aborts the program. */
void disk_shim_record(struct disk_trace *trace);
/* Marks the moment at which the program would have promised something. */
void disk_shim_ack(uint64_t number);
void disk_trace_free(struct disk_trace *trace);

#endif
