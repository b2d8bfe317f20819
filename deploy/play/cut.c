/* cut.c - a bad network in one program: a relay on loopback that cuts a connection after so many bytes.
 *
 *     play-cut PORT_FILE HOST:PORT CONNECTION BYTES
 *
 * Listens on a free port of 127.0.0.1 (written to PORT_FILE), passes everything on to HOST:PORT, and kills the
 * connection with the given number (from 1) when BYTES have gone towards the office. Ends on SIGTERM. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool address_of(const char *text, struct sockaddr_in *out)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof host) {
        return false;
    }
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    *out = (struct sockaddr_in){.sin_family = AF_INET};
    out->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    return inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static int listen_free(const char *port_file)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, n) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &n) != 0) {
        return -1;
    }
    FILE *file = fopen(port_file, "w");
    if (file == NULL) {
        return -1;
    }
    (void)fprintf(file, "127.0.0.1:%u\n", (unsigned)ntohs(address.sin_port));
    return fclose(file) == 0 ? fd : -1;
}

/* false: this direction is at its end. *left is what may still pass; -1 = everything. */
static bool pass(int from, int to, long *left)
{
    char part[4096];
    size_t room = *left >= 0 && *left < (long)sizeof part ? (size_t)*left : sizeof part;
    ssize_t n = read(from, part, room);
    for (ssize_t done = 0; done < n;) {
        ssize_t written = send(to, part + done, (size_t)(n - done), MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        done += written;
    }
    *left -= *left >= 0 && n > 0 ? (long)n : 0;
    return n > 0 && *left != 0;
}

static void relay(int client, const struct sockaddr_in *office, long bytes)
{
    long up = bytes;
    long down = -1;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool open = server >= 0 && connect(server, (const struct sockaddr *)office, sizeof *office) == 0;
    while (open) {
        struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
        if (poll(ends, 2, -1) < 0 && errno != EINTR) {
            break;
        }
        open = (ends[0].revents == 0 || pass(client, server, &up)) &&
               (ends[1].revents == 0 || pass(server, client, &down));
    }
    struct linger hard = {.l_onoff = 1}; /* a reset, as when a boat goes round a cape */
    (void)setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    (void)close(client);
    (void)close(server);
}

int main(int argc, char **argv)
{
    struct sockaddr_in office;
    if (argc != 5 || !address_of(argv[2], &office)) {
        (void)fprintf(stderr, "play-cut PORT_FILE HOST:PORT CONNECTION BYTES\n");
        return 2;
    }
    long cut_at = strtol(argv[3], NULL, 10);
    int listener = listen_free(argv[1]);
    if (listener < 0) {
        perror("play-cut");
        return 1;
    }
    for (long number = 1;; number++) {
        int client = accept(listener, NULL, NULL);
        if (client >= 0) {
            relay(client, &office, number == cut_at ? strtol(argv[4], NULL, 10) : -1);
        }
    }
}
