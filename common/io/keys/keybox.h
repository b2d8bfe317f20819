/* keybox.h - a key pair in a file, sealed with a passphrase.
 *
 *   "patuh-keybox/1\n"  passes (4 bytes, big-endian)  KiB of memory (4)  salt (16)  nonce (24)  sealed seed (48)
 *
 * The passphrase becomes a key through Argon2id (RFC 9106); the seed of the pair is sealed with XChaCha20-Poly1305, the
 * header before it included. New files take 3 passes over 64 MiB, the second recommended choice of RFC 9106 section 4;
 * the file says its own, so that they can grow. Thread: any; takes about a tenth of a second.  Memory: the pair is the
 * caller's, to be wiped with pt_keypair_wipe. */
#ifndef PT_KEYBOX_H
#define PT_KEYBOX_H

#include "base/problem.h"
#include "core/crypto.h"

#define PT_PASSPHRASE_BYTES_MIN 8 /* NIST SP 800-63B section 5.1.1.1 */
#define PT_PASSPHRASE_BYTES_MAX 1024

/* Make a new pair and its file, mode 0600; never overwrites. Errors with a sentence: INVALID (passphrase too short or
 * too long), EXISTS, NOMEM, FULL, IO. */
enum pt_err pt_keybox_create(const char *path, struct pt_bytes passphrase, const struct pt_random *random,
                             struct pt_keypair *out, struct pt_problem *problem);
/* Errors with a sentence: NOTFOUND, DAMAGED (not such a file), DENIED (another passphrase, or the file was changed),
 * NOMEM, IO. */
enum pt_err pt_keybox_open(const char *path, struct pt_bytes passphrase, struct pt_keypair *out,
                           struct pt_problem *problem);

#endif
