/* SPDX-License-Identifier: MIT */
#include "slapd.h"
#include "asking.h"
#include "served.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define SUFFIX "dc=example,dc=org"

static struct served server;

void slapd_end(void)
{
        served_end(&server);
}

/* Runs a program of ldap-utils as the administrator, with an input. */
static void run(const char *program, const char *input)
{
        char *command;
        FILE *stream;

        if (asprintf(&command,
                    "%s -c -x -H %s -D cn=admin," SUFFIX
                    " -w secret >/dev/null 2>&1",
                    program, server.place) < 0)
                abort();
        stream = popen(command, "w");
        assert(stream != NULL);
        fputs(input, stream);
        pclose(stream);
        free(command);
}

static void fill(const char *key, const char *value)
{
        char *folded = fold_key(key), *text;

        if (asprintf(&text,
                    "dn: cn=one," SUFFIX "\nobjectClass: mailEntry\ncn: one\n"
                    "key: %s\nmaildrop: %s\n",
                    folded, value) < 0)
                abort();
        run("ldapdelete", "cn=one," SUFFIX "\n");
        run("ldapadd", text);
        free(text);
        free(folded);
}

char *make_ldap(const char *directory, const char *key, const char *value)
{
        char *text, *path, *spec;

        if (value[0] == '\0')
                return NULL;
        served_start(&server, SLAPD_PY);
        fill(key, value);
        if (asprintf(&text,
                    "server_host = %s\nsearch_base = " SUFFIX "\n"
                    "query_filter = (key=%%s)\nversion = 3\n",
                    server.place) < 0)
                abort();
        path = write_file(directory, "ldap.cf", span_of(text));
        spec = join("ldap:", path);
        free(path);
        free(text);
        return spec;
}
