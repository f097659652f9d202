/* SPDX-License-Identifier: MIT */
/* Asking another server, whatever it does: every answer is of its own key. */
#include "answering.h"
#include "asking.h"
#include "base/events.h"
#include "looped.h"
#include "support/check.h"
#include "support/scripted_server.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Lookups that have to fail for a silent server; those that have not to. */
#define SOON 60
#define LONG 20000

static const char *directory;

static struct table *open_map(const char *endpoint)
{
        struct reason reason;
        struct table *table;
        char *spec;

        if (asprintf(&spec, "socketmap:%s:m", endpoint) < 0)
                abort();
        table = looped_open(spec, 1, &reason);
        if (table == NULL)
                printf("# %s: %s\n", spec, reason.text);
        free(spec);
        return table;
}

static const char *text_of(const struct lookup *lookup)
{
        static char text[500];

        switch (lookup->answer) {
        case ANSWER_FOUND:
                snprintf(text, sizeof(text), "%.*s", (int)lookup->value.size,
                        lookup->value.data);
                return text;
        case ANSWER_ABSENT:
                return "ABSENT";
        case ANSWER_FAILED:
                snprintf(text, sizeof(text), "FAILED: %s", lookup->reason.text);
                return text;
        case ANSWER_NONE:
        default:
                return "NONE";
        }
}

/* Asks on the loop, and runs that until there is an answer. */
static const char *ask_looped(
        struct table *table, const char *key, unsigned milliseconds)
{
        struct asked asked;
        const char *text;

        if (asked_start(&asked, table, span_of(key), milliseconds) ==
                LOOKUP_PENDING)
                asked_wait(&asked);
        text = text_of(&asked.lookup);
        asked_fini(&asked);
        return text;
}

/* Asks as one does who waits. */
static const char *ask_waiting(
        struct table *table, const char *key, unsigned milliseconds)
{
        struct asked asked;
        const char *text;

        /* asked_start would not wait. */
        asked = (struct asked){
                .lookup = {.key = span_of(key), .arena = &asked.arena}};
        asked.lookup.deadline = UINT64_MAX;
        if (milliseconds == SOON) {
                struct timespec now;

                clock_gettime(CLOCK_MONOTONIC, &now);
                asked.lookup.deadline = (uint64_t)now.tv_sec * 1000 +
                                        (uint64_t)now.tv_nsec / 1000000 + SOON;
        }
        arena_init(&asked.arena, NULL, 0, (size_t)1024 * 1024);
        CHECK_INT(table_start(table, &asked.lookup), LOOKUP_DONE);
        text = text_of(&asked.lookup);
        arena_fini(&asked.arena);
        return text;
}

/* "*" at its end stands for anything; "%" is the server's endpoint. */
static void check_answer(
        const char *actual, const char *expected, const char *endpoint)
{
        char whole[500] = "", *end = whole;

        for (; *expected != '\0' && strcmp(expected, "*") != 0; expected++)
                end += sprintf(end, *expected == '%' ? "%s" : "%.1s",
                        *expected == '%' ? endpoint : expected);
        if (*expected == '*')
                CHECK(strncmp(actual, whole, strlen(whole)) == 0);
        else
                CHECK_STR(actual, whole);
}

/* A script of one or two turns, and what the first lookup comes to. */
struct misdeed {
        const char *answer;
        const char *bytes;
        const char *again; /* another connection's; NULL: none is expected */
        const char *later; /* after the first bytes, by another write */
        size_t chunk;
        int closes;
        unsigned milliseconds;
};

#define CLOSED "FAILED: %: the server closed the connection without an answer"
#define NO_NETSTRING "FAILED: %: the reply is no netstring"
#define NO_STATUS "FAILED: %: the reply has no status of the protocol"
#define LARGE "FAILED: %: the reply is too large"

