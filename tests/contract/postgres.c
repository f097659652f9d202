/* SPDX-License-Identifier: MIT */
#include "postgres.h"
#include "asking.h"
#include "served.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct served server;

void postgres_end(void)
{
        served_end(&server);
}

static void fill(const char *key, const char *value)
{
        char *command;
        FILE *psql;

        if (asprintf(&command, "psql -Xq -h %s -p %u -U postgres postgres",
                    server.place, server.port) < 0)
                abort();
        psql = popen(command, "w");
        assert(psql != NULL);
        fprintf(psql,
                "set client_min_messages = error; drop table if exists t;\n"
                "create table t(k text, v text);\n"
                "insert into t values (lower('%s'), '%s');\n",
                key, value);
        if (pclose(psql) != 0)
                abort();
        free(command);
}

char *make_pgsql(const char *directory, const char *key, const char *value)
{
        char *text, *path, *spec;

        if (value[0] == '\0')
                return NULL;
        served_start(&server, POSTGRES_PY);
        fill(key, value);
        if (asprintf(&text,
                    "hosts = 127.0.0.1:%u\nuser = mail\ndbname = postgres\n"
                    "query = select v from t where k = '%%s'\n",
                    server.port) < 0)
                abort();
        path = write_file(directory, "pgsql.cf", span_of(text));
        spec = join("pgsql:", path);
        free(path);
        free(text);
        return spec;
}
