/* SPDX-License-Identifier: MIT */
#include "tables/lua/source.h"
#include "base/braces.h"
#include "base/regular.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A script is a program, not a place for data. */
#define SCRIPT_SIZE_MAX ((off_t)16 * 1024 * 1024)

#define MEMORY_LIMIT "33554432"
#define INSTRUCTION_LIMIT "10000000"

struct options {
        const char *script, *allow;
        uint64_t memory_limit, instruction_limit;
};

#define AT(member) .offset = offsetof(struct options, member)

const struct cf_option lua_source_options[] = {
        {"script", CF_TEXT, AT(script), 1, SIZE_MAX,
                .summary = "the file of the script"},
        {"allow", CF_TEXT, AT(allow), 0, SIZE_MAX, "",
                "what else it may use: io, os, package, debug, bytecode"},
        {"memory_limit", CF_NUMBER, AT(memory_limit), 1048576,
                (uint64_t)1 << 40, MEMORY_LIMIT,
                "bytes that each of its states may have"},
        {"instruction_limit", CF_NUMBER, AT(instruction_limit), 1000, INT64_MAX,
                INSTRUCTION_LIMIT, "instructions that a lookup may take"},
        {.name = NULL},
};

/* What is wrong in a file is not wrong in the table's argument. */
static int refuse(const char *file, const char *text, struct reason *ret_reason)
{
        reason_set(ret_reason, "%s: %s", file, text);
        ret_reason->code = -EBADMSG;
        return -EBADMSG;
}

static int refuse_errno(const char *file, int error, struct reason *ret_reason)
{
        reason_set_errno(ret_reason, error, "%s", file);
        return error;
}

/* Returns 0 if there is no such word. */
static unsigned find_grant(struct span word)
{
        static const struct {
                const char *name;
                unsigned grant;
        } grants[] = {{"io", LUA_GRANT_IO}, {"os", LUA_GRANT_OS},
                {"package", LUA_GRANT_PACKAGE}, {"debug", LUA_GRANT_DEBUG},
                {"bytecode", LUA_GRANT_BYTECODE}};

        for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++)
                if (span_equal(span_of(grants[i].name), word))
                        return grants[i].grant;
        return 0;
}

static int parse_allow(const struct cf *cf, const char *text,
        unsigned *ret_grants, struct reason *ret_reason)
{
        struct span rest = span_of(text), word;

        *ret_grants = 0;
        while (word_next(&rest, &word)) {
                unsigned grant = find_grant(word);

                if (grant == 0)
                        return cf_refuse(cf, -EBADMSG,
                                "allow: expected io, os, package, debug or "
                                "bytecode",
                                ret_reason);
                *ret_grants |= grant;
        }
        return 0;
}

/* Adds a file to those that the table is made of, as it is now. */
static int note_file(
        struct lua_source *source, const char *name, struct reason *ret_reason)
{
        struct table_file *file = &source->files[source->file_count];
        int r = file_state_get(name, &file->state);

        if (r < 0)
                return refuse_errno(name, r, ret_reason);
        file->name = arena_copy(&source->arena, span_of(name));
        if (file->name == NULL)
                return refuse_errno(name, -ENOMEM, ret_reason);
        source->file_count++;
        return 0;
}

static int use_options(struct lua_source *source, const struct cf *cf,
        const struct options *options, struct reason *ret_reason)
{
        if (options->script == NULL)
                return cf_refuse(cf, -EBADMSG, "script is missing", ret_reason);
        if (options->script[0] != '/')
                return cf_refuse(cf, -EBADMSG,
                        "script: write the absolute path of the script",
                        ret_reason);
        source->memory_limit = options->memory_limit;
        source->instruction_limit = options->instruction_limit;
        return parse_allow(cf, options->allow, &source->grants, ret_reason);
}

static bool is_cf(const char *file)
{
        size_t size = strlen(file);

        return size > 3 && strcmp(file + size - 3, ".cf") == 0;
}