static const struct misdeed misdeeds[] = {
        {.answer = "x", .bytes = "4:OK x,"},
        {.answer = " x ", .bytes = "6:OK  x ,"},
        {.answer = "", .bytes = "3:OK ,"},
        {.answer = "", .bytes = "2:OK,"},
        {.answer = "ABSENT", .bytes = "9:NOTFOUND ,"},
        {.answer = "ABSENT", .bytes = "8:NOTFOUND,"},
        {.answer = "ABSENT", .bytes = "14:NOTFOUND never,"},
        {.answer = "FAILED: %: TEMP a", .bytes = "6:TEMP a,"},
        {.answer = "FAILED: %: TIMEOUT b", .bytes = "9:TIMEOUT b,"},
        {.answer = "FAILED: %: PERM c", .bytes = "6:PERM c,"},
        {.answer = "FAILED: %: TEMP ", .bytes = "4:TEMP,"},
        {.answer = "x", .bytes = "4:OK x,", .chunk = 1},
        /* No reply of the protocol. */
        {.answer = NO_STATUS, .bytes = "4:ok x,"},
        {.answer = NO_STATUS, .bytes = "9:NotFound ,"},
        {.answer = NO_STATUS, .bytes = "0:,"},
        {.answer = NO_STATUS, .bytes = "4:OK\tx,"},
        {.answer = NO_STATUS, .bytes = "9: NOTFOUND,"},
        {.answer = NO_NETSTRING, .bytes = "hello\n"},
        {.answer = NO_NETSTRING, .bytes = "OK x\n"},
        {.answer = NO_NETSTRING, .bytes = "4:OK xy"},
        {.answer = NO_NETSTRING, .bytes = "8:NOTFOUND;"},
        {.answer = NO_NETSTRING, .bytes = " 4:OK x,"},
        {.answer = NO_NETSTRING, .bytes = "04:OK x,"},
        {.answer = NO_NETSTRING, .bytes = "-1:,"},
        {.answer = LARGE, .bytes = "100001:OK "},
        {.answer = LARGE, .bytes = "99999999999999999999:"},
        /* Lost before the reply is whole: once more. */
        {.answer = "x", .bytes = "", .closes = 1, .again = "4:OK x,"},
        {.answer = "x", .bytes = "4:OK ", .closes = 1, .again = "4:OK x,"},
        {.answer = "ABSENT",
                .bytes = "8:NOTFOUND",
                .closes = 1,
                .again = "8:NOTFOUND,"},
        {.answer = CLOSED, .bytes = "", .closes = 1, .again = ""},
        {.answer = CLOSED, .bytes = "8:NOTFOUND", .closes = 1, .again = "8:N"},
        {.answer = "x", .bytes = "4:OK x,", .closes = 1},
        {.answer = NO_NETSTRING, .bytes = "4:OK xx", .closes = 1},
        /* More than was asked for. */
        {.answer = "x", .bytes = "4:OK x,4:OK y,"},
        {.answer = "x", .bytes = "4:OK x,\r\n"},
        {.answer = "x", .bytes = "4:OK x,", .later = "4:OK y,"},
        {.answer = "ABSENT", .bytes = "8:NOTFOUND,", .later = "\r\n"},
        /* No end of it. */
        {.answer = "FAILED: %: no answer in time",
                .bytes = "",
                .milliseconds = SOON},
        {.answer = "FAILED: %: no answer in time",
                .bytes = "8:NOTFOUND",
                .milliseconds = SOON},
};

static size_t write_script(const struct misdeed *misdeed, struct turn *turns)
{
        static const char right[] = "8:OK right,";
        size_t count = 0;

        turns[count++] = (struct turn){.bytes = misdeed->bytes,
                .size = strlen(misdeed->bytes),
                .chunk = misdeed->chunk,
                .later = misdeed->later,
                .closes = misdeed->closes};
        if (misdeed->again != NULL)
                turns[count++] = (struct turn){.bytes = misdeed->again,
                        .size = strlen(misdeed->again),
                        .closes = misdeed->closes &&
                                  strchr(misdeed->again, ',') == NULL};
        turns[count++] = (struct turn){.bytes = right, .size = strlen(right)};
        return count;
}

/* Whatever came of the first lookup, the second one gets its own answer. */
static void commit(const struct misdeed *misdeed, int family,
        const char *(*ask_it)(struct table *, const char *, unsigned))
{
        struct scripted_server server;
        struct turn turns[3];
        size_t count = write_script(misdeed, turns);
        unsigned milliseconds =
                misdeed->milliseconds > 0 ? misdeed->milliseconds : LONG;
        struct table *table;

        scripted_server_start(&server, family, turns, count);
        table = open_map(server.endpoint);
        check_answer(ask_it(table, "first", milliseconds), misdeed->answer,
                server.endpoint);
        for (size_t i = 1; i < count; i++)
                scripted_server_wait(&server);
        CHECK_STR(ask_it(table, "second", LONG), "right");
        table_close(table);
        looped_turn();
        scripted_server_stop(&server);
        CHECK_STR((server.request[server.request_size] = '\0', server.request),
                "8:m second,");
        scripted_server_fini(&server);
}

