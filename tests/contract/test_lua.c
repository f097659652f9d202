/* SPDX-License-Identifier: MIT */
/* lua: what scripts return, their errors, and what they cannot do. */
#include "asking.h"
#include "hostile.h"
#include "looped.h"
#include "support/check.h"
#include "tables/table.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char *directory;

/* What was printed, a line each. */
static char printed[8192];

static void say(const char *map, const char *line)
{
        size_t used = strlen(printed);

        snprintf(printed + used, sizeof(printed) - used, "%s: %s\n", map, line);
}

static const struct table_watcher watcher = {.said = say};

/* Writes a file and returns the specification of its table, to be freed. */
static char *spec_of(const char *name, const char *text)
{
        char *path = write_file(directory, name, span_of(text));
        char *spec = join("lua:", path);

        free(path);
        return spec;
}

/* Opens a script, or tells why not. */
static struct table *open_script(const char *text)
{
        char *spec = spec_of("t.lua", text);
        struct reason reason;
        struct table *table = open_table(spec, &reason);

        if (table == NULL)
                printf("# %s\n", reason.text);
        free(spec);
        return table;
}

/* Opens the script with these lines in a FILE.cf. */
static struct table *open_with(
        const char *lines, const char *text, struct reason *ret_reason)
{
        char *script = write_file(directory, "t.lua", span_of(text));
        struct table *table;
        char *options, *spec;

        if (asprintf(&options, "script = %s\n%s", script, lines) < 0)
                abort();
        spec = spec_of("t.cf", options);
        table = open_table(spec, ret_reason);
        free(spec);
        free(options);
        free(script);
        return table;
}

/* Returns where `text` begins behind the directory that stands in it. */
static const char *without_directory(const char *text)
{
        static char short_text[1000];
        const char *at = strstr(text, directory);
        size_t size = strlen(directory) + 1;

        if (at == NULL)
                return text;
        snprintf(short_text, sizeof(short_text), "%.*s%s", (int)(at - text),
                text, at + size);
        return short_text;
}

/* The answer of a script with these lines in a FILE.cf. */
static const char *ask_with(
        const char *lines, const char *text, const char *key)
{
        static char result[1000];
        struct reason reason;
        struct table *table = open_with(lines, text, &reason);

        if (table == NULL) {
                snprintf(result, sizeof(result), "NONE: %s", reason.text);
                return result;
        }
        CHECK_INT(table->file_count, 2);
        snprintf(result, sizeof(result), "%s",
                without_directory(value_of(table, key)));
        table_close(table);
        return result;
}

/* The answer of a function with this body to the key "k". */
static const char *answer(const char *body)
{
        static char text[1000];
        struct table *table;
        char *script;

        if (asprintf(&script, "function lookup(key, map)\n%s\nend\n", body) < 0)
                abort();
        table = open_script(script);
        free(script);
        if (table == NULL)
                return "NONE";
        snprintf(text, sizeof(text), "%s",
                without_directory(value_of(table, "k")));
        table_close(table);
        return text;
}

