/* SPDX-License-Identifier: MIT */
/*
 * A map is opened, asked and closed again and again, and each time another one
 * of the allocations fails. Then it cannot be opened, and says why; or it
 * answers right or TEMP. Nothing crashes, hangs or leaks memory (a sanitizer
 * tells).
 */
#include "base/events.h"
#include "base/thread.h"
#include "maps/map.h"

#include "check.h"
#include "fake_request.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

/* Which allocation fails, and how many there have been; threads have some. */
static unsigned failing;
static atomic_uint allocations;

static bool fails(void)
{
        return atomic_fetch_add(&allocations, 1) + 1 == failing;
}

void *__wrap_malloc(size_t size)
{
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
        return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
        return fails() ? NULL : __real_realloc(pointer, size);
}

char *__wrap_strdup(const char *text)
{
        return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
        return fails() ? NULL : __real_strndup(text, size);
}

static uv_loop_t loop;
static struct events *events;

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        CHECK(*line != '\0' || severity == SEVERITY_QUOTE);
}

static bool is_temp(const char *reply)
{
        return strncmp(reply, "TEMP ", 5) == 0 && reply[5] != '\0';
}

/* Asks a new question; what is unanswered at the end of it, is TEMP. */
static void ask(struct map *map, const char *key, const char *expected)
{
        struct socketmap_request request = {
                .key = span_of(key), .remaining = 60000};

        map_lookup(&request, map);
        while (request.replies == 0 && request.holds > request.releases)
                uv_run(&loop, UV_RUN_ONCE);
        CHECK_INT(request.holds, request.releases);
        if (request.replies > 0 && !is_temp(request.reply))
                CHECK_STR(request.reply, expected);
}

struct life {
        const char *key, *reply;
        struct map_options maps[3];
};

static void live(const struct life *life)
{
        struct report report = {.say = say};
        struct table_env env = {.report = &report, .events = events};
        struct directory *directory = directory_new(life->maps, 3);
        struct reason reason = {.text = ""};
        struct content *content;
        struct map *map;

        if (directory == NULL)
                return;
        map = map_open(&env, &life->maps[0], directory, &reason);
        directory_unref(directory);
        if (map == NULL) {
                CHECK_INT(reason.code, -ENOMEM);
                CHECK(reason.text[0] != '\0');
                return;
        }
        for (int i = 0; i < 3; i++)
                ask(map, life->key, life->reply);
        content = map_open_content(map, &report);
        if (content != NULL)
                content_unref(map_adopt(map, content));
        ask(map, life->key, life->reply);
        map_unref(map);
}

/* A life may end while its threads still do: they count for the next one. */
static void live_on(const struct life *life)
{
        unsigned lives = 0;

        printf("# %s\n", life->maps[0].table);
        for (failing = 1;; failing++) {
                atomic_store(&allocations, 0);
                live(life);
                for (int i = 0; i < 3; i++)
                        uv_run(&loop, UV_RUN_NOWAIT);
                if (check_bad) {
                        printf("# when allocation %u failed\n", failing);
                        return;
                }
                if (atomic_load(&allocations) < failing)
                        break;
                lives++;
        }
        CHECK(lives > 10);
        failing = 0;
}

static char file[] = "/tmp/fault_maps-XXXXXX", spec[100], sqlite[100],
            script[] = "/tmp/fault_maps-XXXXXX.lua", lua[100],
            program[] = "/tmp/fault_maps-XXXXXX", exec[100];

#define OTHER "other"
#define NOBODY                                        \
        {                                             \
                .name = "nobody", .table = "static:x" \
        }
#define RULES                                                         \
        .query = "%s", .result_format = "<%s>", .expansion_limit = 3, \
        .domain = "e, inline:{d=1}"

