/* SPDX-License-Identifier: MIT */
/*
 * The users and groups of the system. What the system's own sources say cannot
 * be chosen, so names that begin with "test-" are answered here.
 */
#include "asking.h"
#include "hostile.h"
#include "looped.h"
#include "support/check.h"
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
        const char *name;
        int error;
} failing[] = {{"test-enoent", ENOENT}, {"test-esrch", ESRCH},
        {"test-eio", EIO}, {"test-eintr", EINTR}, {"test-emfile", EMFILE},
        {"test-erange", ERANGE}, {"test-eagain", EAGAIN}};

/* Returns -1 when it is a name for the system. */
static int error_of(const char *name)
{
        for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++)
                if (strcmp(failing[i].name, name) == 0)
                        return failing[i].error;
        return -1;
}

int getpwnam_r(const char *name, struct passwd *entry, char *buffer,
        size_t size, struct passwd **ret)
{
        int (*real)(const char *, struct passwd *, char *, size_t,
                struct passwd **);
        int error = error_of(name);

        *ret = NULL;
        if (error >= 0)
                return error;
        *(void **)&real = dlsym(RTLD_NEXT, "getpwnam_r");
        return real(name, entry, buffer, size, ret);
}

/* A group of many members, as some companies have. */
#define MEMBERS 20000

static int make_big(
        struct group *entry, char *buffer, size_t size, struct group **ret)
{
        char **members = (char **)(void *)buffer;
        char *at = buffer + (MEMBERS + 1) * sizeof(*members);

        if (size < (MEMBERS + 1) * sizeof(*members) + MEMBERS * 8)
                return ERANGE;
        for (int i = 0; i < MEMBERS; i++) {
                members[i] = at;
                at += sprintf(at, "u%05d", i) + 1;
        }
        members[MEMBERS] = NULL;
        *entry = (struct group){
                .gr_name = (char *)"test-big", .gr_gid = 7, .gr_mem = members};
        *ret = entry;
        return 0;
}

int getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size,
        struct group **ret)
{
        int (*real)(
                const char *, struct group *, char *, size_t, struct group **);
        int error = error_of(name);

        *ret = NULL;
        if (error >= 0)
                return error;
        if (strcmp(name, "test-big") == 0)
                return make_big(entry, buffer, size, ret);
        *(void **)&real = dlsym(RTLD_NEXT, "getgrnam_r");
        return real(name, entry, buffer, size, ret);
}

/* Every user is as getpwent tells. */
static void test_users(void)
{
        struct reason reason;
        struct table *table = open_table("unix:passwd.byname", &reason);
        struct passwd *entry;
        size_t count = 0;

        CHECK(!table->is_pattern && table->pends);
        setpwent();
        while ((entry = getpwent()) != NULL) {
                char *expected;

                if (asprintf(&expected, "%s:%s:%u:%u:%s:%s:%s", entry->pw_name,
                            entry->pw_passwd, entry->pw_uid, entry->pw_gid,
                            entry->pw_gecos, entry->pw_dir,
                            entry->pw_shell) < 0)
                        abort();
                CHECK_STR(value_of(table, entry->pw_name), expected);
                free(expected);
                count++;
        }
        endpwent();
        CHECK(count > 0);
        table_close(table);
}

static void test_names(void)
{
        CHECK_STR(answer_of("unix:group.byname", "root"), "root:x:0:");
        CHECK_STR(answer_of("unix:group.byname", "ROOT"), "root:x:0:");
        CHECK_STR(answer_of("unix:group.byname", "0"), "ABSENT");
        CHECK_STR(answer_of("unix:group.byname", "root "), "ABSENT");
        CHECK_STR(answer_of("unix:passwd.byname", ""), "ABSENT");
        CHECK_STR(answer_of("unix:passwd.byname", "no body"), "ABSENT");
}

static void test_no_database(void)
{
        struct reason reason;

        CHECK(open_table("unix:hosts.byname", &reason) == NULL);
        CHECK_INT(reason.code, -EINVAL);
        CHECK_STR(reason.text, "expected unix:passwd.byname or "
                               "unix:group.byname, not \"unix:hosts.byname\"");
        CHECK_INT(table_check("unix:hosts.byname", &reason), -EINVAL);
        CHECK_INT(table_check("unix:group.byname", &reason), 0);
}

/* Only a source that can be asked says that there is no such name. */
static void test_failures(void)
{
        for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
                int error = failing[i].error;
                char expected[100];

                sprintf(expected, "FAILED: unix:passwd.byname: %s",
                        strerror(error));
                CHECK_STR(answer_of("unix:passwd.byname", failing[i].name),
                        expected);
        }
        CHECK_STR(answer_of("unix:group.byname", "test-eio"),
                "FAILED: unix:group.byname: Input/output error");
}

/* What the system says itself when its file of users is gone. */
static void test_no_file(void)
{
        int status = -1;
        pid_t child = fork();

        if (child == 0) {
                const char *answer;

                if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
                        mount("none", "/etc", "tmpfs", 0, NULL) < 0)
                        _exit(77);
                answer = answer_of("unix:passwd.byname", "nobody");
                _exit(strncmp(answer, "FAILED: ", 8) == 0 ? 0 : 1);
        }
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
                printf("# a user without namespaces: not tried\n");
        else
                CHECK_INT(WEXITSTATUS(status), 0);
}

static void test_big_group(void)
{
        struct reason reason;
        struct table *table = open_table("unix:group.byname", &reason);
        struct span value;

        CHECK_INT(ask(table, SPAN_LITERAL("test-big"), &value), ANSWER_FOUND);
        CHECK_INT(value.size, strlen("test-big::7:") + MEMBERS * 7 - 1);
        CHECK(memcmp(value.data, "test-big::7:u00000,u00001,", 26) == 0);
        table_close(table);
}

static void ask_hostile(void *ctx, struct span key)
{
        struct span value;

        CHECK_INT(ask(ctx, key, &value), ANSWER_ABSENT);
}

static void test_hostile(void)
{
        struct reason reason;
        struct table *table = open_table("unix:passwd.byname", &reason);

        hostile_keys(ask_hostile, table);
        table_close(table);
}

static void test_later(void)
{
        struct reason reason;
        struct table *table = looped_open("unix:group.byname", 2, &reason);
        struct asked asked[20];

        for (int i = 0; i < 20; i++)
                CHECK_INT(asked_start(&asked[i], table,
                                  i % 2 ? SPAN_LITERAL("root")
                                        : SPAN_LITERAL("no body"),
                                  0),
                        LOOKUP_PENDING);
        for (int i = 0; i < 20; i++) {
                asked_wait(&asked[i]);
                CHECK_INT(asked[i].lookup.answer,
                        i % 2 ? ANSWER_FOUND : ANSWER_ABSENT);
                asked_fini(&asked[i]);
        }
        table_close(table);
        looped_end();
}

int main(void)
{
        RUN(test_users);
        RUN(test_names);
        RUN(test_no_database);
        RUN(test_failures);
        RUN(test_no_file);
        RUN(test_big_group);
        RUN(test_hostile);
        RUN(test_later);
        return check_done();
}
