#include "io/net/address.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

static bool port_read(const char *text, char out[6])
{
    int64_t port;
    size_t n = strlen(text);
    if (n == 0 || n > 5 || pt_int_read(pt_bytes_of(text, n), &port) != PT_OK || port < 0 || port > UINT16_MAX) {
        return false;
    }
    memcpy(out, text, n + 1);
    return true;
}

static bool split(const char *text, struct pt_address *out)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !port_read(colon + 1, out->port)) {
        return false;
    }
    const char *host = text;
    size_t n = (size_t)(colon - text);
    if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    } else if (memchr(host, ':', n) != NULL) {
        return false; /* IPv6 without brackets: where does the port begin? */
    }
    if (n == 0 || n > PT_HOST_BYTES_MAX) {
        return false;
    }
    memcpy(out->host, host, n);
    out->host[n] = '\0';
    return true;
}

enum pt_err pt_address_read(const char *text, struct pt_address *out, struct pt_problem *problem)
{
    struct pt_address address;
    if (!split(text, &address)) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_NET_ADDRESS, text, NULL);
    }
    *out = address;
    return PT_OK;
}

enum pt_err pt_address_numeric(const struct pt_address *address, struct sockaddr_storage *out)
{
    int64_t port = 0;
    (void)!pt_int_read(pt_bytes_str(address->port), &port);
    *out = (struct sockaddr_storage){0};
    if (uv_ip4_addr(address->host, (int)port, (struct sockaddr_in *)out) == 0 ||
        uv_ip6_addr(address->host, (int)port, (struct sockaddr_in6 *)out) == 0) {
        return PT_OK;
    }
    return PT_EINVALID;
}

void pt_address_host_text(const struct sockaddr *socket, char out[PT_ADDRESS_TEXT_BYTES])
{
    static const char mapped[] = "::ffff:";
    (void)snprintf(out, PT_ADDRESS_TEXT_BYTES, "?");
    if (socket->sa_family == AF_INET) {
        (void)uv_ip4_name((const struct sockaddr_in *)(const void *)socket, out, PT_ADDRESS_TEXT_BYTES);
        return;
    }
    if (socket->sa_family != AF_INET6) {
        return;
    }
    (void)uv_ip6_name((const struct sockaddr_in6 *)(const void *)socket, out, PT_ADDRESS_TEXT_BYTES);
    if (strncmp(out, mapped, sizeof mapped - 1) == 0 && strchr(out, '.') != NULL) {
        memmove(out, out + sizeof mapped - 1, strlen(out) - (sizeof mapped - 1) + 1);
    }
}

unsigned pt_address_port(const struct sockaddr *socket)
{
    if (socket->sa_family == AF_INET) {
        return ntohs(((const struct sockaddr_in *)(const void *)socket)->sin_port);
    }
    return socket->sa_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)(const void *)socket)->sin6_port) : 0;
}

enum pt_err pt_uv_err(int code)
{
    switch (code) {
    case 0:
        return PT_OK;
    case UV_ENOMEM:
    case UV_ENOBUFS:
    case UV_EAI_MEMORY:
        return PT_ENOMEM;
    case UV_EACCES:
    case UV_EPERM:
        return PT_EDENIED;
    case UV_EADDRINUSE:
        return PT_EBUSY;
    case UV_ETIMEDOUT:
        return PT_ETIMEOUT;
    case UV_EOF:
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_ECONNABORTED:
        return PT_ECLOSED;
    case UV_ENOENT:
    case UV_ECONNREFUSED:
    case UV_EAI_NONAME:
    case UV_EAI_NODATA:
        return PT_ENOTFOUND;
    case UV_ECANCELED:
        return PT_ECANCELED;
    default:
        return PT_EIO;
    }
}

void pt_sigpipe_ignore(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
}