/* Reads FILE.cf, or what it would say; *ret_script lives in the arena. */
static int read_options(const struct table_env *env, struct lua_source *source,
        const char *file, const char **ret_script, struct reason *ret_reason)
{
        struct cf cf = {.file = file,
                .options = lua_source_options,
                .arena = &source->arena,
                .report = env->report};
        struct options options = {0};
        int r;

        if (!is_cf(file)) {
                r = cf_load_text(&cf, SPAN_LITERAL(""), &options, ret_reason);
                options.script = file;
        } else {
                r = note_file(source, file, ret_reason);
                if (r == 0)
                        r = cf_load(&cf, &options, ret_reason);
        }
        if (r == 0)
                r = use_options(source, &cf, &options, ret_reason);
        if (r == 0)
                *ret_script = options.script;
        return r;
}

static int read_text(
        struct lua_source *source, int fd, struct reason *ret_reason)
{
        struct stat status;
        char *text;
        ssize_t size;

        if (fstat(fd, &status) < 0)
                return refuse_errno(source->file, -errno, ret_reason);
        if (status.st_size > SCRIPT_SIZE_MAX)
                return refuse(
                        source->file, "too large for a script", ret_reason);
        text = arena_bytes(&source->arena, (size_t)status.st_size + 1);
        if (text == NULL)
                return refuse_errno(source->file, -ENOMEM, ret_reason);
        size = regular_read(fd, text, (size_t)status.st_size);
        if (size < 0)
                return refuse_errno(source->file, (int)size, ret_reason);
        source->text = (struct span){text, (size_t)size};
        return 0;
}

/* Half of a script could be one, too. */
static int check_settled(
        const struct table_file *file, struct reason *ret_reason)
{
        struct file_state now;

        if (file_state_get(file->name, &now) == 0 &&
                file_state_is_same(&file->state, &now))
                return 0;
        reason_set(ret_reason, "%s: changes while it is read", file->name);
        ret_reason->code = -EAGAIN;
        return -EAGAIN;
}

static int note_map(
        struct lua_source *source, const char *map, struct reason *ret_reason)
{
        if (map == NULL)
                return 0;
        source->map = arena_copy(&source->arena, span_of(map));
        return source->map != NULL
                       ? 0
                       : refuse_errno(source->file, -ENOMEM, ret_reason);
}

static int read_script(struct lua_source *source, const char *script,
        struct reason *ret_reason)
{
        int fd, r = note_file(source, script, ret_reason);

        if (r < 0)
                return r;
        source->file = source->files[source->file_count - 1].name;
        fd = regular_open(source->file, source->file, ret_reason);
        if (fd < 0)
                return fd;
        r = read_text(source, fd, ret_reason);
        close(fd);
        return r < 0 ? r
                     : check_settled(&source->files[source->file_count - 1],
                               ret_reason);
}

static void free_source(struct lua_source *source)
{
        arena_fini(&source->arena);
        free(source);
}

struct lua_source *lua_source_open(const struct table_env *env,
        const char *file, struct reason *ret_reason)
{
        struct lua_source *source = calloc(1, sizeof(*source));
        const char *script;
        int r;

        if (source == NULL) {
                refuse_errno(file, -ENOMEM, ret_reason);
                return NULL;
        }
        source->events = env->events;
        arena_init(&source->arena, NULL, 0, SIZE_MAX);
        r = read_options(env, source, file, &script, ret_reason);
        if (r == 0)
                r = read_script(source, script, ret_reason);
        if (r == 0)
                r = note_map(source, env->map, ret_reason);
        if (r < 0) {
                free_source(source);
                return NULL;
        }
        lua_print_init(&source->print, env->watcher,
                source->map != NULL ? source->map : source->file);
        return source;
}

void lua_source_close(struct lua_source *source)
{
        if (source == NULL)
                return;
        lua_print_fini(&source->print);
        free_source(source);
}
