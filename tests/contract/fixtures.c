/* SPDX-License-Identifier: MIT */
#include "fixtures.h"
#include "answering.h"
#include "asking.h"
#include "caches.h"
#include "mariadb.h"
#include "nginx.h"
#include "postgres.h"
#include "postmap.h"
#include "slapd.h"
#include "tcp_answering.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *make_fail(
        const char *directory, const char *key, const char *value)
{
        (void)directory;
        (void)key;
        return join("fail:", value[0] == '\0' ? "{}" : value);
}

static char *make_inline(
        const char *directory, const char *key, const char *value)
{
        char *spec;

        (void)directory;
        if (asprintf(&spec, "inline:{ {%s = %s} }", key, value) < 0)
                abort();
        return spec;
}

static char *make_static(
        const char *directory, const char *key, const char *value)
{
        (void)directory;
        (void)key;
        return join("static:", value[0] == '\0' ? "{}" : value);
}

static char *make_texthash(
        const char *directory, const char *key, const char *value)
{
        char *line, *path, *spec;

        if (value[0] == '\0')
                return NULL;
        if (asprintf(&line, "%s %s\n", key, value) < 0)
                abort();
        path = write_file(directory, "texthash", span_of(line));
        spec = join("texthash:", path);
        free(path);
        free(line);
        return spec;
}

/* By postmap, of a source that texthash would read. */
static char *make_indexed(const char *directory, const char *type,
        const char *key, const char *value)
{
        char *line, *spec;

        if (value[0] == '\0')
                return NULL;
        if (asprintf(&line, "%s %s\n", key, value) < 0)
                abort();
        spec = postmap(directory, type, type, line);
        free(line);
        return spec;
}

static char *make_btree(
        const char *directory, const char *key, const char *value)
{
        return make_indexed(directory, "btree", key, value);
}

static char *make_cdb(const char *directory, const char *key, const char *value)
{
        return make_indexed(directory, "cdb", key, value);
}

static char *make_hash(
        const char *directory, const char *key, const char *value)
{
        return make_indexed(directory, "hash", key, value);
}

static char *make_lmdb(
        const char *directory, const char *key, const char *value)
{
        return make_indexed(directory, "lmdb", key, value);
}

/* By the program of SQLite. A row without a value counts as no row. */
static char *make_sqlite(
        const char *directory, const char *key, const char *value)
{
        char *database, *command, *text, *path, *spec;
        FILE *sqlite;

        if (value[0] == '\0')
                return NULL;
        database = join(directory, "/sqlite.db");
        command = join("sqlite3 -batch ", database);
        unlink(database);
        sqlite = popen(command, "w");
        fprintf(sqlite,
                "create table t(k, v); insert into t values (lower('%s'), "
                "'%s');\n",
                key, value);
        pclose(sqlite);
        if (asprintf(&text,
                    "dbpath = %s\n"
                    "query = select v from t where k = '%%s'\n",
                    database) < 0)
                abort();
        path = write_file(directory, "sqlite.cf", span_of(text));
        spec = join("sqlite:", path);
        free(path);
        free(text);
        free(command);
        free(database);
        return spec;
}

/* Keys come in lower case. */
static char *make_lua(const char *directory, const char *key, const char *value)
{
        char *text, *path, *spec;

        if (asprintf(&text,
                    "local values = {[(\"%s\"):lower()] = [==[%s]==]}\n"
                    "function lookup(key) return values[key] end\n",
                    key, value) < 0)
                abort();
        path = write_file(directory, "contract.lua", span_of(text));
        spec = join("lua:", path);
        free(path);
        free(text);
        return spec;
}

static char *make_rule(const char *directory, const char *type,
        const char *pattern, const char *value)
{
        char *line, *path, *spec;

        if (asprintf(&line, "%s %s\n", pattern, value) < 0)
                abort();
        path = write_file(directory, type, span_of(line));
        if (asprintf(&spec, "%s:%s", type, path) < 0)
                abort();
        free(path);
        free(line);
        return spec;
}

static char *make_cidr(
        const char *directory, const char *key, const char *value)
{
        return value[0] != '\0' ? make_rule(directory, "cidr", key, value)
                                : NULL;
}

/* A pattern that matches the key alone. */
static char *make_pattern(const char *directory, const char *type,
        const char *key, const char *value)
{
        char pattern[1000] = "/^", *end = pattern + 2;

        for (; *key != '\0'; key++) {
                if (*key == '.')
                        *end++ = '\\';
                *end++ = *key;
        }
        memcpy(end, "$/", sizeof("$/"));
        return make_rule(directory, type, pattern, value);
}

static char *make_pcre(
        const char *directory, const char *key, const char *value)
{
        return make_pattern(directory, "pcre", key, value);
}

static char *make_regexp(
        const char *directory, const char *key, const char *value)
{
        return make_pattern(directory, "regexp", key, value);
}

