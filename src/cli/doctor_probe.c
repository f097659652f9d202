/* SPDX-License-Identifier: MIT */
#include "cli/doctor_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <socketmap/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* RFC 2606: nobody has this domain. */
#define KEY "socketmap-doctor.invalid"

enum { PATIENCE_MS = 10000 };

static void ask(const char *endpoint, const char *map, struct probe *probe)
{
        struct socketmap_error error = {0};
        struct socketmap_result result = {0};
        struct socketmap_client *client = NULL;

        probe->error = socketmap_client_new(endpoint, &client, &error);
        if (probe->error == 0) {
                socketmap_client_set_timeout(client, PATIENCE_MS);
                probe->error = socketmap_client_lookup(
                        client, map, KEY, strlen(KEY), &result, &error);
        }
        if (probe->error < 0) {
                snprintf(probe->text, sizeof(probe->text), "%s", error.text);
        } else {
                probe->status = result.status;
                snprintf(probe->text, sizeof(probe->text), "%.*s",
                        result.size > 200 ? 200 : (int)result.size,
                        result.text);
        }
        socketmap_client_free(client);
}

static int become(const struct looker *looker)
{
        if (chdir(looker->directory) < 0 ||
                (looker->chrooted && chroot(".") < 0))
                return -errno;
        if (looker->name == NULL)
                return 0;
        if (setgroups(1, &looker->gid) < 0 || setgid(looker->gid) < 0 ||
                setuid(looker->uid) < 0)
                return -errno;
        return 0;
}

static void fail(struct probe *probe, int error, const struct looker *looker)
{
        probe->error = error;
        snprintf(probe->text, sizeof(probe->text), "can't work in %s: %s",
                looker->directory, strerror(-error));
}

/* The child's part: there is nobody to tell but by the pipe. */
static void ask_as(const struct looker *looker, const char *endpoint,
        const char *map, int output)
{
        struct probe probe = {0};
        int r = become(looker);

        if (r < 0)
                fail(&probe, r, looker);
        else
                ask(endpoint, map, &probe);
        _exit(write(output, &probe, sizeof(probe)) == sizeof(probe) ? 0 : 1);
}

/* Less than what a pipe takes at once: all of it or nothing. */
static int receive(int input, struct probe *ret_probe)
{
        struct probe probe;
        ssize_t n;

        do {
                n = read(input, &probe, sizeof(probe));
        } while (n < 0 && errno == EINTR);
        if (n != sizeof(probe))
                return n < 0 ? -errno : -ECHILD;
        *ret_probe = probe;
        return 0;
}

void probe(const struct looker *looker, const char *endpoint, const char *map,
        struct probe *ret_probe)
{
        int pipes[2], r;
        pid_t pid;

        if (pipe2(pipes, O_CLOEXEC) < 0) {
                fail(ret_probe, -errno, looker);
                return;
        }
        fflush(NULL); /* what is buffered must not be the child's, too */
        pid = fork();
        if (pid == 0)
                ask_as(looker, endpoint, map, pipes[1]);
        r = pid < 0 ? -errno : 0;
        close(pipes[1]);
        if (r == 0) {
                r = receive(pipes[0], ret_probe);
                while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        close(pipes[0]);
        if (r < 0)
                fail(ret_probe, r, looker);
}
