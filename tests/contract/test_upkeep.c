/* SPDX-License-Identifier: MIT */
/* Maps whose files change, seen from the loop that they are asked on. */
#include "asking.h"
#include "daemon/log.h"
#include "daemon/upkeep.h"
#include "fake_request.h"
#include "maps/map.h"
#include "support/check.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE 20000 /* milliseconds: far more than anything takes */

static uv_loop_t loop;
static uv_timer_t tick;
static struct upkeep upkeep;
static const char *directory;
static char *path;
static struct map *map;
static char logged[65536]; /* since the map began */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void ignore_tick(uv_timer_t *timer)
{
        (void)timer;
}

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        printf("# %s\n", line);
}

/* Writes the file in place; age: seconds since then, as its time will say. */
static void write_at(const char *name, const char *text, time_t age)
{
        char *whole = write_file(directory, name, span_of(text));
        struct timespec times[2] = {{.tv_nsec = UTIME_NOW}};

        times[0].tv_nsec = UTIME_NOW;
        times[1].tv_nsec = UTIME_NOW;
        if (age != 0) {
                times[1].tv_sec = time(NULL) - age;
                times[1].tv_nsec = 0;
                utimensat(AT_FDCWD, whole, times, 0);
        }
        free(whole);
}

/* Replaces the file by one that is as old. */
static void replace(const char *text, time_t age)
{
        char *whole = join(directory, "/new");

        write_at("new", text, age);
        CHECK_INT(rename(whole, path), 0);
        free(whole);
}

static const char *ask_map(const char *key)
{
        static struct socketmap_request request;

        request = (struct socketmap_request){.key = span_of(key)};
        map_lookup(&request, map);
        return request.reply;
}

static bool is_answer(const char *key, const char *expected)
{
        return strcmp(ask_map(key), expected) == 0;
}

/* Runs the loop until a key has that answer. */
static bool wait_for(const char *key, const char *expected)
{
        uint64_t end = uv_now(&loop) + PATIENCE;

        while (!is_answer(key, expected)) {
                if (uv_now(&loop) > end) {
                        printf("# %s: %s\n", key, ask_map(key));
                        return false;
                }
                uv_run(&loop, UV_RUN_ONCE);
        }
        return true;
}

/* In place of the daemon's own. */
void log_say(enum config_log_area area, enum config_log_level level,
        const char *format, ...)
{
        va_list arguments;
        size_t size;

        (void)level;
        CHECK_INT(area, CONFIG_AREA_TABLE);
        pthread_mutex_lock(&mutex);
        size = strlen(logged);
        va_start(arguments, format);
        vsnprintf(logged + size, sizeof(logged) - size, format, arguments);
        va_end(arguments);
        pthread_mutex_unlock(&mutex);
}

static bool is_logged(const char *text)
{
        bool is_found;

        pthread_mutex_lock(&mutex);
        is_found = strstr(logged, text) != NULL;
        pthread_mutex_unlock(&mutex);
        return is_found;
}

static bool wait_for_log(const char *text)
{
        uint64_t end = uv_now(&loop) + PATIENCE;

        while (!is_logged(text) && uv_now(&loop) < end)
                uv_run(&loop, UV_RUN_ONCE);
        return is_logged(text);
}

static struct map_options options_of(const char *table)
{
        return (struct map_options){
                .name = "virtual",
                .table = table,
                .auto_reload = true,
                .shrink_limit = 50,
        };
}

/* Opens the map and takes it into care. */
static void begin(const struct map_options *options)
{
        struct report report = {.say = say};
        struct table_env env = {.report = &report};
        struct reason reason;

        logged[0] = '\0';
        map = map_open(&env, options, NULL, &reason);
        CHECK(map != NULL);
        CHECK_INT(upkeep_set(&upkeep, &map, 1), 0);
}

static void end(void)
{
        upkeep_stop(&upkeep);
        map_unref(map);
}

static void begin_file(const char *text, time_t age)
{
        char *table = join("texthash:", path);
        struct map_options options = options_of(table);

        write_at("users", text, age);
        begin(&options);
        free(table);
}

static void test_replaced(void)
{
        begin_file("a 1\n", 100);
        CHECK(is_answer("a", "OK 1"));
        replace("a 2\n", 50);
        CHECK(wait_for("a", "OK 2"));
        replace("a 3\nb 4\n", 40);
        CHECK(wait_for("b", "OK 4"));
        CHECK(wait_for_log("map virtual was read again: 2 entries"));
        end();
}

/* What is written in place is not read before it has come to rest. */
static void test_hot(void)
{
        struct timespec now;
        struct stat status;

        begin_file("a 1\n", 100);
        write_at("users", "a 2\n", 0);
        CHECK(wait_for("a", "OK 2"));
        clock_gettime(CLOCK_REALTIME, &now);
        CHECK_INT(stat(path, &status), 0);
        CHECK((double)(now.tv_sec - status.st_mtim.tv_sec) +
                        (double)(now.tv_nsec - status.st_mtim.tv_nsec) / 1e9 >=
                2);
        end();
}

static void append(const char *text)
{
        FILE *file = fopen(path, "a");

        fputs(text, file);
        fclose(file);
}

static void test_half_written(void)
{
        uint64_t begin_time;

        begin_file("a 1\nb 1\nc 1\n", 100);
        write_at("users", "a 2\nb 2\n", 0);
        for (int i = 0; i < 4; i++) {
                begin_time = uv_now(&loop);
                while (uv_now(&loop) < begin_time + 800) {
                        CHECK(is_answer("c", "OK 1"));
                        CHECK(is_answer("a", "OK 1"));
                        uv_run(&loop, UV_RUN_ONCE);
                }
                append("x 2\n");
        }
        append("c 2\n");
        CHECK(wait_for("c", "OK 2"));
        CHECK(is_answer("a", "OK 2"));
        end();
}

