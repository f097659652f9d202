/* SPDX-License-Identifier: MIT */
/* Listening: unix sockets among other files, inet ports, descriptors. */
#include "harness.h"

#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <socketmap/client.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static char folder[] = "/tmp/socketmap-XXXXXX", path[108], endpoint[128];
static char fine[] = "fine";

static struct socketmap_server *usual_server(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");

        socketmap_server_add_map(
                server, "say", look_and_say, fine, SOCKETMAP_INLINE);
        return server;
}

/* Binds a socket of `type` to `path` and listens, with room for `backlog`. */
static int occupy(int type, int backlog)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path, path, strlen(path) + 1);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                must(NULL, "bind");
        if (type == SOCK_STREAM && backlog >= 0 && listen(fd, backlog) < 0)
                must(NULL, "listen");
        return fd;
}

/* Asks the endpoint; returns the value, or the reason that there is none. */
static const char *value_of(const char *where)
{
        static char value[300];
        struct socketmap_error error = {0};
        struct socketmap_client *client;
        struct socketmap_result result;

        if (socketmap_client_new(where, &client, &error) < 0)
                return "no endpoint";
        if (socketmap_client_lookup(client, "say", "", 0, &result, &error) < 0)
                snprintf(value, sizeof(value), "%s", error.text);
        else
                snprintf(value, sizeof(value), "%s", result.text);
        socketmap_client_free(client);
        return value;
}

static int count_files(const char *where)
{
        DIR *files = must(opendir(where), "folder");
        int count = -2;

        while (readdir(files) != NULL)
                count++;
        closedir(files);
        return count;
}

static ino_t inode_of(const char *file)
{
        struct stat st;

        return lstat(file, &st) < 0 ? 0 : st.st_ino;
}

static int listen_once(const char *where)
{
        struct socketmap_server *server = usual_server();
        int r = socketmap_server_listen(server, where, NULL);

        socketmap_server_free(server);
        return r;
}

static void check_serves(const char *where)
{
        struct socketmap_server *server = usual_server();
        struct running running;

        CHECK_INT(socketmap_server_listen(server, where, NULL), 0);
        running_start(&running, server);
        CHECK_STR(value_of(where), "fine");
        CHECK_INT(running_end(&running), 0);
}

/* --- unix: what is already there --- */

static void test_unix_comes_and_goes(void)
{
        struct socketmap_server *server = usual_server();
        char text[128];

        CHECK_INT(socketmap_server_listen(server, endpoint, NULL), 0);
        CHECK_INT(count_files(folder), 1);
        CHECK_INT(socketmap_server_get_endpoint(server, 0, text, sizeof(text)),
                0);
        CHECK_STR(text, endpoint);
        socketmap_server_free(server);
        CHECK_INT(count_files(folder), 0);
        check_serves(endpoint);
        CHECK_INT(count_files(folder), 0);
}

static void test_unix_stale_is_replaced(void)
{
        for (int backlog = -1; backlog < 2; backlog++) {
                close(occupy(SOCK_STREAM, backlog));
                CHECK_INT(count_files(folder), 1);
                check_serves(endpoint);
                CHECK_INT(count_files(folder), 0);
        }
        close(occupy(SOCK_DGRAM, 0));
        check_serves(endpoint);
        CHECK_INT(count_files(folder), 0);
}

static void test_unix_live_is_left_alone(void)
{
        static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

        for (int i = 0; i < 3; i++) {
                int fd = occupy(types[i], 5);
                ino_t inode = inode_of(path);

                if (types[i] == SOCK_SEQPACKET)
                        listen(fd, 5);
                CHECK_INT(listen_once(endpoint), -EADDRINUSE);
                CHECK_INT(inode_of(path), inode);
                CHECK_INT(count_files(folder), 1);
                close(fd);
                unlink(path);
        }
}