static const struct life lives[] = {
        {"u+x@d", "OK a+x@b",
                {{.name = "m",
                         .table = "inline:{x=y}, inline:{u@d=a@b}",
                         .search = ORDER_VIRTUAL,
                         .recipient_delimiter = "+",
                         .mydomains = "d e f"},
                        NOBODY, NOBODY}},
        {"u@d", "OK <1>",
                {{.name = "m", .table = "inline:{ {u@d = 1} }", RULES}, NOBODY,
                        NOBODY}},
        {"u@d", "OK 1,<2>",
                {{.name = "m",
                         .table =
                                 "unionmap:{inline:{u@d=1},pipemap:{static:k@d,"
                                 "map:other}}"},
                        {.name = OTHER,
                                .table = "inline:{k@d=2}",
                                RULES,
                                .search = ORDER_ADDRESS,
                                .recipient_delimiter = "+"},
                        NOBODY}},
        {"abc", "OK abc",
                {{.name = "m",
                         .table = "cidr:{ {1.2.3.4 x} }, "
                                  "regexp:{ {/^(a)(.*)$/ $1$2} }, randmap:{x}"},
                        NOBODY, NOBODY}},
        {"no body", "NOTFOUND ",
                {{.name = "m",
                         .table = "unix:passwd.byname, unix:group.byname",
                         .threads = 2,
                         .queue = 5},
                        NOBODY, NOBODY}},
        {"k", "TEMP ",
                {{.name = "m", .table = "socketmap:unix:/nonexistent/socket:m"},
                        NOBODY, NOBODY}},
        {"dbpath", "OK = /nonexistent/x",
                {{.name = "m", .table = spec, .fold = FOLD_YES}, NOBODY,
                        NOBODY}},
        {"ab", "OK ba",
                {{.name = "m", .table = "pcre:{ {/^(a)(b)$/ $2$1} }"}, NOBODY,
                        NOBODY}},
        {"k", "TEMP ", {{.name = "m", .table = sqlite}, NOBODY, NOBODY}},
        {"k", "OK k,m,k",
                {{.name = "m", .table = lua, .threads = 2, .queue = 5}, NOBODY,
                        NOBODY}},
        {"k", "TEMP ",
                {{.name = "m", .table = "tcp:127.0.0.1:1"}, NOBODY, NOBODY}},
        {"k", "OK v", {{.name = "m", .table = exec}, NOBODY, NOBODY}},
};

static void test_lives(void)
{
        struct span argument;

        for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++)
                if (table_split(span_of(lives[i].maps[0].table), &argument) !=
                        NULL) /* it is in this build */
                        live_on(&lives[i]);
}

static void write_file(char *name, int suffix, const char *text)
{
        int fd = mkstemps(name, suffix);

        CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
        close(fd);
}

/* Keeps the loop waiting, which the events don't. */
static void do_nothing(uv_timer_t *timer)
{
        (void)timer;
}

int main(void)
{
        static const char text[] = "dbpath = /nonexistent/x\n"
                                   "query = select '%s'\n";
        static const char function[] =
                "function lookup(key, map)\n"
                "  return {key, map, (key:gsub('.', '%0'))}\n"
                "end\n";
        /* It is asked by "3:X k,". */
        static const char command[] =
                "command = sh -c {while [ -n \"$(dd bs=1 count=6 "
                "2>/dev/null)\" ]; do printf '4:OK v,'; done}\n"
                "map = X\nprocesses = 100\n";
        uv_timer_t timer;

        write_file(file, 0, text);
        write_file(script, 4, function);
        write_file(program, 0, command);
        snprintf(spec, sizeof(spec), "texthash:%s", file);
        snprintf(lua, sizeof(lua), "lua:%s", script);
        snprintf(sqlite, sizeof(sqlite), "sqlite:%s", file);
        snprintf(exec, sizeof(exec), "exec:%s", program);
        uv_loop_init(&loop);
        events = events_new(&loop);
        uv_timer_init(&loop, &timer);
        uv_timer_start(&timer, do_nothing, 100, 100);
        RUN(test_lives);
        uv_close((uv_handle_t *)&timer, NULL);
        events_free(events);
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_INT(uv_loop_close(&loop), 0);
        threads_join(UINT_MAX);
        unlink(file);
        unlink(script);
        unlink(program);
        return check_done();
}