static void test_misdeeds(void)
{
        for (size_t i = 0; i < COUNT(misdeeds); i++) {
                commit(&misdeeds[i], i % 2 ? AF_UNIX : AF_INET, ask_looped);
        }
}

static void test_misdeeds_waiting(void)
{
        for (size_t i = 0; i < COUNT(misdeeds); i++) {
                commit(&misdeeds[i], i % 2 ? AF_INET : AF_UNIX, ask_waiting);
        }
}

/* The late reply is never the next key's: that goes over another connection. */
static void test_late_reply(void)
{
        static const struct turn turns[] = {
                {.bytes = "", .size = 0},
                {.bytes = "9:OK second,", .size = 12},
                {.bytes = "8:OK third,", .size = 11},
        };
        struct scripted_server server;
        struct table *table;

        scripted_server_start(&server, AF_UNIX, turns, 3);
        table = open_map(server.endpoint);
        check_answer(ask_looped(table, "first", SOON),
                "FAILED: %: no answer in time", server.endpoint);
        CHECK_STR(ask_looped(table, "second", LONG), "second");
        CHECK_STR(ask_looped(table, "third", LONG), "third");
        table_close(table);
        looped_turn();
        scripted_server_stop(&server);
        CHECK_INT(server.accepted, 2);
        scripted_server_fini(&server);
}

static void test_cancel(void)
{
        static const struct turn turns[] = {
                {.bytes = "", .size = 0},
                {.bytes = "", .size = 0},
                {.bytes = "9:OK second,", .size = 12},
        };
        struct scripted_server server;
        struct asked first, waiting;
        struct table *table;

        scripted_server_start(&server, AF_UNIX, turns, 3);
        table = open_map(server.endpoint);
        CHECK_INT(asked_start(&first, table, SPAN_LITERAL("first"), 0),
                LOOKUP_PENDING);
        CHECK_INT(asked_start(&waiting, table, SPAN_LITERAL("w"), 0),
                LOOKUP_PENDING);
        table_cancel(table, &waiting.lookup);
        scripted_server_wait(&server);
        table_cancel(table, &first.lookup);
        asked_fini(&first);
        asked_fini(&waiting);
        CHECK_STR(ask_looped(table, "second", LONG), "second");
        CHECK(!first.is_finished && !waiting.is_finished);
        table_close(table);
        looped_turn();
        scripted_server_stop(&server);
        scripted_server_fini(&server);
}

/* Nobody answers there: a name, numbers, a path. */
static void test_unreachable(void)
{
        char *path = join(directory, "/nobody"),
             *endpoint = join("unix:", path);
        struct table *table = open_map(endpoint);

        for (int i = 0; i < 3; i++)
                check_answer(ask_looped(table, "a", LONG),
                        "FAILED: %: connect: No such file or directory",
                        endpoint);
        check_answer(ask_waiting(table, "a", LONG),
                "FAILED: %: No such file or directory", endpoint);
        table_close(table);
        free(path);
        free(endpoint);
}

/* A port where nobody listens, as long as this process has it. */
static int reserve_port(char *endpoint, size_t size, const char *host)
{
        struct sockaddr_in address = {.sin_family = AF_INET};
        socklen_t length = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
                getsockname(fd, (struct sockaddr *)&address, &length) < 0)
                abort();
        snprintf(endpoint, size, "inet:%s:%d", host, ntohs(address.sin_port));
        return fd;
}

static void test_refused(void)
{
        char endpoint[100];
        int fd = reserve_port(endpoint, sizeof(endpoint), "127.0.0.1");
        struct table *table = open_map(endpoint);
        struct asked asked[50];

        for (size_t i = 0; i < COUNT(asked); i++)
                asked_start(&asked[i], table, SPAN_LITERAL("a"), LONG);
        for (size_t i = 0; i < COUNT(asked); i++) {
                asked_wait(&asked[i]);
                check_answer(text_of(&asked[i].lookup),
                        "FAILED: %: connect: Connection refused", endpoint);
                asked_fini(&asked[i]);
        }
        /* It rests: the answer is there at once. */
        CHECK_INT(asked_start(&asked[0], table, SPAN_LITERAL("a"), LONG),
                LOOKUP_DONE);
        CHECK_INT(asked[0].lookup.answer, ANSWER_FAILED);
        asked_fini(&asked[0]);
        table_close(table);
        close(fd);
}

