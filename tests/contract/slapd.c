/* SPDX-License-Identifier: MIT */
#include "slapd.h"
#include "asking.h"
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUFFIX "dc=example,dc=org"

static pid_t helper; /* which runs the server */
static int helper_input = -1;
static char url[200];

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
                execlp("python3", "python3", SLAPD_PY, NULL);
                _exit(127);
        }
        close(input[0]);
        close(output[1]);
        helper_input = input[1];
        stream = fdopen(output[0], "r");
        if (stream == NULL || fscanf(stream, "%199s", url) != 1)
                abort();
        fclose(stream);
}

void slapd_end(void)
{
        if (helper == 0)
                return;
        close(helper_input);
        waitpid(helper, NULL, 0);
        helper = 0;
}

/* Runs a program of ldap-utils as the administrator, with an input. */
static void run(const char *program, const char *input)
{
        char *command;
        FILE *stream;

        if (asprintf(&command,
                    "%s -c -x -H %s -D cn=admin," SUFFIX
                    " -w secret >/dev/null 2>&1",
                    program, url) < 0)
                abort();
        stream = popen(command, "w");
        assert(stream != NULL);
        fputs(input, stream);
        pclose(stream);
        free(command);
}

static void fill(const char *key, const char *value)
{
        char *folded = join(key, ""), *text;

        for (char *at = folded; *at != '\0'; at++)
                *at = (char)tolower((unsigned char)*at);
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
        start();
        fill(key, value);
        if (asprintf(&text,
                    "server_host = %s\nsearch_base = " SUFFIX "\n"
                    "query_filter = (key=%%s)\nversion = 3\n",
                    url) < 0)
                abort();
        path = write_file(directory, "ldap.cf", span_of(text));
        spec = join("ldap:", path);
        free(path);
        free(text);
        return spec;
}
