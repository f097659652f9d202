/* SPDX-License-Identifier: MIT */
/*
 * exec:FILE.cf - a program is asked that speaks the protocol on its stdin and
 * stdout, as socketmapd --stdio does.
 */
#include "base/cf.h"
#include "tables/exec/pool.h"
#include "tables/exec/wait.h"
#include "tables/support/netstring_protocol.h"
#include "tables/support/path.h"
#include "tables/table.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_exec;

struct options {
        const char *command;
        const char *map;
        const char *directory;
        const char *environment;
        uint64_t processes;
};

#define MEMBER(type_, member) \
        .type = (type_), .offset = offsetof(struct options, member)
#define TEXT(member) MEMBER(CF_TEXT, member), .most = SIZE_MAX
#define FILLED(member) MEMBER(CF_TEXT, member), .least = 1, .most = SIZE_MAX

static const struct cf_option options[] = {
        {"command", FILLED(command),
                .summary = "the program and its arguments, separated by "
                           "blanks; {one with blanks} stands in braces"},
        {"map", TEXT(map),
                .summary = "the name that the program is asked for; the "
                           "default is that of the file, without its .cf"},
        {"processes", MEMBER(CF_NUMBER, processes), .least = 1, .most = 100,
                .fallback = "4",
                .summary = "how many may run at once, each with one lookup at "
                           "a time"},
        {"directory", FILLED(directory), .fallback = "/",
                .summary = "where it runs"},
        {"environment", TEXT(environment), .fallback = "",
                .summary = "variables for it: NAME=VALUE, {NAME=VALUE with "
                           "blanks}, or NAME for what that is here"},
        {.name = NULL},
};

struct exec {
        struct table table;
        struct arena arena; /* of all texts */
        struct options options;
        struct exec_command command;
        struct table_file files[2];
        struct exec_log log;
        struct netstring_peer peer;
        struct server server;
        struct exec_pool *pool;
        struct remote *remote;
        struct exec_wait wait;
};

/* The file's name without its folder and ".cf". */
static struct span stem_of(const char *file)
{
        const char *slash = strrchr(file, '/');
        struct span stem = span_of(slash != NULL ? slash + 1 : file);
        struct span suffix = SPAN_LITERAL(".cf");

        if (stem.size > suffix.size &&
                memcmp(stem.data + stem.size - suffix.size, suffix.data,
                        suffix.size) == 0)
                stem.size -= suffix.size;
        return stem;
}

static int read_map(
        const struct cf *cf, struct exec *exec, struct reason *ret_reason)
{
        exec->peer.map = exec->options.map;
        if (exec->peer.map == NULL)
                exec->peer.map = arena_copy(&exec->arena, stem_of(cf->file));
        if (exec->peer.map == NULL)
                return cf_refuse_memory(cf->file, ret_reason);
        if (strchr(exec->peer.map, ' ') != NULL)
                return cf_refuse(
                        cf, -EINVAL, "map: a name has no blanks", ret_reason);
        return 0;
}

static int read_directory(
        const struct cf *cf, struct exec *exec, struct reason *ret_reason)
{
        const char *directory = exec->options.directory;
        struct reason why, text;
        int r;

        if (directory[0] != '/')
                return cf_refuse(cf, -EINVAL,
                        "directory: write an absolute path", ret_reason);
        exec->command.directory = directory;
        r = path_check_directory(directory, &why);
        if (r == 0)
                return 0;
        reason_set(&text, "directory: %s", why.text);
        return cf_refuse(cf, r, text.text, ret_reason);
}

static int read_command(
        const struct cf *cf, struct exec *exec, struct reason *ret_reason)
{
        const struct options *values = &exec->options;
        struct reason why;
        int r;

        if (values->command == NULL)
                return cf_refuse(cf, -EINVAL, "command is missing", ret_reason);
        r = exec_command_parse(
                values->command, &exec->arena, &exec->command, &why);
        if (r == 0)
                r = exec_command_set_environment(values->environment,
                        &exec->arena, &exec->command, &why);
        return r < 0 ? cf_refuse(cf, r, why.text, ret_reason) : 0;
}

/* A program that was replaced is started anew. */
static int note_file(const char *file, struct table_file *ret_file,
        struct reason *ret_reason)
{
        int r = file_state_get(file, &ret_file->state);

        ret_file->name = file;
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", file);
        return r;
}

static int read_all(const struct table_env *env, const char *file,
        struct exec *exec, struct reason *ret_reason)
{
        const char *name = arena_copy(&exec->arena, span_of(file));
        struct cf cf = {.file = name,
                .options = options,
                .arena = &exec->arena,
                .report = env->report};
        int r;

        if (name == NULL)
                return cf_refuse_memory(file, ret_reason);
        exec->log.watcher = env->watcher;
        if (env->map != NULL)
                exec->log.map = arena_copy(&exec->arena, span_of(env->map));
        exec->log.file = name;
        exec->peer.name = name;
        r = note_file(name, &exec->files[0], ret_reason);
        if (r == 0)
                r = cf_load(&cf, &exec->options, ret_reason);
        if (r == 0)
                r = read_map(&cf, exec, ret_reason);
        if (r == 0)
                r = read_command(&cf, exec, ret_reason);
        if (r == 0)
                r = read_directory(&cf, exec, ret_reason);
        if (r == 0)
                r = note_file(exec->command.path, &exec->files[1], ret_reason);
        return r;
}

