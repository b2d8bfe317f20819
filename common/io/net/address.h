/* address.h - "host:port" as people write it, and what the loop's error numbers mean for us.
 *
 * Thread: any.  Memory: caller's. */
#ifndef PT_ADDRESS_H
#define PT_ADDRESS_H

#include "base/problem.h"

#include <sys/socket.h>

#define PT_HOST_BYTES_MAX 253
#define PT_ADDRESS_TEXT_BYTES 64 /* numeric address with port, NUL included */

struct pt_address {
    char host[PT_HOST_BYTES_MAX + 1]; /* name or numeric, without brackets */
    char port[6];                     /* "0" .. "65535" */
};

/* "name:port", "1.2.3.4:port", "[::1]:port". Errors: INVALID (sentence set). */
enum pt_err pt_address_read(const char *text, struct pt_address *out, struct pt_problem *problem);
/* The socket address of a numeric host. Errors: INVALID (a name, not a number). */
enum pt_err pt_address_numeric(const struct pt_address *address, struct sockaddr_storage *out);
/* Numeric text without the port, for counting and for log lines; "?" for an unknown family. An IPv4 address inside an
 * IPv6 one is written as IPv4. */
void pt_address_host_text(const struct sockaddr *socket, char out[PT_ADDRESS_TEXT_BYTES]);
unsigned pt_address_port(const struct sockaddr *socket);

/* NOMEM, DENIED, BUSY (address in use), TIMEOUT, CLOSED (the other side is gone), NOTFOUND, CANCELED; IO for the rest.
 */
enum pt_err pt_uv_err(int code);
/* A write to a reset peer would kill the process: libuv writes without MSG_NOSIGNAL. Called by whoever opens sockets.
 */
void pt_sigpipe_ignore(void);

#endif
