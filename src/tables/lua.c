/* SPDX-License-Identifier: MIT */
/* lua:FILE.lua, lua:FILE.cf - what a function written in Lua returns. */
#include "tables/lua/script.h"
#include "tables/support/path.h"
#include "tables/support/workers.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

extern const struct table_type table_type_lua;

/* What the threads use: it lives until the last of them has ended. */
struct shared {
        struct lua_source *source;
        /* The one that was tried: for the first thread that needs one. */
        struct lua_script *_Atomic tried;
};

struct lua {
        struct table table;
        struct shared *shared; /* the workers' */
        struct workers *workers;
};

static void free_shared(void *ctx)
{
        struct shared *shared = ctx;

        lua_script_free(atomic_load(&shared->tried));
        lua_source_close(shared->source);
        free(shared);
}

static void *begin(void *ctx, struct reason *ret_reason)
{
        struct shared *shared = ctx;
        struct lua_script *tried = atomic_exchange(&shared->tried, NULL);

        return tried != NULL ? tried
                             : lua_script_new(shared->source, ret_reason);
}

static void end(void *state)
{
        lua_script_free(state);
}

static void run(void *ctx, void *state, struct lookup *lookup)
{
        (void)ctx;
        lua_script_ask(state, lookup);
}

static const struct workers_type workers_type = {
        .begin = begin,
        .end = end,
        .run = run,
        .free = free_shared,
};

/* What is wrong with the script is better told before it is asked. */
static int try_script(struct shared *shared, struct reason *ret_reason)
{
        struct lua_script *script = lua_script_new(shared->source, ret_reason);

        if (script == NULL)
                return ret_reason->code;
        atomic_store(&shared->tried, script);
        return lua_script_begin(script, UINT64_MAX, ret_reason);
}

static struct shared *open_shared(const struct table_env *env, const char *file,
        struct reason *ret_reason)
{
        struct shared *shared = calloc(1, sizeof(*shared));

        if (shared == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", file);
                return NULL;
        }
        shared->source = lua_source_open(env, file, ret_reason);
        if (shared->source != NULL && try_script(shared, ret_reason) == 0)
                return shared;
        free_shared(shared);
        return NULL;
}

static int check_lua(const char *argument, struct reason *ret_reason)
{
        return path_check("lua", argument, ret_reason);
}

static struct table *open_lua(const struct table_env *env, const char *file,
        struct reason *ret_reason)
{
        struct shared *shared;
        struct lua *lua;

        if (check_lua(file, ret_reason) < 0)
                return NULL;
        shared = open_shared(env, file, ret_reason);
        if (shared == NULL)
                return NULL;
        lua = calloc(1, sizeof(*lua));
        if (lua != NULL)
                lua->workers = workers_new(env, &workers_type, shared);
        if (lua == NULL || lua->workers == NULL) {
                free(lua);
                free_shared(shared);
                reason_set_errno(ret_reason, -ENOMEM, "%s", file);
                return NULL;
        }
        lua->shared = shared;
        lua->table = (struct table){
                .type = &table_type_lua,
                .files = shared->source->files,
                .file_count = shared->source->file_count,
                .entries = SIZE_MAX,
                .pends = true,
        };
        return &lua->table;
}

static enum progress start_lua(struct table *table, struct lookup *lookup)
{
        struct lua *lua = (struct lua *)table;
        const struct lua_source *source = lua->shared->source;

        lookup_trace(lookup, "%s: lookup(\"%.*s\", \"%s\")", source->file,
                (int)lookup->key.size, lookup->key.data,
                source->map != NULL ? source->map : "");
        return workers_start(lua->workers, lookup);
}

static void cancel_lua(struct table *table, struct lookup *lookup)
{
        workers_cancel(((struct lua *)table)->workers, lookup);
}

static void close_lua(struct table *table)
{
        workers_close(((struct lua *)table)->workers);
        free(table);
}