static void test_answers(void)
{
        static const char *const cases[][2] = {
                {"return 'a value'", "a value"},
                {"return key", "k"},
                {"return map", "ABSENT"},
                {"return 12", "12"},
                {"return 0.5", "0.5"},
                {"return {'a', 'b', 3}", "a,b,3"},
                {"return {'a'}", "a"},
                {"return {}", ""},
                {"return ''", ""},
                {"return nil", "ABSENT"},
                {"", "ABSENT"},
                {"return", "ABSENT"},
                {"return nil, nil", "ABSENT"},
                {"return nil, 'no connection'", "FAILED: no connection"},
                {"return nil, 7", "FAILED: 7"},
                {"return nil, false", "FAILED: false"},
                {"return temp('be\\npatient')", "FAILED: be?patient"},
                {"return temp(12)", "FAILED: 12"},
                {"return temp()", "FAILED: the script says so"},
                {"return 'a', 'b'", "a"},
                {"return false", "FAILED: t.lua: lookup returned a boolean"},
                {"return true", "FAILED: t.lua: lookup returned a boolean"},
                {"return print", "FAILED: t.lua: lookup returned a function"},
                {"return temp", "FAILED: t.lua: lookup returned a function"},
                {"return coroutine.create(print)",
                        "FAILED: t.lua: lookup returned a thread"},
                {"return {a = 1}",
                        "FAILED: t.lua: lookup returned a table that is no "
                        "list"},
                {"local t = {'a'} t[3] = 'c' return t",
                        "FAILED: t.lua: lookup returned a table that is no "
                        "list"},
                {"return {[0] = 'z', 'a'}",
                        "FAILED: t.lua: lookup returned a table that is no "
                        "list"},
                {"return table.pack('a', 'b')", "a,b"},
                {"return {nil, 'b'}",
                        "FAILED: t.lua: lookup returned a list with a nil in "
                        "it"},
                {"return {'a', {}}",
                        "FAILED: t.lua: lookup returned a list with a table "
                        "in it"},
                {"return {'a', temp('x')}",
                        "FAILED: t.lua: lookup returned a list with a userdata in "
                        "it"},
                {"return setmetatable({}, {__index = {'a'}})", ""},
                {"error('no\\27way')", "FAILED: t.lua:2: no?way"},
                {"error('bare', 0)", "FAILED: bare"},
                {"error({})", "FAILED: t.lua: error with a table"},
                {"error()", "FAILED: t.lua: error with a nil"},
                {"return nil .. 'x'",
                        "FAILED: t.lua:2: attempt to concatenate a nil value"},
                {"return key:nothing()",
                        "FAILED: t.lua:2: attempt to call a nil value (method "
                        "'nothing')"},
                {"coroutine.yield('x')",
                        "FAILED: attempt to yield across a C-call boundary"},
                {"return select(2, pcall(error, 'caught'))", "caught"},
                {"return select(2, xpcall(error, string.upper, 'caught'))",
                        "CAUGHT"},
                {"return tostring(pcall(error))", "false"},
                {"local c = coroutine.wrap(function() return pcall(function()\n"
                 "return coroutine.yield(1) .. 'x' end) end)\n"
                 "return {c(), tostring(c('y'))}",
                        "1,true"},
                {"return load('return 1 + 1')()", "2"},
                {"return load(function() end, 'x', 't', {})()", "ABSENT"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const char *got = answer(cases[i][0]);

                if (strcmp(got, cases[i][1]) != 0)
                        printf("# %s\n", cases[i][0]);
                CHECK_STR(got, cases[i][1]);
        }
}

/* Too many instructions; or where these take long, the time is up first. */
static bool is_too_much(const char *answer)
{
        return strncmp(answer, "FAILED: t.lua:", 14) == 0 &&
               strstr(answer, ": the script took ") != NULL;
}

#define TOO_LARGE "out of memory: the script may have 33554432 bytes"

/* No key may make a script run on, whatever that catches. */
static void test_endless(void)
{
        /* A table that is too long, and one that takes too long to close. */
        static const char endless[] =
                "HUGE = setmetatable({}, {__len = function() return 1 << 62 "
                "end}) ENDLESS = setmetatable({}, {__close = function() while "
                "true do end end})\n";
        static const char *const bodies[] = {
                "while true do end",
                "while true do pcall(function() while true do end end) end",
                "while true do pcall(pcall, pcall, error) end",
                "local function f() return pcall(f), f() end return f()",
                "xpcall(function() while true do end end, function() while "
                "true do end end) return 'x'",
                "xpcall(error, function() while true do end end) return 'x'",
                "local function f() while true do end end while true do "
                "coroutine.resume(coroutine.create(f)) end",
                "local function f() coroutine.wrap(f)() end while true do "
                "pcall(f) end",
                "local c = coroutine.create(function() local x <close> = "
                "setmetatable({}, {__close = function() while true do end "
                "end}) coroutine.yield() end) coroutine.resume(c) "
                "coroutine.close(c) return 'x'",
                "local x <close> = setmetatable({}, {__close = function() "
                "while true do end end}) while true do end",
                "while true do load(function() while true do end end) end",
                "while true do load('x') end",
                "return tostring(setmetatable({}, {__tostring = function() "
                "while true do end end}))",
                "table.sort({1, 2, 3}, function() while true do end end)",
                "return ('x'):gsub('.', function() while true do end end)",
                "return nil, setmetatable({}, {__tostring = function() while "
                "true do end end})",
                "return (''):rep(1e15)",
                "return (''):rep(math.maxinteger)",
                "table.move({}, 1, math.maxinteger - 1, 2)",
                "return (('a'):rep(10000)):find('.-.-.-.-b')",
                "return (('a'):rep(10000)):match('a*a*a*a*b')",
                "return (('a'):rep(10000)):gsub('a*a*a*a*b', '')",
                "for _ in (('a'):rep(10000)):gmatch('a-a-a-a-b') do end",
                "return (('('):rep(50000)):find('%b()')",
                "return (('a'):rep(10000)):find('(a*)%1*%1%1b')",
                "while pcall(string.find, ('a'):rep(9999), '.-.-.-.-b') ~= 1 "
                "do end",
                /* What Lua does in C for as long as a length says. */
                "table.insert(HUGE, 1, nil)",
                "table.remove(HUGE, 1)",
                "return table.concat(setmetatable({}, {__len = function() "
                "return 1 << 62 end, __index = function() return '' end}))",
                "return table.concat(setmetatable({}, {__index = rawlen}), '', "
                "1, 1 << 62)",
                "while true do pcall(table.unpack, {}, 1, 1 << 19) end",
                "while true do pcall(table.unpack, HUGE) end",
                "table.move({}, 1 << 62, math.maxinteger - 1, 1)",
                "table.sort(setmetatable({}, {__len = function() return (1 << "
                "31) - 2 end, __index = rawlen, __newindex = type}))",
                "table.sort(setmetatable({}, {__len = function() return (1 << "
                "31) - 2 end, __index = rawlen, __newindex = type}), rawequal)",
                "local t = {} for i = 1, 1e4 do t[i] = i * 7919 % 1e4 end "
                "for i = 1, 1e9 do table.sort(t) end",
                "local n = 0 local t = setmetatable({}, {__len = function() n "
                "= n + 1 return n < 2 and 1 or 1 << 62 end}) while true do "
                "table.insert(t, 1, nil) end",
                /* ... or as a text is large. */
                "local s = ('x'):rep(5e6) while true do local t = s:upper() end",
                "local s = ('x'):rep(5e6) while true do local t = s:sub(2) end",
                "local s = ('x'):rep(5e6) while true do local t = s .. 'x' end",
                "local s = ('x'):rep(5e6) while true do s:byte(1, 9e5) end",
                "local s = (' '):rep(5e6) while true do s:format() end",
                "local s = (' '):rep(5e6) while true do s:unpack('') end",
                "local s = (' '):rep(5e6) while true do utf8.len(s) end",
                "local s = (' '):rep(5e6) while true do utf8.offset(s, 5e6) "
                "end",
                "local s = (' '):rep(5e6) while true do tonumber(s) end",
                "local s = (' '):rep(5e6) while true do (''):find(s) end",
                "return ('a'):rep(1e4):find(('%f[a]'):rep(9e4))",
                "return load(('x = 1 '):rep(1e5))",
                "return load(('goto a '):rep(1e5) .. ('::b::'):rep(1e5))",
                "return load('return ' .. ('a and '):rep(2e5) .. 'b')",
                "return load(function() return 'x = 1 ' end)",
                "return load(function() while true do end end)",
                /* What Lua runs when something else has ended. */
                "coroutine.wrap(function() local x <close> = ENDLESS while "
                "true do end end)()",
                "local c = coroutine.create(function() local x <close> = "
                "ENDLESS while true do end end) local y <close> = "
                "setmetatable({}, {__close = function() coroutine.close(c) "
                "end}) coroutine.resume(c)",
                "local c = coroutine.wrap(function() local x <close> = "
                "ENDLESS coroutine.yield() error('x') end) c() c()",
                "local mt = {} mt.__close = function() local x <close> = "
                "setmetatable({}, mt) while true do end end mt.__close()",
                "coroutine.wrap(function() local mt = {} mt.__close = "
                "function() local x <close> = setmetatable({}, mt) while true "
                "do end end local x <close> = setmetatable({}, mt) while true "
                "do end end)()",
                "local x <close> = ENDLESS error('x')",
                "pcall(function() local x <close> = ENDLESS error('x') end)",
                "pcall(coroutine.wrap(function() pcall(function() ::a:: goto "
                "a end) end)) return 'x'",
                "for _ in coroutine.wrap(function() while true do end end) do "
                "end",
                "xpcall(error, function(e) return e .. 'x' end, setmetatable("
                "{}, {__concat = function() while true do end end}))",
                "getmetatable('').__index = function() while true do end end "
                "return ('x').y",
                "getmetatable('').__lt = function() while true do end end "
                "return {} < 'x'",
                "while true do pcall(function() local x <close> = "
                "setmetatable({}, {__close = error}) end) end",
        };

        for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
                const char *got;
                char *script;

                if (asprintf(&script, "%sfunction lookup(key) %s\nend\n",
                            endless, bodies[i]) < 0)
                        abort();
                got = ask_with("instruction_limit = 200000\n", script, "k");
                free(script);
                if (!is_too_much(got))
                        printf("# %s: %s\n", bodies[i], got);
                CHECK(is_too_much(got));
        }
}

