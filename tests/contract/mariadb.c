/* SPDX-License-Identifier: MIT */
#include "mariadb.h"
#include "asking.h"
#include "served.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct served server;

void mariadb_end(void)
{
        served_end(&server);
}

static void fill(const char *key, const char *value)
{
        char *command;
        FILE *mariadb;

        if (asprintf(&command,
                    "mariadb --no-defaults --batch --socket=%s --user=root "
                    "test",
                    server.place) < 0)
                abort();
        mariadb = popen(command, "w");
        assert(mariadb != NULL);
        fprintf(mariadb,
                "drop table if exists t;\n"
                "create table t(k varchar(200) collate utf8mb4_nopad_bin,\n"
                "    v mediumtext);\n"
                "insert into t values (lower('%s'), '%s');\n",
                key, value);
        if (pclose(mariadb) != 0)
                abort();
        free(command);
}

char *make_mysql(const char *directory, const char *key, const char *value)
{
        char *text, *path, *spec;

        if (value[0] == '\0')
                return NULL;
        served_start(&server, MARIADB_PY);
        fill(key, value);
        if (asprintf(&text,
                    "hosts = unix:%s\nuser = mail\ndbname = test\n"
                    "option_group =\n"
                    "query = select v from t where k = '%%s'\n",
                    server.place) < 0)
                abort();
        path = write_file(directory, "mysql.cf", span_of(text));
        spec = join("mysql:", path);
        free(path);
        free(text);
        return spec;
}
