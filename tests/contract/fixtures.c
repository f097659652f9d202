/* SPDX-License-Identifier: MIT */
#include "fixtures.h"
#include "asking.h"
#include "postmap.h"
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

static const struct fixture fixtures[] = {
        {.type = "btree", .make = make_btree},
        {.type = "cdb", .make = make_cdb},
        {.type = "cidr",
                .make = make_cidr,
                .key = "2001:db8::ab",
                .same_key = "2001:DB8:0:0::AB"},
        {.type = "fail", .make = make_fail, .always_fails = true},
        {.type = "hash", .make = make_hash},
        {.type = "inline", .make = make_inline},
        {.type = "lmdb", .make = make_lmdb},
        {.type = "pcre", .make = make_pcre},
        {.type = "regexp", .make = make_regexp},
        {.type = "sqlite", .make = make_sqlite},
        {.type = "static", .make = make_static, .has_every_key = true},
        {.type = "texthash", .make = make_texthash},
};

const struct fixture *find_fixture(const char *type)
{
        for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
                if (strcmp(fixtures[i].type, type) == 0)
                        return &fixtures[i];
        return NULL;
}