/* An inline table inside of another one. */
static char *make_of_inline(
        const char *begin, const char *end, const char *key, const char *value)
{
        char *inner = make_inline(NULL, key, value), *spec;

        if (asprintf(&spec, "%s%s%s", begin, inner, end) < 0)
                abort();
        free(inner);
        return spec;
}

static char *make_unionmap(
        const char *directory, const char *key, const char *value)
{
        (void)directory;
        if (value[0] == '\0')
                return NULL;
        return make_of_inline("unionmap:{inline:{other=x}, ",
                ", inline:{other=y}}", key, value);
}

static char *make_pipemap(
        const char *directory, const char *key, const char *value)
{
        char *begin, *spec;

        (void)directory;
        if (asprintf(&begin, "pipemap:{inline:{%s=Next}, ", key) < 0)
                abort();
        spec = make_of_inline(begin, "}", "next", value);
        free(begin);
        return spec;
}

static char *make_randmap(
        const char *directory, const char *key, const char *value)
{
        char *spec;

        (void)directory;
        (void)key;
        if (value[0] == '\0')
                return NULL;
        if (asprintf(&spec, "randmap:{%s}", value) < 0)
                abort();
        return spec;
}

static char *make_environ(
        const char *directory, const char *key, const char *value)
{
        char *name = fold_key(key);

        (void)directory;
        setenv(name, value, 1);
        unsetenv("_"); /* the shell's: a hostile key */
        free(name);
        return join("environ:", "x");
}

static char *make_map(const char *directory, const char *key, const char *value)
{
        free(other_map);
        other_map = make_inline(directory, key, value);
        return join("map:", "other");
}

static struct answering *answering;

static char *make_socketmap(
        const char *directory, const char *key, const char *value)
{
        char *endpoint, *spec;

        if (asprintf(&endpoint, "unix:%s/socketmap", directory) < 0 ||
                asprintf(&spec, "socketmap:%s:m", endpoint) < 0)
                abort();
        answering_stop(answering);
        answering = answering_start(endpoint, key, value);
        free(endpoint);
        return spec;
}

static char *make_tcp(const char *directory, const char *key, const char *value)
{
        char *spec;

        (void)directory;
        if (asprintf(&spec, "tcp:127.0.0.1:%u",
                    tcp_answering_start(key, value)) < 0)
                abort();
        return spec;
}

/* By a program of the tests. */
static char *make_exec(
        const char *directory, const char *key, const char *value)
{
        char *file = write_file(directory, "program", span_of(value)), *text,
             *path, *spec;

        if (asprintf(&text, "command = %s one %s %s\n", PROGRAM_PY, key, file) <
                0)
                abort();
        path = write_file(directory, "exec.cf", span_of(text));
        spec = join("exec:", path);
        free(path);
        free(text);
        free(file);
        return spec;
}

void fixtures_end(void)
{
        mariadb_end();
        tcp_answering_stop();
        postgres_end();
        slapd_end();
        answering_stop(answering);
        answering = NULL;
        free(other_map);
        other_map = NULL;
        nginx_end();
        caches_end();
}

static const struct fixture fixtures[] = {
        {.type = "btree", .make = make_btree},
        {.type = "cdb", .make = make_cdb},
        {.type = "cidr",
                .make = make_cidr,
                .key = "2001:db8::ab",
                .same_key = "2001:DB8:0:0::AB"},
        {.type = "environ", .make = make_environ},
        {.type = "exec", .make = make_exec, .spare = 3},
        {.type = "fail", .make = make_fail, .always_fails = true},
        {.type = "hash", .make = make_hash},
        {.type = "http", .make = make_http, .longest = 100000},
        {.type = "https", .make = make_https, .longest = 100000},
        {.type = "inline", .make = make_inline},
        {.type = "ldap", .make = make_ldap},
        {.type = "lmdb", .make = make_lmdb}, {.type = "lua", .make = make_lua},
        {.type = "map", .make = make_map},
        {.type = "memcache", .make = make_memcache},
        {.type = "mysql", .make = make_mysql},
        {.type = "pcre", .make = make_pcre},
        {.type = "pgsql", .make = make_pgsql},
        {.type = "pipemap", .make = make_pipemap},
        {.type = "randmap",
                .make = make_randmap,
                .value = "alice@example.net",
                .has_every_key = true},
        {.type = "redis", .make = make_redis},
        {.type = "regexp", .make = make_regexp},
        /* "OK " and the value are a reply of 100,000 bytes. */
        {.type = "socketmap", .make = make_socketmap, .spare = 3},
        {.type = "sqlite", .make = make_sqlite},
        {.type = "static", .make = make_static, .has_every_key = true},
        /* A reply has 4,096 bytes, of which the value has 4,091. */
        {.type = "tcp", .make = make_tcp, .spare = 100000 - 4091},
        {.type = "texthash", .make = make_texthash},
        {.type = "unionmap", .make = make_unionmap},
        {.type = "unix"}, /* has the users of the system */
};

const struct fixture *find_fixture(const char *type)
{
        for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
                if (strcmp(fixtures[i].type, type) == 0)
                        return &fixtures[i];
        return NULL;
}