/* What the resolver has to be asked for goes to a thread. */
static void test_resolving(void)
{
        struct answering *server =
                answering_start("inet:127.0.0.1:0", NULL, NULL);
        const char *port = strrchr(answering_endpoint(server), ':');
        char *named = join("inet:127.1", port);
        char *localhost = join("inet:localhost", port);
        struct table *table = open_map(named);

        CHECK_STR(ask_looped(table, "a", LONG), "a");
        CHECK_STR(ask_waiting(table, "b", LONG), "b");
        table_close(table);
        table = open_map(localhost);
        CHECK_STR(ask_looped(table, "c", LONG), "c");
        CHECK_STR(ask_waiting(table, "d", LONG), "d");
        table_close(table);
        answering_stop(server);
        free(named);
        free(localhost);
}

static void test_no_such_service(void)
{
        struct table *table = open_map("inet:127.0.0.1:no-such-service");
        struct asked asked;

        check_answer(ask_looped(table, "a", LONG), "FAILED: %: *",
                "inet:127.0.0.1:no-such-service");
        check_answer(ask_waiting(table, "a", LONG),
                "FAILED: inet:127.0.0.1:no-such-service: *", "");
        table_close(table);
        /* Closed or cancelled while a thread asks. */
        table = open_map("inet:127.1:no-such-service");
        asked_start(&asked, table, SPAN_LITERAL("a"), LONG);
        table_cancel(table, &asked.lookup);
        table_close(table);
        looped_turn();
        asked_fini(&asked);
}

#define CROWD 1000

/* Many at a time: each has its own answer, over a few connections. */
static void test_crowd(const char *endpoint)
{
        struct answering *server = answering_start(endpoint, NULL, NULL);
        struct asked *asked = calloc(CROWD, sizeof(*asked));
        char keys[CROWD][20];
        struct table *table;

        looped_queue = CROWD;
        table = open_map(answering_endpoint(server));
        for (int round = 0; round < 3; round++) {
                for (int i = 0; i < CROWD; i++) {
                        snprintf(keys[i], sizeof(keys[i]), "key %d.%d", round,
                                i);
                        CHECK_INT(asked_start(&asked[i], table,
                                          span_of(keys[i]), LONG),
                                LOOKUP_PENDING);
                }
                for (int i = 0; i < CROWD; i++) {
                        asked_wait(&asked[i]);
                        CHECK_STR(text_of(&asked[i].lookup), keys[i]);
                        asked_fini(&asked[i]);
                }
        }
        CHECK(answering_accepted(server) <= 8);
        table_close(table);
        looped_queue = 100;
        answering_stop(server);
        free(asked);
}

static void test_crowds(void)
{
        char *endpoint = join("unix:", directory), *unix_endpoint;

        unix_endpoint = join(endpoint, "/crowd");
        test_crowd(unix_endpoint);
        test_crowd("inet:127.0.0.1:0");
        free(endpoint);
        free(unix_endpoint);
}

/* Connections that were idle are of no use any more. */
static void test_restart(void)
{
        char *path = join(directory, "/restart");
        char *endpoint = join("unix:", path);
        struct answering *server = answering_start(endpoint, NULL, NULL);
        struct table *table = open_map(endpoint);
        struct asked asked[20];
        const char *answer;
        uint64_t failed_at;

        for (int restarts = 0; restarts < 3; restarts++) {
                for (size_t i = 0; i < COUNT(asked); i++)
                        asked_start(&asked[i], table, SPAN_LITERAL("a"), LONG);
                for (size_t i = 0; i < COUNT(asked); i++) {
                        asked_wait(&asked[i]);
                        CHECK_STR(text_of(&asked[i].lookup), "a");
                        asked_fini(&asked[i]);
                }
                answering_stop(server);
                server = answering_start(endpoint, NULL, NULL);
                CHECK_STR(ask_looped(table, "nobody", LONG), "ABSENT");
        }
        answering_stop(server);
        failed_at = events_now();
        check_answer(ask_looped(table, "a", LONG), "FAILED: %: connect: *",
                endpoint);
        server = answering_start(endpoint, NULL, NULL);
        do {
                answer = ask_looped(table, "b", LONG);
                usleep(1000);
        } while (strncmp(answer, "FAILED", 6) == 0);
        CHECK_STR(answer, "b");
        CHECK(events_now() - failed_at >= 1000); /* it is left alone so long */
        table_close(table);
        answering_stop(server);
        free(path);
        free(endpoint);
}