static void test_unix_live_with_a_full_queue(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = occupy(SOCK_STREAM, 0), clients[10], n = 0;
        ino_t inode = inode_of(path);

        memcpy(address.sun_path, path, strlen(path) + 1);
        for (; n < 10; n++) {
                clients[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
                if (connect(clients[n], (struct sockaddr *)&address,
                            sizeof(address)) < 0)
                        break;
        }
        CHECK(n < 10);
        CHECK_INT(listen_once(endpoint), -EADDRINUSE);
        CHECK_INT(inode_of(path), inode);
        for (int i = 0; i <= n && i < 10; i++)
                close(clients[i]);
        close(fd);
        unlink(path);
}

static void test_unix_twice(void)
{
        struct socketmap_server *server = usual_server();
        struct running running;

        CHECK_INT(socketmap_server_listen(server, endpoint, NULL), 0);
        CHECK_INT(listen_once(endpoint), -EADDRINUSE);
        running_start(&running, server);
        CHECK_INT(listen_once(endpoint), -EADDRINUSE);
        CHECK_STR(value_of(endpoint), "fine");
        CHECK_INT(running_end(&running), 0);
        CHECK_INT(count_files(folder), 0);
}

static void make_other(int kind)
{
        char target[128];

        snprintf(target, sizeof(target), "%s/target", folder);
        if (kind == 0)
                close(open(path, O_CREAT | O_WRONLY, 0600));
        else if (kind == 1)
                must_be_zero(mkdir(path, 0700), "folder");
        else if (kind == 2)
                must_be_zero(mkfifo(path, 0600), "fifo");
        else
                must_be_zero(symlink(target, path), "link");
}

static void test_unix_other_files_are_left_alone(void)
{
        for (int kind = 0; kind < 4; kind++) {
                ino_t inode;

                make_other(kind);
                inode = inode_of(path);
                CHECK_INT(listen_once(endpoint), -EEXIST);
                CHECK_INT(inode_of(path), inode);
                CHECK_INT(count_files(folder), 1);
                remove(path);
        }
}

/* A link to a stale socket is a link, not a socket. */
static void test_unix_link_to_a_socket_is_left_alone(void)
{
        char target[160];
        ino_t inode;

        close(occupy(SOCK_STREAM, 1));
        snprintf(target, sizeof(target), "%s/target", folder);
        must_be_zero(rename(path, target), "rename");
        make_other(3);
        inode = inode_of(path);
        CHECK_INT(listen_once(endpoint), -EEXIST);
        CHECK_INT(inode_of(path), inode);
        CHECK(inode_of(target) != 0);
        unlink(path);
        unlink(target);
}

/* --- unix: the path, and what it looks like --- */

static void test_unix_longest_path(void)
{
        char where[256], *name = where + 5;
        size_t size;

        snprintf(where, sizeof(where), "unix:%s/", folder);
        size = strlen(name);
        memset(name + size, 'd', 200);
        name[104] = '\0';
        must_be_zero(mkdir(name, 0700), "folder");
        memcpy(name + 104, "/ss", 4);
        CHECK_INT(strlen(name), 107);
        check_serves(where);
        memcpy(name + 104, "/sss", 5);
        CHECK_INT(listen_once(where), -ENAMETOOLONG);
        name[104] = '\0';
        CHECK_INT(count_files(name), 0);
        rmdir(name);
        memset(name + size, 'n', 200);
        name[107] = '\0';
        check_serves(where);
        name[107] = 'n';
        name[108] = '\0';
        CHECK_INT(listen_once(where), -ENAMETOOLONG);
        CHECK_INT(count_files(folder), 0);
}

static void test_unix_relative_path(void)
{
        int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        must_be_zero(chdir(folder), "chdir");
        check_serves("unix:relative");
        CHECK_INT(count_files(folder), 0);
        must_be_zero(fchdir(here), "fchdir");
        close(here);
}

static void test_unix_mode(void)
{
        static const mode_t modes[] = {0600, 0660, 0666, 0777, 0};
        mode_t before = umask(077);

        for (size_t i = 0; i < 5; i++) {
                struct socketmap_listen_options *options =
                        must(socketmap_listen_options_new(), "options");
                struct socketmap_server *server = usual_server();
                struct stat st = {0};

                socketmap_listen_options_set_mode(options, modes[i]);
                CHECK_INT(
                        socketmap_server_listen(server, endpoint, options), 0);
                CHECK_INT(lstat(path, &st), 0);
                CHECK_INT(st.st_mode & 07777, modes[i]);
                socketmap_listen_options_free(options);
                socketmap_server_free(server);
        }
        umask(027);
        for (int i = 0; i < 2; i++) {
                struct socketmap_server *server = usual_server();
                struct stat st = {0};

                CHECK_INT(socketmap_server_listen(server, endpoint, NULL), 0);
                CHECK_INT(lstat(path, &st), 0);
                CHECK_INT(st.st_mode & 07777, 0750);
                socketmap_server_free(server);
        }
        CHECK_INT(umask(before), 027);
}

static void test_unix_owner(void)
{
        struct socketmap_listen_options *options =
                must(socketmap_listen_options_new(), "options");
        struct socketmap_server *server = usual_server();
        bool root = geteuid() == 0;
        uid_t uid = root ? 7 : geteuid();
        gid_t gid = root ? 9 : getegid();
        struct stat st = {0};

        socketmap_listen_options_set_owner(options, uid, gid);
        CHECK_INT(socketmap_server_listen(server, endpoint, options), 0);
        CHECK_INT(lstat(path, &st), 0);
        CHECK_INT(st.st_uid, uid);
        CHECK_INT(st.st_gid, gid);
        socketmap_server_free(server);

        server = usual_server();
        socketmap_listen_options_set_owner(options, (uid_t)-1, (gid_t)-1);
        CHECK_INT(socketmap_server_listen(server, endpoint, options), 0);
        CHECK_INT(lstat(path, &st), 0);
        CHECK_INT(st.st_uid, geteuid());
        CHECK_INT(st.st_gid, getegid());
        socketmap_server_free(server);
        socketmap_listen_options_free(options);
}

/*
 * Looks at the path all the time: once it is there, all of it is right. A
 * process of its own, sharing this.
 */
struct watch {
        atomic_bool stop;
        gid_t gid;
        volatile int seen, wrong, refused;
};

static void watch_once(struct watch *watch)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct stat st;
        int fd;

        if (lstat(path, &st) == 0) {
                watch->seen++;
                if (!S_ISSOCK(st.st_mode) || (st.st_mode & 07777) != 0624 ||
                        st.st_gid != watch->gid)
                        watch->wrong++;
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 &&
                errno == EACCES)
                watch->refused++;
        close(fd);
}

