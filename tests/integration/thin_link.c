/* thin_link.c - a link that is up only now and then, in one program: a relay on loopback that is told what to do.
 *
 *     thin_link PORT_FILE REPORT_FILE HOST:PORT < commands
 *
 * Listens on a free port of 127.0.0.1 (written to PORT_FILE) for what should reach HOST:PORT. It begins down: who
 * connects waits, as on a network without a signal. Commands, one a line:
 *     up BYTES    pass this many bytes, both ways together; then it is down again
 *     down        at once
 * Going down resets every connection; "BYTES" (what passed since it came up) is then a new line of REPORT_FILE. Ends at
 * the end of the commands. */
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

#define PAIRS_MAX 32

struct pair {
    int client;
    int server;
};

struct thin_link {
    int listener;
    struct sockaddr_in office;
    const char *report;
    struct pair pairs[PAIRS_MAX];
    size_t n_pairs;
    bool up;
    long left;
    long passed;
    char line[64]; /* of a command */
    size_t n_line;
};

static bool read_address(const char *text, struct sockaddr_in *out)
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
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, n) != 0 || listen(fd, PAIRS_MAX) != 0 ||
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

static void end_pair(struct thin_link *l, size_t i)
{
    struct linger hard = {.l_onoff = 1}; /* a reset: nobody says goodbye on a lost link */
    (void)setsockopt(l->pairs[i].client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    (void)setsockopt(l->pairs[i].server, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    (void)close(l->pairs[i].client);
    (void)close(l->pairs[i].server);
    l->pairs[i] = l->pairs[--l->n_pairs];
}

static void go_down(struct thin_link *l)
{
    if (!l->up) {
        return;
    }
    while (l->n_pairs > 0) {
        end_pair(l, l->n_pairs - 1);
    }
    l->up = false;
    FILE *file = fopen(l->report, "a");
    if (file != NULL) {
        (void)fprintf(file, "%ld\n", l->passed);
        (void)fclose(file);
    }
}

static void take_client(struct thin_link *l)
{
    int client = accept(l->listener, NULL, NULL);
    int server = client < 0 ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = server >= 0 && l->n_pairs < PAIRS_MAX &&
                connect(server, (const struct sockaddr *)&l->office, sizeof l->office) == 0;
    if (good) {
        l->pairs[l->n_pairs++] = (struct pair){client, server};
        return;
    }
    if (client >= 0) {
        (void)close(client);
    }
    if (server >= 0) {
        (void)close(server);
    }
}

/* false: this direction is at its end. */
static bool pass(struct thin_link *l, int from, int to)
{
    char part[4096];
    size_t room = l->left < (long)sizeof part ? (size_t)l->left : sizeof part;
    ssize_t n = read(from, part, room);
    for (ssize_t done = 0; done < n;) {
        ssize_t written = send(to, part + done, (size_t)(n - done), MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        done += written;
    }
    l->left -= n > 0 ? (long)n : 0;
    l->passed += n > 0 ? (long)n : 0;
    return n > 0;
}

static void obey(struct thin_link *l, const char *line)
{
    go_down(l);
    if (strncmp(line, "up ", 3) == 0) {
        l->left = strtol(line + 3, NULL, 10);
        l->passed = 0;
        l->up = l->left > 0;
    }
}

/* false: the end of the commands. */
static bool take_commands(struct thin_link *l)
{
    char part[256];
    ssize_t n = read(STDIN_FILENO, part, sizeof part);
    for (ssize_t i = 0; i < n; i++) {
        if (part[i] == '\n' || l->n_line + 1 == sizeof l->line) {
            l->line[l->n_line] = '\0';
            l->n_line = 0;
            obey(l, l->line);
        } else {
            l->line[l->n_line++] = part[i];
        }
    }
    return n > 0 || (n < 0 && errno == EINTR);
}

static void pass_pairs(struct thin_link *l, const struct pollfd *ends)
{
    for (size_t i = l->n_pairs; i > 0 && l->left > 0; i--) { /* from the end: an ended pair is filled by the last */
        const struct pair *pair = &l->pairs[i - 1];
        const struct pollfd *end = &ends[2 * (i - 1)];
        bool open = end[0].revents == 0 || pass(l, pair->client, pair->server);
        open = open && (end[1].revents == 0 || l->left == 0 || pass(l, pair->server, pair->client));
        if (!open) {
            end_pair(l, i - 1);
        }
    }
    if (l->left == 0) {
        go_down(l);
    }
}

static void run(struct thin_link *l)
{
    struct pollfd fds[2 + 2 * PAIRS_MAX];
    for (;;) {
        size_t n = 0;
        size_t n_pairs = l->n_pairs;
        fds[n++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        fds[n++] = (struct pollfd){.fd = l->up ? l->listener : -1, .events = POLLIN};
        for (size_t i = 0; i < n_pairs; i++) {
            fds[n++] = (struct pollfd){.fd = l->pairs[i].client, .events = POLLIN};
            fds[n++] = (struct pollfd){.fd = l->pairs[i].server, .events = POLLIN};
        }
        if (poll(fds, (nfds_t)n, -1) < 0) {
            continue;
        }
        if (l->up) {
            pass_pairs(l, fds + 2);
        }
        if (l->up && fds[1].revents != 0) {
            take_client(l);
        }
        if (fds[0].revents != 0 && !take_commands(l)) {
            return;
        }
    }
}

int main(int argc, char **argv)
{
    static struct thin_link link;
    if (argc != 4 || !read_address(argv[3], &link.office)) {
        (void)fprintf(stderr, "thin_link PORT_FILE REPORT_FILE HOST:PORT\n");
        return 2;
    }
    link.report = argv[2];
    link.listener = listen_free(argv[1]);
    if (link.listener < 0) {
        perror("thin_link");
        return 1;
    }
    run(&link);
    go_down(&link);
    return 0;
}