static void test_shrunk(void)
{
        begin_file("a 1\nb 1\nc 1\nd 1\n", 100);
        replace("a 2\n", 50);
        CHECK(wait_for_log("map virtual keeps what it has until SIGHUP: 1 "
                           "entries in place of 4: more than shrink_limit = "
                           "50% would go"));
        CHECK(is_answer("b", "OK 1"));
        /* Half of them may go. */
        replace("a 3\nb 3\n", 40);
        CHECK(wait_for("a", "OK 3"));
        CHECK(is_answer("c", "NOTFOUND "));
        end();
}

static void test_vanished(void)
{
        struct map_counts counts;

        begin_file("a 1\n", 100);
        CHECK_INT(unlink(path), 0);
        CHECK(wait_for_log("map virtual keeps what it has: "));
        CHECK(is_logged("users: No such file or directory"));
        CHECK(is_answer("a", "OK 1"));
        map_get_counts(map, &counts);
        CHECK_INT(counts.value[MAP_COUNT_FAILURES], 1);
        write_at("users", "a 2\n", 50);
        CHECK(wait_for("a", "OK 2"));
        map_get_counts(map, &counts);
        CHECK_INT(counts.value[MAP_COUNT_RELOADS], 1);
        end();
}

static void test_retried(void)
{
        char *table = join("texthash:", path);
        struct map_options options = options_of(table);
        char *failure = join("TEMP ", path);

        unlink(path);
        begin(&options);
        CHECK(strncmp(ask_map("a"), failure, strlen(failure)) == 0);
        write_at("users", "a 1\n", 50);
        CHECK(wait_for("a", "OK 1"));
        CHECK(is_logged("map virtual answers: 1 entries"));
        replace("a 2\n", 40);
        CHECK(wait_for("a", "OK 2"));
        end();
        free(failure);
        free(table);
}

static void test_canary(void)
{
        char *table = join("texthash:", path);
        struct map_options options = options_of(table);

        options.canary = "bird";
        write_at("users", "a 1\n", 100);
        begin(&options);
        CHECK(is_answer("a", "TEMP canary bird not found"));
        CHECK(is_answer("nobody", "TEMP canary bird not found"));
        replace("a 2\nbird sings\n", 50);
        CHECK(wait_for("a", "OK 2"));
        replace("a 3\nb 3\n", 40);
        CHECK(wait_for_log("map virtual keeps what it has: canary bird not "
                           "found"));
        CHECK(is_answer("a", "OK 2"));
        CHECK(is_answer("b", "NOTFOUND "));
        end();
        free(table);
}

static void test_not_wanted(void)
{
        char *table = join("texthash:", path);
        struct map_options options = options_of(table);

        options.auto_reload = false;
        write_at("users", "a 1\n", 100);
        begin(&options);
        write_at("users", "a 2\n", 50);
        CHECK(!uv_loop_alive(&loop) || upkeep.charges->file_count == 0);
        CHECK(!uv_is_active((uv_handle_t *)&upkeep.charges->timer));
        CHECK(is_answer("a", "OK 1"));
        end();
        free(table);
}

static void test_is_same(void)
{
        char *table = join("texthash:", path);
        struct map_options options = options_of(table);

        begin_file("a 1\n", 100);
        CHECK(map_is_same(map, &options, NULL));
        options.shrink_limit = 51;
        CHECK(!map_is_same(map, &options, NULL));
        options = options_of(table);
        options.canary = "a";
        CHECK(!map_is_same(map, &options, NULL));
        options = options_of("texthash:/other");
        CHECK(!map_is_same(map, &options, NULL));
        options = options_of(table);
        write_at("users", "a 2\n", 99);
        CHECK(!map_is_same(map, &options, NULL));
        end();
        /* Failing, or maybe written since: another one may differ. */
        begin_file("a 1\n", 0);
        CHECK(!map_is_same(map, &options, NULL));
        end();
        unlink(path);
        begin(&options);
        CHECK(!map_is_same(map, &options, NULL));
        end();
        free(table);
}

/* Maps come and go while they are read, and directories while watched. */
static void test_let_go(void)
{
        struct map_options options = options_of("inline:{a=1}");
        struct map *former;

        begin_file("a 1\n", 100);
        former = map;
        replace("a 2\n", 50);
        uv_run(&loop, UV_RUN_NOWAIT);
        begin(&options);
        map_inherit_counts(map, former);
        map_unref(former);
        CHECK(upkeep.charges != NULL && upkeep.charges->map == map &&
                upkeep.charges->next == NULL);
        CHECK(is_answer("a", "OK 1"));
        CHECK_INT(upkeep_set(&upkeep, &map, 1), 0);
        end();
        CHECK(upkeep.charges == NULL);
}

static void set_up(void)
{
        directory = make_directory();
        path = join(directory, "/users");
        uv_loop_init(&loop);
        uv_timer_init(&loop, &tick);
        uv_timer_start(&tick, ignore_tick, 20, 20);
        upkeep_init(&upkeep, &loop);
}

static void tear_down(void)
{
        uv_close((uv_handle_t *)&tick, NULL);
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_INT(uv_loop_close(&loop), 0);
        free(path);
        remove_directory();
}

int main(void)
{
        set_up();
        RUN(test_replaced);
        RUN(test_hot);
        RUN(test_half_written);
        RUN(test_shrunk);
        RUN(test_vanished);
        RUN(test_retried);
        RUN(test_canary);
        RUN(test_not_wanted);
        RUN(test_is_same);
        RUN(test_let_go);
        RUN(tear_down);
        return check_done();
}