static const char manual[] =
        "The file is a program in Lua 5.4, of which\n"
        ".Fn lookup key map\n"
        "is called for each lookup, with the key and the name of the map as\n"
        "strings.\n"
        "What it returns is the answer:\n"
        ".Bl -tag -width \"temp(why)\"\n"
        ".It a string or a number\n"
        "is the value;\n"
        ".It a list of these\n"
        "is the value, joined by commas;\n"
        ".It Li nil\n"
        "means that the key is not found;\n"
        ".It Fn temp why\n"
        "means that it cannot be known now: the answer is TEMP with this\n"
        "reason.\n"
        ".El\n"
        ".Pp\n"
        "All else is TEMP, too: another type of value,\n"
        ".Li nil\n"
        "with a message after it, which is how functions of Lua fail, and\n"
        "every error, with its message, file and line.\n"
        "Keys are in lower case, unless\n"
        ".Ic fold\n"
        "says\n"
        ".Cm no .\n"
        ".Pp\n"
        "The file is run once on each thread of the map, before the first\n"
        "lookup there, for 3 seconds at most.\n"
        "Threads have nothing in common: a global variable keeps its value\n"
        "from one lookup to the next one on the same thread, which may be\n"
        "any, until the file or the configuration changes or a limit was\n"
        "exceeded.\n"
        "So an answer must not depend on the lookups before it.\n"
        "A changed file is run beside the old one, which goes on if the new\n"
        "one has an error; the log tells its line.\n"
        ".Pp\n"
        "A lookup ends as TEMP when it exceeds\n"
        ".Ic instruction_limit , memory_limit\n"
        "or its deadline; the thread then runs the file anew.\n"
        "Nothing of it runs any more then: neither does\n"
        ".Fn pcall\n"
        "catch this, nor are variables closed.\n"
        "Functions on strings and tables, and\n"
        ".Fn load ,\n"
        "keep to the limits, too: comparing, moving and copying count as\n"
        "instructions, each value and so many bytes.\n"
        ".Pp\n"
        "There are the libraries coroutine, math, string, table and utf8, and\n"
        "the basic functions but for\n"
        ".Fn collectgarbage , dofile , loadfile , require\n"
        "and\n"
        ".Fn warn .\n"
        ".Fn load\n"
        "loads text only, and\n"
        ".Fn setmetatable\n"
        "takes no finalizers.\n"
        ".Fn print\n"
        "writes to the log, ten lines a second at most.\n"
        ".Pp\n"
        "Options need a\n"
        ".Ar FILE.cf ,\n"
        "whose name ends with\n"
        ".Li .cf .\n"
        "What\n"
        ".Ic allow\n"
        "names there, separated by commas, lets the script do what the daemon\n"
        "may, and no limit holds inside of these functions:\n"
        ".Cm io\n"
        "with\n"
        ".Fn dofile\n"
        "and\n"
        ".Fn loadfile ,\n"
        "but without stdin and stdout;\n"
        ".Cm os\n"
        "without\n"
        ".Fn exit\n"
        "and\n"
        ".Fn setlocale ;\n"
        ".Cm package\n"
        "with\n"
        ".Fn require ,\n"
        "which may load machine code;\n"
        ".Cm debug\n"
        "without hooks;\n"
        ".Cm bytecode\n"
        "lets\n"
        ".Fn load\n"
        "and its like take what\n"
        ".Xr luac 1\n"
        "makes, which is not checked: it may crash the daemon.\n"
        "Other files that a script reads are not watched.\n"
        ".Pp\n"
        "Postfix has no such type.\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = socketmap:inet:127.0.0.1:10700:aliases\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map aliases]\n"
        "table = lua:/etc/postfix/aliases.lua\n"
        "search = virtual\n"
        ".Ed\n"
        ".Pp\n"
        "In FILE.lua:\n"
        ".Bd -literal -offset indent\n"
        "local teams = {\n"
        "    sales = {\"alice@example.org\", \"bob@example.org\"},\n"
        "}\n"
        "\n"
        "function lookup(key, map)\n"
        "    local team = key:match(\"^team%-(.+)@example%.org$\")\n"
        "    if team then\n"
        "        return teams[team]\n"
        "    end\n"
        "end\n"
        ".Ed\n";

const struct table_type table_type_lua = {
        .name = "lua",
        .summary = "what a function written in Lua returns",
        .argument = "FILE.lua|FILE.cf",
        .manual = manual,
        .options = lua_source_options,
        .check = check_lua,
        .open = open_lua,
        .start = start_lua,
        .cancel = cancel_lua,
        .close = close_lua,
};