static void test_memory(void)
{
        static const char *const bodies[] = {
                "return ('x'):rep(1e6):rep(40)",
                "local t = {} while true do t[#t + 1] = {} end",
                "local s = 'x' while true do s = s .. s end",
                "local s = 'x' while true do pcall(function() s = s .. s end) "
                "end",
                "local t = {} while true do t[#t + 1] = coroutine.create("
                "function() end) end",
                "local y = ('y'):rep(100) return ('x'):rep(1e6):gsub('x', "
                "function() return y end)",
                "return string.pack('s8s8s8', ('x'):rep(9e3):rep(1e3), ('y'):rep(9e3):rep(1e3), "
                "'z')",
                "local f = coroutine.wrap(function() local s = 'x' while true "
                "do s = s .. s end end) pcall(f) return 'caught'",
        };

        for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
                const char *got = answer(bodies[i]);
                bool is_told = strncmp(got, "FAILED: t.lua", 13) == 0 &&
                               strstr(got, TOO_LARGE) != NULL;

                if (!is_told)
                        printf("# %s: %s\n", bodies[i], got);
                CHECK(is_told);
        }
}

/* What is not there, and what is not as in Lua. */
static void test_libraries(void)
{
        static const char *const cases[][2] = {
                {"return {tostring(io), tostring(os), tostring(debug), "
                 "tostring(package), tostring(require), tostring(dofile), "
                 "tostring(loadfile), tostring(collectgarbage), "
                 "tostring(warn)}",
                        "nil,nil,nil,nil,nil,nil,nil,nil,nil"},
                {"return {type(math.pi), type(utf8.char), type(table.concat), "
                 "type(coroutine.wrap), type(string.pack), type(next)}",
                        "number,function,function,function,function,function"},
                {"return load(string.dump(function() end))",
                        "FAILED: attempt to load a binary chunk (mode is "
                        "'t')"},
                {"return load(string.dump(function() end), 'x', 'b')",
                        "FAILED: attempt to load a binary chunk (mode is "
                        "'t')"},
                {"setmetatable({}, {__gc = print})",
                        "FAILED: t.lua:2: __gc is not to be had here"},
                {"return setmetatable({}, {__index = function() return 'y' "
                 "end}).x",
                        "y"},
                {"setmetatable(1, {})",
                        "FAILED: t.lua:2: bad argument #1 to 'setmetatable' "
                        "(table expected, got number)"},
                {"setmetatable({})",
                        "FAILED: t.lua:2: bad argument #2 to 'setmetatable' "
                        "(nil or table expected, got no value)"},
                {"setmetatable(setmetatable({}, {__metatable = 1}), {})",
                        "FAILED: t.lua:2: cannot change a protected "
                        "metatable"},
                {"return getmetatable(setmetatable(setmetatable({}, {}), "
                 "nil))",
                        "ABSENT"},
                {"pcall()",
                        "FAILED: t.lua:2: bad argument #1 to 'pcall' (value "
                        "expected)"},
                {"coroutine.resume(1)",
                        "FAILED: t.lua:2: bad argument #1 to 'resume' "
                        "(coroutine expected, got number)"},
                {"load()",
                        "FAILED: t.lua:2: bad argument #1 to 'load' (function "
                        "expected, got no value)"},
                {"xpcall(print)",
                        "FAILED: t.lua:2: bad argument #2 to 'xpcall' "
                        "(function expected, got no value)"},
                {"return ('x'):rep({})",
                        "FAILED: t.lua:2: bad argument #1 to 'rep' (number "
                        "expected, got table)"},
                {"return ('x'):find('[a')",
                        "FAILED: t.lua:2: malformed pattern (missing ']')"},
                {"table.move(1, 2, 3, 4)",
                        "FAILED: t.lua:2: bad argument #1 to 'move' (table "
                        "expected, got number)"},
                {"return coroutine.isyieldable() or (coroutine.close("
                 "coroutine.create(print)) and 'closed')",
                        "closed"},
                {"return ('x'):rep(3, ',')", "x,x,x"},
                {"return table.concat(table.move({1, 2, 3}, 1, 3, 2))", "1123"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const char *got = answer(cases[i][0]);

                if (strcmp(got, cases[i][1]) != 0)
                        printf("# %s\n", cases[i][0]);
                CHECK_STR(got, cases[i][1]);
        }
}

/* A state lives on after errors, but not after a limit. */
static void test_globals(void)
{
        struct table *table = open_script(
                "count = 0\n"
                "function lookup(key)\n"
                "  count = count + 1\n"
                "  if key == 'error' then error(count .. '', 0) end\n"
                "  if key == 'loop' then while true do end end\n"
                "  if key == 'undefine' then lookup = nil end\n"
                "  return count\n"
                "end\n");

        CHECK_STR(value_of(table, "x"), "1");
        CHECK_STR(value_of(table, "error"), "FAILED: 2");
        CHECK_STR(value_of(table, "undefine"), "3");
        CHECK_STR(value_of(table, "x"), "4");
        CHECK(strstr(value_of(table, "loop"), "instructions") != NULL);
        CHECK_STR(value_of(table, "x"), "1");
        table_close(table);
}

/* Opens what cannot be; returns why, and checks that it isn't for ever. */
static const char *complaint(const char *name, const char *text)
{
        static char why[300];
        char *spec = spec_of(name, text);
        struct reason reason = {.text = "nothing"};
        struct table *table = open_table(spec, &reason);

        CHECK(table == NULL);
        CHECK(reason.code != -EINVAL);
        table_close(table);
        free(spec);
        snprintf(why, sizeof(why), "%s", without_directory(reason.text));
        return why;
}

static void test_mistakes(void)
{
        CHECK_STR(complaint("t.lua", "x = 1\nfunction lookup(key\n"),
                "t.lua:3: ')' expected near <eof>");
        CHECK_STR(complaint("t.lua", "\n\nlocal x = nil + 1\n"),
                "t.lua:3: attempt to perform arithmetic on a nil value");
        CHECK_STR(complaint("t.lua", ""),
                "t.lua: it defines no function lookup(key, map)");
        CHECK_STR(complaint("t.lua", "lookup = {}"),
                "t.lua: it defines no function lookup(key, map)");
        CHECK_STR(complaint("t.lua", "#! lua\nerror('x')"), "t.lua:2: x");
        CHECK_STR(complaint("t.lua", "# lua"),
                "t.lua: it defines no function lookup(key, map)");
        CHECK(strstr(complaint("t.lua", "s = 'x' while true do s = s .. s end"),
                      TOO_LARGE) != NULL);
        CHECK(strstr(complaint("t.lua", "\033Lua"), "binary chunk") != NULL);
        CHECK_STR(complaint("t.cf", ""), "t.cf: script is missing");
        CHECK_STR(complaint("t.cf", "script = x.lua\n"),
                "t.cf:1:10: script: write the absolute path of the script");
        CHECK_STR(complaint("t.cf", "script = /nonexistent.lua\n"),
                "/nonexistent.lua: No such file or directory");
        CHECK_STR(complaint("t.cf", "script = /dev/zero\n"),
                "/dev/zero: not a regular file");
        CHECK_STR(complaint("t.cf", "script = /x\nallow = io, everything\n"),
                "t.cf:2:9: allow: expected io, os, package, debug or bytecode");
        CHECK_STR(complaint("t.cf", "script = /x\nmemory_limit = 1\n"),
                "t.cf:2:16: memory_limit: a number out of range");
}

static void test_no_path(void)
{
        struct reason reason;

        CHECK(open_table("lua:t.lua", &reason) == NULL);
        CHECK_INT(reason.code, -EINVAL);
        CHECK(open_table("lua:/nonexistent/t.lua", &reason) == NULL);
        CHECK_INT(reason.code, -ENOENT);
        CHECK(open_table("lua:/tmp", &reason) == NULL);
        CHECK(reason.code != -EINVAL);
}

static void test_options(void)
{
        static const char types[] =
                "function lookup() return {type(io), type(os), type(debug), "
                "type(require), type(dofile)} end";
        static const char loop[] =
                "function lookup() for i = 1, 1e5 do end return 'x' end";

        CHECK_STR(ask_with("", types, "k"), "nil,nil,nil,nil,nil");
        CHECK_STR(ask_with("allow = io, os\n", types, "k"),
                "table,table,nil,nil,function");
        CHECK_STR(ask_with("allow = debug package\n", types, "k"),
                "nil,nil,table,function,nil");
        CHECK_STR(ask_with("allow = io\n",
                          "function lookup() return {tostring(io.stdout), "
                          "tostring(io.stdin), tostring(io.read(1)), "
                          "tostring(io.output() == io.stderr)} end",
                          "k"),
                "nil,nil,nil,true");
        CHECK_STR(ask_with("allow = os, debug\n",
                          "function lookup() return {tostring(os.exit), "
                          "tostring(os.setlocale), tostring(debug.sethook), "
                          "tostring(debug.debug), os.getenv('PATH') and 'y'} "
                          "end",
                          "k"),
                "nil,nil,nil,nil,y");
        CHECK_STR(ask_with("allow = bytecode\n",
                          "function lookup() return load(string.dump("
                          "function() return 'run' end))() end",
                          "k"),
                "run");
        CHECK_STR(ask_with("instruction_limit = 1000\n", loop, "k"),
                "FAILED: t.lua:1: the script took more than 1000 "
                "instructions");
        CHECK_STR(ask_with("instruction_limit = 1000000\n", loop, "k"), "x");
        CHECK(strstr(ask_with("memory_limit = 1048576\n",
                             "function lookup() return ('x'):rep(1e6) end",
                             "k"),
                      "may have 1048576 bytes") != NULL);
        CHECK(strstr(ask_with("alow = io\n", types, "k"),
                      "unknown key \"alow\"; did you mean \"allow\"?") != NULL);
}

/* Files that it may read are text, too. */
static void test_other_files(void)
{
        char *path = write_file(
                directory, "other.lua", span_of("return ..., 'other'"));
        char *bytes = write_file(directory, "bytes.lua", span_of("\033Lua"));
        char *script;

        if (asprintf(&script,
                    "local other, bytes = '%s', '%s'\n"
                    "function lookup(key)\n"
                    "  if key == 'do' then return select(2, dofile(other)) end\n"
                    "  if key == 'load' then return loadfile(other)('x') end\n"
                    "  if key == 'bytes' then dofile(bytes) end\n"
                    "  if key == 'mode' then\n"
                    "    return loadfile(bytes, 'b')\n"
                    "  end\n"
                    "  if key == 'none' then dofile() end\n"
                    "end\n",
                    path, bytes) < 0)
                abort();
        CHECK_STR(ask_with("allow = io\n", script, "do"), "other");
        CHECK_STR(ask_with("allow = io\n", script, "load"), "x");
        CHECK(strstr(ask_with("allow = io\n", script, "bytes"),
                      "attempt to load a binary chunk") != NULL);
        CHECK(strstr(ask_with("allow = io\n", script, "mode"),
                      "attempt to load a binary chunk") != NULL);
        CHECK(strstr(ask_with("allow = io\n", script, "none"),
                      "string expected, got no value") != NULL);
        free(script);
        free(bytes);
        free(path);
}

static void test_prints(void)
{
        struct table *table;
        int lines = 0;

        printed[0] = '\0';
        table = open_script("function lookup(key)\n"
                            "  for i = 1, 100 do print(key, i, nil) end\n"
                            "  print(('x'):rep(10000))\n"
                            "end\n"
                            "print('ready\\27')\n");
        CHECK_STR(value_of(table, "k"), "ABSENT");
        table_close(table);
        CHECK_STR(without_directory(strtok(printed, "\n")), "t.lua: ready?");
        CHECK_STR(without_directory(strtok(NULL, "\n")), "t.lua: k 1 nil");
        for (char *line; (line = strtok(NULL, "\n")) != NULL; lines++)
                CHECK(strlen(line) <= 1000);
        /* Within two seconds, even if the clock has just struck. */
        CHECK(lines >= 8 && lines <= 20);
}

static void ask_hostile(void *ctx, struct span key)
{
        struct span value;
        enum answer answer = ask(ctx, key, &value);

        /* Folded, each of them is as long as it was, or not UTF-8. */
        if (answer == ANSWER_FOUND)
                CHECK(value.size > 0);
        else
                CHECK_INT(answer, ANSWER_ABSENT);
}

/* What sane scripts do with keys. */
static void test_hostile(void)
{
        struct table *table = open_script(
                "function lookup(key, map)\n"
                "  local user, domain = key:match('^(.+)@([^@]+)$')\n"
                "  local base = key:gsub('%+.*$', '')\n"
                "  for label in (domain or ''):gmatch('[^.]+') do\n"
                "    if label == key then return label end\n"
                "  end\n"
                "  if key:find(base, 1, true) ~= 1 then error(key) end\n"
                "  return user and base:lower() or nil\n"
                "end\n");

        hostile_keys(ask_hostile, table);
        CHECK_STR(value_of(table, "User+x@Example.org"), "user");
        table_close(table);
}

static void test_later(void)
{
        enum { COUNT = 40 };
        char *spec = spec_of("t.lua", "local seen = 0\n"
                                      "function lookup(key)\n"
                                      "  seen = seen + 1\n"
                                      "  for i = 1, 1e5 do end\n"
                                      "  if key == 'none' then return end\n"
                                      "  return key .. seen // 1000\n"
                                      "end\n");
        struct reason reason;
        struct table *table = looped_open(spec, 4, &reason);
        struct asked asked[COUNT];

        for (int i = 0; i < COUNT; i++)
                CHECK_INT(asked_start(&asked[i], table,
                                  i % 2 ? SPAN_LITERAL("key")
                                        : SPAN_LITERAL("none"),
                                  0),
                        LOOKUP_PENDING);
        for (int i = 0; i < COUNT; i++) {
                asked_wait(&asked[i]);
                CHECK_INT(asked[i].lookup.answer,
                        i % 2 ? ANSWER_FOUND : ANSWER_ABSENT);
                if (i % 2)
                        CHECK(span_equal(
                                asked[i].lookup.value, SPAN_LITERAL("key0")));
                asked_fini(&asked[i]);
        }
        table_close(table);
        looped_end();
        free(spec);
}

/* A thread is free again at its lookup's deadline, also while it begins. */
static void test_deadline(void)
{
        char *flag = join(directory, "/flag"), *script, *spec, *options;
        struct reason reason;
        struct asked asked;
        struct table *table;

        if (asprintf(&script,
                    "if io.open('%s') then while true do end end\n"
                    "function lookup(key)\n"
                    "  if key == 'loop' then while true do end end\n"
                    "  if key == 'find' then\n"
                    "    return (('a'):rep(1e5)):find('.-.-.-.-.-b')\n"
                    "  end\n"
                    "  return key\n"
                    "end\n",
                    flag) < 0)
                abort();
        spec = spec_of("t.lua", script);
        if (asprintf(&options,
                    "script = %s\nallow = io\n"
                    "instruction_limit = 1000000000000\n",
                    spec + strlen("lua:")) < 0)
                abort();
        free(spec);
        spec = spec_of("t.cf", options);
        table = looped_open(spec, 1, &reason);
        for (int i = 0; i < 3; i++) {
                static const char *const keys[] = {"loop", "find", "begin"};

                if (i == 2)
                        close(creat(flag, 0600));
                asked_start(&asked, table, span_of(keys[i]), 100);
                asked_wait(&asked);
                CHECK_INT(asked.lookup.answer, ANSWER_FAILED);
                CHECK(strstr(asked.lookup.reason.text, "took too long"));
                asked_fini(&asked);
        }
        unlink(flag);
        asked_start(&asked, table, span_of("x"), 60000);
        asked_wait(&asked);
        CHECK_INT(asked.lookup.answer, ANSWER_FOUND);
        asked_fini(&asked);
        table_close(table);
        looped_end();
        free(options);
        free(spec);
        free(script);
        free(flag);
}

int main(void)
{
        directory = make_directory();
        table_watcher = &watcher;
        RUN(test_answers);
        RUN(test_endless);
        RUN(test_memory);
        RUN(test_libraries);
        RUN(test_globals);
        RUN(test_mistakes);
        RUN(test_no_path);
        RUN(test_options);
        RUN(test_other_files);
        RUN(test_prints);
        RUN(test_hostile);
        RUN(test_later);
        RUN(test_deadline);
        RUN(remove_directory);
        return check_done();
}
