/* SPDX-License-Identifier: MIT */
#include "caches.h"
#include "asking.h"
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
        pid_t pid; /* 0: none is running */
        char *path;
        int fd;
};

static struct server redis, memcached;

/* It must not outlive the test, and needs no more than its socket. */
static void start(struct server *server, const char *directory,
        const char *name, const char *command)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        server->path = join(directory, name);
        snprintf(
                address.sun_path, sizeof(address.sun_path), "%s", server->path);
        server->pid = fork();
        assert(server->pid >= 0);
        if (server->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)!freopen("/dev/null", "w", stdout);
                close_range(3, ~0U, 0); /* another server's end hangs on one */
                if (chdir(directory) == 0)
                        execl("/bin/sh", "sh", "-c", command, NULL);
                _exit(127);
        }
        server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        while (connect(server->fd, (struct sockaddr *)&address,
                       sizeof(address)) < 0) {
                assert(waitpid(server->pid, NULL, WNOHANG) == 0);
                usleep(10000);
        }
}

static void end(struct server *server)
{
        if (server->pid == 0)
                return;
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        close(server->fd);
        unlink(server->path);
        free(server->path);
        server->pid = 0;
}

/* Sends a command and takes the reply, which has to be this. */
static void tell(const struct server *server, const char *command, size_t size,
        const char *reply)
{
        size_t got = 0, wanted = strlen(reply);
        char text[100] = "";

        while (size > 0) {
                ssize_t sent = write(server->fd, command, size);

                assert(sent > 0);
                command += sent;
                size -= (size_t)sent;
        }
        while (got < wanted) {
                ssize_t more = read(server->fd, text + got, wanted - got);

                assert(more > 0);
                got += (size_t)more;
        }
        if (memcmp(text, reply, wanted) != 0)
                abort();
}

static char *write_table(
        const char *directory, const char *type, const char *options)
{
        char *path = write_file(directory, type, span_of(options)), *spec;

        if (asprintf(&spec, "%s:%s", type, path) < 0)
                abort();
        free(path);
        return spec;
}

char *make_redis(const char *directory, const char *key, const char *value)
{
        char *folded = fold_key(key), *text, *spec;
        int size;

        if (redis.pid == 0)
                start(&redis, directory, "/redis.sock",
                        "exec redis-server --port 0 --save '' --unixsocket "
                        "redis.sock");
        size = asprintf(&text,
                "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n",
                strlen(folded), folded, strlen(value), value);
        if (size < 0)
                abort();
        tell(&redis, text, (size_t)size, "+OK\r\n");
        free(text);
        free(folded);
        if (asprintf(&text, "hosts = unix:%s\ncommand = GET %%s\n",
                    redis.path) < 0)
                abort();
        spec = write_table(directory, "redis", text);
        free(text);
        return spec;
}

char *make_memcache(const char *directory, const char *key, const char *value)
{
        char *folded = fold_key(key), *text, *spec;
        int size;

        if (memcached.pid == 0)
                start(&memcached, directory, "/memcached.sock",
                        "exec memcached -u root -s memcached.sock -a 0700");
        size = asprintf(&text, "set %s 0 0 %zu\r\n%s\r\n", folded,
                strlen(value), value);
        if (size < 0)
                abort();
        tell(&memcached, text, (size_t)size, "STORED\r\n");
        free(text);
        free(folded);
        if (asprintf(&text, "memcache = unix:%s\ndata_size_limit = 100000\n",
                    memcached.path) < 0)
                abort();
        spec = write_table(directory, "memcache", text);
        free(text);
        return spec;
}

void caches_end(void)
{
        end(&memcached);
        end(&redis);
}
