/* SPDX-License-Identifier: MIT */
#include "postgres.h"
#include "asking.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t helper; /* which runs the server */
static int helper_input = -1;
static char folder[200]; /* of its socket */
static unsigned port;

/* The helper ends the server when its input ends, which it does with us. */
static void start(void)
{
        int input[2], output[2];
        FILE *stream;

        if (helper != 0)
                return;
        if (pipe(input) < 0 || pipe(output) < 0)
                abort();
        helper = fork();
        assert(helper >= 0);
        if (helper == 0) {
                dup2(input[0], STDIN_FILENO);
                dup2(output[1], STDOUT_FILENO);
                close(input[1]);
                execlp("python3", "python3", POSTGRES_PY, NULL);
                _exit(127);
        }
        close(input[0]);
        close(output[1]);
        helper_input = input[1];
        stream = fdopen(output[0], "r");
        if (stream == NULL || fscanf(stream, "%199s %u", folder, &port) != 2)
                abort();
        fclose(stream);
}

void postgres_end(void)
{
        if (helper == 0)
                return;
        close(helper_input);
        waitpid(helper, NULL, 0);
        helper = 0;
}

static void fill(const char *key, const char *value)
{
        char *command;
        FILE *psql;

        if (asprintf(&command, "psql -Xq -h %s -p %u -U postgres postgres",
                    folder, port) < 0)
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
        start();
        fill(key, value);
        if (asprintf(&text,
                    "hosts = 127.0.0.1:%u\nuser = mail\ndbname = postgres\n"
                    "query = select v from t where k = '%%s'\n",
                    port) < 0)
                abort();
        path = write_file(directory, "pgsql.cf", span_of(text));
        spec = join("pgsql:", path);
        free(path);
        free(text);
        return spec;
}
