/* SPDX-License-Identifier: MIT */
#include "cli/postconf.h"

#include "cli/text.h"

#include "base/braces.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ordinary users don't have it in their PATH. */
#define POSTCONF "/usr/sbin/postconf"

enum { ARGUMENTS_MAX = 32 };

/* Those that postconf_get knows, ended by NULL. */
static const char *const wanted[] = {"alias_database", "alias_maps",
        "compatibility_level", "local_transport", "mail_owner", "mydestination",
        "myorigin", "owner_request_special", "parent_domain_matches_subdomains",
        "propagate_unmatched_extensions", "proxy_read_maps", "queue_directory",
        "recipient_delimiter", "smtpd_restriction_classes", "smtputf8_enable",
        "virtual_transport", NULL};

/* A run of postconf: its standard output is read to the end. */
struct run {
        const char *directory;
        const char *option;
        const char *const *names; /* NULL: none */
        bool quiet;               /* its warnings were seen before */
};

static int spawn(const struct run *run, int output, pid_t *ret_pid)
{
        const char *argv[ARGUMENTS_MAX] = {"postconf", run->option};
        posix_spawn_file_actions_t actions;
        size_t n = 2;
        int r = posix_spawn_file_actions_init(&actions);

        if (r != 0)
                return -r;
        if (run->directory != NULL) {
                argv[n++] = "-c";
                argv[n++] = run->directory;
        }
        for (size_t i = 0; run->names != NULL && run->names[i] != NULL; i++)
                argv[n++] = run->names[i];
        r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        if (r == 0 && run->quiet)
                r = posix_spawn_file_actions_addopen(
                        &actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        if (r == 0)
                r = posix_spawnp(ret_pid, argv[0], &actions, NULL,
                        (char **)argv, environ);
        if (r == ENOENT)
                r = posix_spawn(ret_pid, POSTCONF, &actions, NULL,
                        (char **)argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

/* Takes the descriptor. Returns all of it, to be freed, or NULL. */
static char *read_all(int fd)
{
        FILE *stream = fdopen(fd, "r");
        char *text = NULL;
        size_t room = 0;

        if (stream == NULL) {
                close(fd);
                return NULL;
        }
        /* There is no NUL: the whole of it. */
        if (getdelim(&text, &room, '\0', stream) < 0) {
                free(text);
                text = feof(stream) ? strdup("") : NULL;
        }
        fclose(stream);
        return text;
}

static int wait_for(pid_t pid)
{
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EINVAL;
}

/*
 * Returns 0 with all that postconf printed, in the arena; -EINVAL when postconf
 * fails, which it tells on stderr; or another negative errno.
 */
static int run_postconf(
        const struct run *run, struct arena *arena, char **ret_text)
{
        int pipes[2], r;
        pid_t pid = 0;
        char *text;

        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        r = spawn(run, pipes[1], &pid);
        close(pipes[1]);
        if (r != 0) {
                close(pipes[0]);
                return r;
        }
        text = read_all(pipes[0]);
        r = wait_for(pid);
        if (text == NULL)
                return -EIO;
        if (r == 0)
                *ret_text = text_copy(arena, span_of(text));
        free(text);
        return r;
}

static bool same_service(const char *a, const char *b)
{
        return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static struct postconf_setting *find(struct postconf_setting *settings,
        const char *service, const char *name)
{
        for (; settings != NULL; settings = settings->next)
                if (same_service(settings->service, service) &&
                        strcmp(settings->name, name) == 0)
                        return settings;
        return NULL;
}

/*
 * Parses "NAME = VALUE" or, of master.cf, "SERVICE/TYPE/NAME = VALUE".
 * Returns NULL when it is neither.
 */
static struct postconf_setting *parse_setting(
        struct arena *arena, char *line, bool with_service)
{
        struct postconf_setting *setting;
        char *equals = strstr(line, " =");
        char *name = line;

        if (equals == NULL)
                return NULL;
        *equals = '\0';
        if (with_service) {
                name = strrchr(line, '/');
                if (name == NULL)
                        return NULL;
                *name++ = '\0';
        }
        setting = text_room(arena, sizeof(*setting));
        if (with_service)
                setting->service = text_copy(arena, span_of(line));
        setting->name = text_copy(arena, span_of(name));
        setting->value = text_copy(arena, trim(span_of(equals + 2)));
        setting->written = setting->value;
        return setting;
}

/* Appends what postconf prints with this option. */
static int add_settings(const struct run *run, struct arena *arena,
        struct postconf_setting **end)
{
        bool with_service = run->option[1] == 'P';
        char *text = NULL, *line, *rest;
        int r = run_postconf(run, arena, &text);

        if (r != 0)
                return r;
        while (*end != NULL)
                end = &(*end)->next;
        rest = text;
        while ((line = strsep(&rest, "\n")) != NULL) {
                *end = parse_setting(arena, line, with_service);
                if (*end != NULL)
                        end = &(*end)->next;
        }
        return 0;
}

static int read_settings(struct run run, struct arena *arena,
        struct postconf_setting **ret_settings)
{
        struct postconf_setting *settings = NULL, *written = NULL, *other;
        static const char *const options[] = {"-nx", "-Px", "-n", "-P"};
        int r = 0;

        for (size_t i = 0; i < 4 && r == 0; i++) {
                run.option = options[i];
                run.quiet = i > 0;
                r = add_settings(&run, arena, i < 2 ? &settings : &written);
        }
        for (struct postconf_setting *s = settings; s != NULL; s = s->next) {
                other = find(written, s->service, s->name);
                if (other != NULL)
                        s->written = other->value;
        }
        *ret_settings = settings;
        return r;
}

/*
 * Parses "NAME TYPE PRIVATE UNPRIVILEGED CHROOT WAKEUP PROCESSES COMMAND ...";
 * chroot_default is what "-" stands for.
 */
static struct postconf_service *parse_service(
        struct arena *arena, const char *line, bool chroot_default)
{
        struct span rest = span_of(line), words[8];
        struct postconf_service *service;

        for (size_t i = 0; i < 8; i++)
                if (!word_next(&rest, &words[i]))
                        return NULL;
        service = text_room(arena, sizeof(*service));
        service->name = text_format(arena, "%.*s/%.*s", (int)words[0].size,
                words[0].data, (int)words[1].size, words[1].data);
        service->daemon = text_copy(arena, words[7]);
        service->chrooted = words[4].data[0] == 'y' ||
                            (words[4].data[0] == '-' && chroot_default);
        return service;
}

static int read_services(struct run run, struct arena *arena,
        bool chroot_default, struct postconf_service **end)
{
        char *text = NULL, *line, *rest;
        int r;

        run.option = "-M";
        r = run_postconf(&run, arena, &text);
        if (r != 0)
                return r;
        rest = text;
        while ((line = strsep(&rest, "\n")) != NULL) {
                *end = parse_service(arena, line, chroot_default);
                if (*end != NULL)
                        end = &(*end)->next;
        }
        return 0;
}

int postconf_read(const char *directory, struct arena *arena,
        struct postconf *ret_postconf, struct reason *ret_reason)
{
        struct postconf postconf = {.directory = directory};
        struct run run = {.directory = directory};
        int r = read_settings(run, arena, &postconf.settings);

        run.quiet = true;
        if (r == 0) {
                run.option = "-x";
                run.names = wanted;
                r = add_settings(&run, arena, &postconf.values);
                run.names = NULL;
        }
        /* Before level 1, Postfix 3.0, "-" meant yes. */
        if (r == 0)
                r = read_services(run, arena,
                        atoi(postconf_get(&postconf, "compatibility_level")) <
                                1,
                        &postconf.services);
        if (r < 0) {
                if (r == -EINVAL)
                        reason_set(ret_reason, "postconf has failed");
                else
                        reason_set_errno(ret_reason, r, "postconf");
                return r;
        }
        *ret_postconf = postconf;
        return 0;
}

const char *postconf_get(const struct postconf *postconf, const char *name)
{
        const struct postconf_setting *setting =
                find(postconf->values, NULL, name);

        return setting != NULL ? setting->value : "";
}

const struct postconf_service *postconf_find_service(
        const struct postconf *postconf, const char *name)
{
        const struct postconf_service *service;

        for (service = postconf->services; service != NULL;
                service = service->next)
                if (strcmp(service->name, name) == 0)
                        return service;
        return NULL;
}