static pid_t watch_start(struct watch *watch)
{
        pid_t pid = fork();

        if (pid < 0)
                must(NULL, "process");
        if (pid > 0)
                return pid;
        while (!atomic_load(&watch->stop) && getppid() != 1)
                watch_once(watch);
        _exit(0);
}

static void test_unix_right_from_the_first_moment(void)
{
        struct socketmap_listen_options *options =
                must(socketmap_listen_options_new(), "options");
        struct watch *watch = mmap(NULL, sizeof(*watch), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        pid_t watcher;

        watch->gid = geteuid() == 0 ? 9 : getegid();
        watcher = watch_start(watch);
        socketmap_listen_options_set_mode(options, 0624);
        socketmap_listen_options_set_owner(options, (uid_t)-1, watch->gid);
        for (int i = 0; i < 300 || (watch->seen == 0 && i < 20000); i++) {
                struct socketmap_server *server = usual_server();

                CHECK_INT(
                        socketmap_server_listen(server, endpoint, options), 0);
                socketmap_server_free(server);
        }
        atomic_store(&watch->stop, true);
        CHECK_INT(waitpid(watcher, NULL, 0), watcher);
        socketmap_listen_options_free(options);
        CHECK(watch->seen > 0);
        CHECK_INT(watch->wrong, 0);
        CHECK_INT(watch->refused, 0);
        CHECK_INT(count_files(folder), 0);
        munmap(watch, sizeof(*watch));
}

static void test_unix_removed_only_if_still_ours(void)
{
        struct socketmap_server *server = usual_server();
        ino_t inode;
        int fd;

        CHECK_INT(socketmap_server_listen(server, endpoint, NULL), 0);
        unlink(path);
        fd = occupy(SOCK_STREAM, 1);
        inode = inode_of(path);
        socketmap_server_free(server);
        CHECK_INT(inode_of(path), inode);
        close(fd);
        unlink(path);

        server = usual_server();
        CHECK_INT(socketmap_server_listen(server, endpoint, NULL), 0);
        unlink(path);
        make_other(0);
        socketmap_server_free(server);
        CHECK_INT(count_files(folder), 1);
        unlink(path);

        server = usual_server();
        CHECK_INT(socketmap_server_listen(server, endpoint, NULL), 0);
        unlink(path);
        socketmap_server_free(server);
        CHECK_INT(count_files(folder), 0);
}

static void test_unix_not_there(void)
{
        char where[160];

        snprintf(where, sizeof(where), "unix:%s/no/such", folder);
        CHECK_INT(listen_once(where), -ENOENT);
        make_other(0);
        snprintf(where, sizeof(where), "unix:%s/below", path);
        CHECK_INT(listen_once(where), -ENOTDIR);
        unlink(path);
        CHECK_INT(listen_once("unix:"), -EINVAL);
        CHECK_INT(count_files(folder), 0);
}

static void test_handed_over_socket_is_never_removed(void)
{
        struct socketmap_server *server = usual_server();
        struct running running;

        CHECK_INT(socketmap_server_listen_fd(
                          server, occupy(SOCK_STREAM, 5), NULL),
                0);
        running_start(&running, server);
        CHECK_STR(value_of(endpoint), "fine");
        CHECK_INT(running_end(&running), 0);
        CHECK_INT(count_files(folder), 1);
        unlink(path);
}

/* --- inet --- */

static void test_inet(void)
{
        static const char *const wheres[] = {"inet:127.0.0.1:0", "inet:[::1]:0",
                "inet:localhost:0", "inet:0"};

        for (size_t i = 0; i < 4; i++) {
                struct socketmap_server *server = usual_server();
                char text[128], small[128];
                struct running running;
                size_t n = 0;

                CHECK_INT(socketmap_server_listen(server, wheres[i], NULL), 0);
                running_start(&running, server);
                while (socketmap_server_get_endpoint(
                               server, n, text, sizeof(text)) == 0 &&
                        starts_with(text, "inet:")) {
                        CHECK(strcmp(text + strlen(text) - 2, ":0") != 0);
                        CHECK_STR(value_of(text), "fine");
                        CHECK_INT(socketmap_server_get_endpoint(
                                          server, n, small, strlen(text)),
                                -ENOBUFS);
                        CHECK_INT(socketmap_server_get_endpoint(
                                          server, n, small, strlen(text) + 1),
                                0);
                        CHECK_STR(small, text);
                        n++;
                }
                CHECK(n >= 1);
                CHECK_INT(socketmap_server_get_endpoint(
                                  server, n + 1, text, sizeof(text)),
                        -ENOENT);
                CHECK_INT(running_end(&running), 0);
        }
}

static void test_inet_in_use(void)
{
        struct socketmap_server *server = usual_server();
        char text[128];

        CHECK_INT(socketmap_server_listen(server, "inet:127.0.0.1:0", NULL), 0);
        CHECK_INT(socketmap_server_get_endpoint(server, 0, text, sizeof(text)),
                0);
        CHECK_INT(listen_once(text), -EADDRINUSE);
        socketmap_server_free(server);
}

/* A port is free again at once, though a connection of it is in TIME_WAIT. */
static void test_inet_again(void)
{
        struct socketmap_server *server = usual_server();
        struct socketmap_client *client;
        struct socketmap_result result;
        struct running running;
        char text[128];

        CHECK_INT(socketmap_server_listen(server, "inet:127.0.0.1:0", NULL), 0);
        CHECK_INT(socketmap_server_get_endpoint(server, 0, text, sizeof(text)),
                0);
        running_start(&running, server);
        must_be_zero(socketmap_client_new(text, &client, NULL), "client");
        CHECK_INT(socketmap_client_lookup(client, "say", "", 0, &result, NULL),
                0);
        CHECK_INT(running_end(&running), 0);
        socketmap_client_free(client);
        CHECK_INT(listen_once(text), 0);
}

static void test_inet_nonsense(void)
{
        static const char *const wheres[] = {"", ":", "inet:", "inet:x:y:z",
                "inet:127.0.0.1:65536", "inet:127.0.0.1:", "inet:[::1:0",
                "tcp:127.0.0.1:0", "127.0.0.1:0", "inet:127.0.0.1:-1", "unix"};

        for (size_t i = 0; i < sizeof(wheres) / sizeof(wheres[0]); i++) {
                int r = listen_once(wheres[i]);

                CHECK(r < 0);
                if (r >= 0)
                        printf("# %s\n", wheres[i]);
        }
}

/* --- descriptors and signals --- */

/* Counts the descriptors, and those of them that an exec would inherit. */
static int count_descriptors(int *ret_inherited)
{
        int count = 0;

        *ret_inherited = 0;
        for (int fd = 0; fd < 200; fd++) {
                int flags = fcntl(fd, F_GETFD);

                count += flags >= 0;
                *ret_inherited += flags >= 0 && !(flags & FD_CLOEXEC);
        }
        return count;
}

static void test_descriptors(void)
{
        int inherited, given;
        int before = count_descriptors(&given);
        struct socketmap_server *server = usual_server();
        struct running running;
        int clients[10];

        CHECK_INT(socketmap_server_listen(server, endpoint, NULL), 0);
        CHECK_INT(socketmap_server_listen(server, "inet:127.0.0.1:0", NULL), 0);
        running_start(&running, server);
        for (int i = 0; i < 10; i++) {
                struct sockaddr_un address = {.sun_family = AF_UNIX};

                memcpy(address.sun_path, path, strlen(path) + 1);
                clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                must_be_zero(connect(clients[i], (struct sockaddr *)&address,
                                     sizeof(address)),
                        "connect");
                ask(clients[i], "say", "");
                CHECK_STR(answer(clients[i]), "OK fine");
        }
        CHECK(count_descriptors(&inherited) >= before + 20);
        CHECK_INT(inherited, given);
        CHECK_INT(running_end(&running), 0);
        for (int i = 0; i < 10; i++)
                close(clients[i]);
        CHECK_INT(count_descriptors(&inherited), before);
}

/* A handed over descriptor may be blocking; the server must not block. */
static void test_descriptors_that_block(void)
{
        struct socketmap_server *server = usual_server();
        int listener = occupy(SOCK_STREAM, 5), fds[2], other;
        struct running running;

        must_be_zero(fcntl(listener, F_SETFL, 0), "F_SETFL");
        CHECK_INT(socketmap_server_listen_fd(server, listener, NULL), 0);
        running_start(&running, server);
        must_be_zero(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
        must_be_zero(fcntl(fds[0], F_SETFL, 0), "F_SETFL");
        CHECK_INT(socketmap_server_serve_fd(server, fds[0]), 0);
        other = connect_to(server);
        send_bytes(fds[1], "5:say", 5);
        CHECK_STR(value_of(endpoint), "fine");
        ask(other, "say", "");
        CHECK_STR(answer(other), "OK fine");
        CHECK_INT(running_end(&running), 0);
        close(fds[1]);
        close(other);
        unlink(path);
}

static void test_no_sigpipe(void)
{
        struct socketmap_server *server = usual_server();
        struct running running;

        signal(SIGPIPE, SIG_DFL);
        running_start(&running, server);
        for (int i = 0; i < 300; i++) {
                int client = connect_to(server);

                for (int j = 0; j <= i % 20; j++)
                        ask(client, "say", "");
                shutdown(client, SHUT_RD);
                if (i % 2)
                        ask(client, "say", "");
                close(client);
        }
        CHECK_INT(running_end(&running), 0);
}

int main(void)
{
        must(mkdtemp(folder), "folder");
        snprintf(path, sizeof(path), "%s/s", folder);
        snprintf(endpoint, sizeof(endpoint), "unix:%s", path);
        RUN(test_unix_comes_and_goes);
        RUN(test_unix_stale_is_replaced);
        RUN(test_unix_live_is_left_alone);
        RUN(test_unix_live_with_a_full_queue);
        RUN(test_unix_twice);
        RUN(test_unix_other_files_are_left_alone);
        RUN(test_unix_link_to_a_socket_is_left_alone);
        RUN(test_unix_longest_path);
        RUN(test_unix_relative_path);
        RUN(test_unix_mode);
        RUN(test_unix_owner);
        RUN(test_unix_right_from_the_first_moment);
        RUN(test_unix_removed_only_if_still_ours);
        RUN(test_unix_not_there);
        RUN(test_handed_over_socket_is_never_removed);
        RUN(test_inet);
        RUN(test_inet_in_use);
        RUN(test_inet_again);
        RUN(test_inet_nonsense);
        RUN(test_descriptors);
        RUN(test_descriptors_that_block);
        RUN(test_no_sigpipe);
        rmdir(folder);
        return check_done();
}
