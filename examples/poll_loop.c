/* SPDX-License-Identifier: MIT */
/*
 * A server inside a program that has a poll() loop already. This one reads
 * values from stdin, a line each, and serves the latest; at the end of stdin
 * it answers what it has read, and ends. Usage: poll_loop ENDPOINT
 */
#include <poll.h>
#include <socketmap.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char latest[256];

static void lookup(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        if (latest[0] != '\0')
                socketmap_reply_ok(request, latest);
        else
                socketmap_reply_notfound(request);
}

/* The program's own work. Returns 0 when it is over. */
static int read_line(void)
{
        char line[sizeof(latest)];
        ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

        if (n <= 0)
                return 0;
        memcpy(latest, line, (size_t)n);
        latest[n] = '\0';
        latest[strcspn(latest, "\n")] = '\0';
        return 1;
}

int main(int argc, char *argv[])
{
        struct socketmap_server *server = socketmap_server_new();
        struct pollfd fds[2] = {
                {.fd = socketmap_server_get_fd(server), .events = POLLIN},
                {.fd = STDIN_FILENO, .events = POLLIN},
        };
        int r;

        if (argc != 2) {
                fprintf(stderr, "usage: poll_loop ENDPOINT\n");
                return 2;
        }
        socketmap_server_add_map(
                server, "latest", lookup, NULL, SOCKETMAP_INLINE);
        socketmap_server_listen(server, argv[1], NULL);
        while ((r = socketmap_server_dispatch(server)) > 0) {
                if (poll(fds, 2, -1) <= 0)
                        continue;
                if (fds[1].revents != 0 && !read_line()) {
                        socketmap_server_drain(server, 1000);
                        fds[1].fd = -1;
                }
        }
        socketmap_server_free(server);
        return r < 0;
}