/* No program is started before the first lookup. */
static int open_parts(const struct table_env *env, struct exec *exec,
        struct reason *ret_reason)
{
        exec->server = (struct server){
                .name = exec->peer.name,
                .protocol = &netstring_protocol,
                .ctx = &exec->peer,
                .lost = "the program ended without an answer",
                .is_process = true,
        };
        exec_wait_init(&exec->wait, &exec->server, &exec->command, &exec->log,
                env->events == NULL);
        exec->pool = exec_pool_new(env->events, &exec->command, &exec->log,
                exec->options.processes);
        if (exec->pool != NULL)
                exec->remote = remote_new(
                        env, &exec->server, exec_pool_opener(exec->pool));
        return exec->remote != NULL
                       ? 0
                       : cf_refuse_memory(exec->peer.name, ret_reason);
}

static int check_exec(const char *argument, struct reason *ret_reason)
{
        return path_check("exec", argument, ret_reason);
}

static void close_exec(struct table *table)
{
        struct exec *exec = (struct exec *)table;

        exec_wait_close(&exec->wait);
        remote_close(exec->remote);
        exec_pool_close(exec->pool);
        exec_log_fini(&exec->log);
        arena_fini(&exec->arena);
        free(exec);
}

static struct table *open_exec(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct exec *exec;

        if (check_exec(argument, ret_reason) < 0)
                return NULL;
        exec = calloc(1, sizeof(*exec));
        if (exec == NULL) {
                cf_refuse_memory(argument, ret_reason);
                return NULL;
        }
        arena_init(&exec->arena, NULL, 0, SIZE_MAX);
        if (read_all(env, argument, exec, ret_reason) < 0 ||
                open_parts(env, exec, ret_reason) < 0) {
                close_exec(&exec->table);
                return NULL;
        }
        exec->table = (struct table){
                .type = &table_type_exec,
                .files = exec->files,
                .file_count = 2,
                .entries = SIZE_MAX,
                .pends = true,
        };
        return &exec->table;
}

static enum progress start_exec(struct table *table, struct lookup *lookup)
{
        struct exec *exec = (struct exec *)table;

        lookup_trace(lookup, "exec: asks %s for \"%s %.*s\"",
                exec->command.path, exec->peer.map, (int)lookup->key.size,
                lookup->key.data);
        if (lookup->finish == NULL)
                return exec_wait_ask(&exec->wait, lookup);
        return remote_start(exec->remote, lookup);
}

static void cancel_exec(struct table *table, struct lookup *lookup)
{
        remote_cancel(((struct exec *)table)->remote, lookup);
}

static const char manual[] =
        "A program that speaks the protocol itself, on its standard input and\n"
        "output: in a loop it reads\n"
        ".Ql 22:users user@example.org,\\&\n"
        "say, and writes\n"
        ".Ql 20:OK alice@example.net,\\& .\n"
        "It is written in any language, or is a server of the protocol, such\n"
        "as\n"
        ".Nm socketmapd Fl -stdio .\n"
        "It has to end at the end of its input, and to write nothing else to\n"
        "its output; what it writes to standard error is logged, up to 50\n"
        "lines in ten seconds.\n"
        ".Pp\n"
        "There is no shell, unless\n"
        ".Ic command\n"
        "is one:\n"
        ".Ql sh -c {exec users.py 2>/dev/null} .\n"
        "It runs as the user that the daemon runs as, with PATH, LANG, TZ and\n"
        "what\n"
        ".Ic environment\n"
        "says for its environment; a canary is looked up before the daemon\n"
        "becomes another user.\n"
        "Input and output are one socket.\n"
        ".Pp\n"
        "Programs are started when lookups need them, up to\n"
        ".Ic processes ,\n"
        "and stay.\n"
        "When the file of the program has changed, they are started anew.\n"
        "One that has not answered at the deadline of a request, its start\n"
        "included, is killed with its process group.\n"
        "So is one that writes anything but one reply to each request; then\n"
        "the lookup fails.\n"
        ".Pp\n"
        "Each has one request at a time, of which the first byte is sent\n"
        "ahead: when that has been read, what the program writes is of no\n"
        "request before.\n"
        "So it must not expect a request to come in one piece, nor read one\n"
        "before it has written all of the reply to the last.\n"
        ".Pp\n"
        "A lookup whose program has ended is asked once more, of a new one,\n"
        "unless that was its first.\n"
        "Within a second no more than\n"
        ".Ic processes\n"
        "are started, and only one when the last has failed before its first\n"
        "answer.\n"
        "When two have, one after the other, lookups fail until one answers.\n"
        ".Pp\n"
        "Postfix has no such type.\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = socketmap:inet:127.0.0.1:10700:users\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map users]\n"
        "table = exec:/etc/postfix/users.cf\n"
        "search = virtual\n"
        ".Ed\n"
        ".Pp\n"
        "In FILE.cf:\n"
        ".Bd -literal -offset indent\n"
        "command = sh /etc/postfix/users.sh\n"
        "processes = 2\n"
        ".Ed\n";

const struct table_type table_type_exec = {
        .name = "exec",
        .summary = "what a program replies",
        .argument = "FILE.cf",
        .manual = manual,
        .options = options,
        .check = check_exec,
        .open = open_exec,
        .start = start_exec,
        .cancel = cancel_exec,
        .close = close_exec,
};
