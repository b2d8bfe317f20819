/* limits.h - every limit of the formats and of the protocol, in one place (proto/README.md tells them to other
 * clients).
 *
 * Sizes in bytes, times in milliseconds unless the name says otherwise. Foreign bytes are compared with these before
 * anything is allocated. */
#ifndef PT_LIMITS_H
#define PT_LIMITS_H

/* ids */
#define PT_HASH_BYTES 32      /* BLAKE2b-256 */
#define PT_KEY_BYTES 32       /* Ed25519 public key, and its seed */
#define PT_SIGNATURE_BYTES 64 /* Ed25519 */
#define PT_SUBJECT_BYTES_MAX 95
#define PT_OFFICE_CODE_BYTES_MAX 31
#define PT_INSTANCE_BYTES_MAX 32 /* product code or five base-32 digits */
#define PT_NAME_BYTES_MAX 127    /* a person, office, institution, unit, product */
#define PT_PATH_BYTES_MAX 160

/* chunks */
#define PT_CHUNK_SEAL_BYTES 2048     /* a tail is sealed when its encoding reaches this */
#define PT_CHUNK_BYTES_MAX 4096      /* one large entry */
#define PT_CHUNK_RAW_BYTES_MAX 65536 /* declared size of a compressed body */
#define PT_CHUNK_ENTRIES_MAX 1024
#define PT_ENTRY_REPLACES_MAX 64
#define PT_INSTANCES_PER_LOG_MAX 500 /* products and respondents that one author adds to one assessment */
#define PT_CUT_LOGS_MAX 64           /* logs in one cut */
#define PT_TEXT_BYTES_MAX 2000       /* one free text or note */
#define PT_TEXT_SALT_BYTES 16
#define PT_TEXT_CONTENT_BYTES_MAX (PT_TEXT_SALT_BYTES + PT_TEXT_BYTES_MAX)
#define PT_BLOB_BYTES_MAX (256 * 1024)
#define PT_INSTRUMENT_BYTES_MAX PT_BLOB_BYTES_MAX

/* instruments */
#define PT_INSTRUMENT_NODES_MAX 4000
#define PT_INSTRUMENT_TEXTS_MAX 20000
#define PT_INSTRUMENT_ARENA_BYTES 16777216 /* 16 MiB: what 256 KiB of instrument may expand to */
#define PT_CHOICES_MAX 64                  /* numbers of one list: bits of an answer */
#define PT_NODE_NAME_BYTES_MAX 40
#define PT_WEIGHT_MAX 1000000LL /* weights and scores in the sheets, in whole units */
#define PT_CONFLICT_COMBINATIONS_MAX 4096

/* stored per log and office */
#define PT_PARKED_PER_LOG_MAX 64
#define PT_RUN_CHUNKS_MAX 1024       /* under one signature */
#define PT_RUN_BYTES_MAX (60 * 1024) /* of its chunks: with all that stands beside them they fit one frame */
#define PT_RECEIPT_BRANCHES_MAX 64   /* of a forked log, named in one receipt */
#define PT_PRUNE_AGE_MS (30LL * 24 * 3600 * 1000) /* for so long a device keeps what head office has */
#define PT_STORE_RESERVE_BYTES (64LL * 1024 * 1024)

/* wire */
#define PT_FRAME_BYTES_MAX_UNKNOWN 16384 /* before the peer is known */
#define PT_FRAME_BYTES_MAX 65536
#define PT_ENROL_FRAME_BYTES_MAX 1024
#define PT_FRAME_DEPTH_MAX 8
#define PT_FRAME_FIELDS_MAX 20000
#define PT_FRAME_ARENA_FACTOR 8 /* arena budget = factor * frame bytes + PT_FRAME_ARENA_BASE */
#define PT_FRAME_ARENA_BASE 8192
#define PT_CREDIT_BYTES (16 * 1024) /* assumed before Welcome says otherwise */
#define PT_BLOB_PART_BYTES (16 * 1024)
#define PT_HEADS_PER_PAGE 256
#define PT_BLOB_HASHES_MAX 64 /* in one offer, in one receipt */

/* bundles */
#define PT_BUNDLE_HEAD_BYTES_MAX 1024
#define PT_BUNDLE_RECORD_BYTES_MAX PT_FRAME_BYTES_MAX /* before it is encrypted */
#define PT_BUNDLE_RECIPIENTS_MAX 4                    /* the offices of a chain */

/* enrolment */
#define PT_ENROL_TRIES_PER_CODE 5
#define PT_ENROL_PER_MINUTE_PER_ADDRESS 20
#define PT_INVITE_TTL_S (7 * 24 * 3600)

/* connection clocks */
#define PT_CONNECT_MS_MAX 20000 /* one address; the kernel alone would try for 130 s */
#define PT_TLS_MS_MAX 20000
#define PT_HELLO_MS_MAX 20000
#define PT_PROGRESS_MS 60000 /* while a frame is open PT_PROGRESS_BYTES arrive in it: a radio may be gone for 30 s */
#define PT_PROGRESS_BYTES 256
#define PT_STALL_MS_MAX 60000 /* the peer takes nothing, or the queue stays over its maximum */
#define PT_LINGER_MS_MAX 5000 /* to see the peer's end after ours */
#define PT_SESSION_MS_MAX (30 * 60 * 1000)
#define PT_LAST_WORDS_MS_MAX 10000 /* for what is queued, when the session's time is over or the program ends */
#define PT_SESSIONS_MAX 4000
#define PT_SESSIONS_PER_ADDRESS_MAX 400 /* a whole office may sit behind one address */

#define PT_SEGMENT_BYTES 1348 /* TCP segment that passes the tunnels of mobile networks */

/* what waits to be sent on one connection */
#define PT_QUEUE_BYTES_HIGH 65536 /* above it nothing more is read from the peer */
#define PT_QUEUE_BYTES_LOW 16384
#define PT_QUEUE_BYTES_MAX 262144               /* from here on nothing more is taken */
#define PT_BACKLOG_BYTES_MAX (16 * 1024 * 1024) /* frames of a session that wait for room in the queue */
#define PT_FRAMES_PER_TURN 32                   /* handled before other connections get their turn */

#endif