static void test_queue_full(void)
{
        static const struct turn turns[] = {{.bytes = "", .size = 0}};
        struct scripted_server server;
        struct asked asked[3];
        struct table *table;

        scripted_server_start(&server, AF_UNIX, turns, 1);
        looped_queue = 1;
        table = open_map(server.endpoint);
        looped_queue = 100;
        /* Connections are made one by one on the loop; this one's at once. */
        CHECK_INT(asked_start(&asked[0], table, SPAN_LITERAL("a"), LONG),
                LOOKUP_PENDING);
        for (int i = 0; i < 8; i++) {
                struct asked more;

                if (asked_start(&more, table, SPAN_LITERAL("b"), SOON) ==
                        LOOKUP_PENDING)
                        asked_wait(&more);
                CHECK_INT(more.lookup.answer, ANSWER_FAILED);
                asked_fini(&more);
        }
        table_cancel(table, &asked[0].lookup);
        asked_fini(&asked[0]);
        table_close(table);
        looped_turn();
        scripted_server_stop(&server);
        scripted_server_fini(&server);
}

/* A server that does not accept, and has no room for more connections. */
static void test_backlog_full(void)
{
        char *path = join(directory, "/full"), *endpoint = join("unix:", path);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct table *table = open_map(endpoint);
        struct asked asked[20];

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
                listen(fd, 0) < 0)
                abort();
        for (size_t i = 0; i < COUNT(asked); i++)
                CHECK_INT(asked_start(&asked[i], table, SPAN_LITERAL("a"),
                                  2 * SOON),
                        LOOKUP_PENDING);
        for (size_t i = 0; i < COUNT(asked); i++) {
                asked_wait(&asked[i]);
                CHECK_INT(asked[i].lookup.answer, ANSWER_FAILED);
                asked_fini(&asked[i]);
        }
        CHECK_INT(strncmp(ask_waiting(table, "a", SOON), "FAILED", 6), 0);
        table_close(table);
        close(fd);
        unlink(path);
        free(path);
        free(endpoint);
}

/* Serves in a process of its own, and tells when it does. */
static pid_t start_process(const char *endpoint)
{
        char byte = 'r';
        int ready[2];
        pid_t pid;

        if (pipe2(ready, O_CLOEXEC) < 0)
                abort();
        pid = fork();
        if (pid == 0) {
                answering_start(endpoint, NULL, NULL);
                if (write(ready[1], &byte, 1) != 1)
                        _exit(1);
                for (;;)
                        pause();
        }
        if (read(ready[0], &byte, 1) != 1)
                abort();
        close(ready[0]);
        close(ready[1]);
        return pid;
}

/* A server that hangs, and comes back with late replies. */
static void test_stopped(void)
{
        char *path = join(directory, "/stopped");
        char *endpoint = join("unix:", path);
        pid_t pid = start_process(endpoint);
        struct table *table = open_map(endpoint);
        struct asked asked[20];

        CHECK_STR(ask_looped(table, "a", LONG), "a");
        kill(pid, SIGSTOP);
        waitpid(pid, NULL, WUNTRACED);
        for (size_t i = 0; i < COUNT(asked); i++)
                CHECK_INT(asked_start(&asked[i], table, SPAN_LITERAL("late"),
                                  SOON + (unsigned)i),
                        LOOKUP_PENDING);
        for (size_t i = 0; i < COUNT(asked); i++) {
                asked_wait(&asked[i]);
                CHECK_INT(asked[i].lookup.answer, ANSWER_FAILED);
                asked_fini(&asked[i]);
        }
        CHECK_INT(strncmp(ask_waiting(table, "late", SOON), "FAILED", 6), 0);
        kill(pid, SIGCONT);
        CHECK_STR(ask_looped(table, "b", LONG), "b");
        CHECK_STR(ask_looped(table, "nobody", LONG), "ABSENT");
        table_close(table);
        looped_turn();
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        unlink(path);
        free(path);
        free(endpoint);
}

/* A value of the greatest size, and a key of one that takes several writes. */
static void test_sizes(void)
{
        struct answering *server =
                answering_start("inet:127.0.0.1:0", NULL, NULL);
        struct table *table = open_map(answering_endpoint(server));
        static const size_t sizes[] = {0, 1, 4095, 99996, 99997, 99998, 131000};

        for (size_t i = 0; i < COUNT(sizes); i++) {
                char *key = malloc(sizes[i] + 1);
                struct asked asked;

                memset(key, 'k', sizes[i]);
                asked_start(&asked, table, (struct span){key, sizes[i]}, LONG);
                asked_wait(&asked);
                if (sizes[i] <= 99997)
                        CHECK(asked.lookup.answer == ANSWER_FOUND &&
                                asked.lookup.value.size == sizes[i] &&
                                memcmp(asked.lookup.value.data, key,
                                        sizes[i]) == 0);
                else
                        CHECK_INT(asked.lookup.answer, ANSWER_FAILED);
                asked_fini(&asked);
                free(key);
        }
        table_close(table);
        answering_stop(server);
}

#define EXPECTED                                             \
        "expected unix:/PATH, inet:HOST:PORT, inet:PORT or " \
        "inet:[ADDRESS]:PORT, not "

static const struct {
        const char *spec, *reason;
} errors[] = {
        {"socketmap:/x/y",
                "expected socketmap:ENDPOINT:NAME, not \"socketmap:/x/y\""},
        {"socketmap:inet:h:1:a b", "expected socketmap:ENDPOINT:NAME, not "
                                   "\"socketmap:inet:h:1:a b\""},
        {"socketmap:inet:127.0.0.1:1", EXPECTED "\"inet:127.0.0.1\""},
        {"socketmap:inet::n", EXPECTED "\"inet:\""},
        {"socketmap:inet::1:n", EXPECTED "\"inet::1\""},
        {"socketmap:tcp:h:1:n", EXPECTED "\"tcp:h:1\""},
        {"socketmap:inet:::1:1:n", EXPECTED "\"inet:::1:1\""},
        {"socketmap:inet:[::1:1:n", EXPECTED "\"inet:[::1:1\""},
        {"socketmap:inet:h:65536:n", EXPECTED "\"inet:h:65536\""},
        {"socketmap:inet:h:000001:n", EXPECTED "\"inet:h:000001\""},
        {"socketmap:inet:h:1x:n", EXPECTED "\"inet:h:1x\""},
        {"socketmap:unix::n",
                "expected unix: with the absolute path of a socket, not "
                "\"unix:\""},
        {"socketmap:unix:private/x:n",
                "expected unix: with the absolute path of a socket, not "
                "\"unix:private/x\""},
        {"socketmap:unix:/"
         "012345678901234567890123456789012345678901234567890123456789"
         "01234567890123456789012345678901234567890123456789:n",
                "a unix socket's path may have 107 bytes, not "
                "\"unix:/"
                "012345678901234567890123456789012345678901234567890123456789"
                "01234567890123456789012345678901234567890123456789\""},
};

static const char *const rights[] = {"socketmap:inet:h:1:n",
        "socketmap:inet:1:n", "socketmap:inet:[::1]:1:n",
        "socketmap:inet:h:smtp:n", "socketmap:inet:h:1:", "socketmap:unix:/x:n",
        "socketmap:local:/x:n", "socketmap:unix:/x y:n"};

static void test_notation(void)
{
        struct reason reason;

        for (size_t i = 0; i < COUNT(errors); i++) {
                CHECK(open_table(errors[i].spec, &reason) == NULL);
                CHECK_INT(reason.code, -EINVAL);
                CHECK_STR(reason.text, errors[i].reason);
                CHECK_INT(table_check(errors[i].spec, &reason), -EINVAL);
        }
        for (size_t i = 0; i < COUNT(rights); i++) {
                struct table *table = open_table(rights[i], &reason);

                CHECK(table != NULL && table->pends && table->is_pattern);
                table_close(table);
        }
}

int main(void)
{
        directory = make_directory();
        RUN(test_stopped); /* forks: before there are threads */
        RUN(test_notation);
        RUN(test_misdeeds);
        RUN(test_misdeeds_waiting);
        RUN(test_late_reply);
        RUN(test_cancel);
        RUN(test_unreachable);
        RUN(test_refused);
        RUN(test_resolving);
        RUN(test_no_such_service);
        RUN(test_crowds);
        RUN(test_restart);
        RUN(test_queue_full);
        RUN(test_backlog_full);
        RUN(test_sizes);
        looped_end();
        remove_directory();
        return check_done();
}
