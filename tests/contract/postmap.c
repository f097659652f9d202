/* SPDX-License-Identifier: MIT */
#include "postmap.h"
#include "asking.h"
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Without the map size Postfix forgets to fold the keys of a big file. */
#define MAIN_CF "compatibility_level = 3.6\nlmdb_map_size = 134217728\n"

static int run(char *const *arguments)
{
        pid_t pid;
        int status;

        if (posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ))
                return -1;
        while (waitpid(pid, &status, 0) < 0)
                ;
        return status;
}

char *postmap(const char *directory, const char *type, const char *name,
        const char *text)
{
        char *source = write_file(directory, name, span_of(text)), *spec;
        char *config = join(directory, "/main.cf");

        if (access(config, F_OK) < 0)
                free(write_file(directory, "main.cf", SPAN_LITERAL(MAIN_CF)));
        if (asprintf(&spec, "%s:%s", type, source) < 0)
                abort();
        if (run((char *[]){(char *)"postmap", (char *)"-c", (char *)directory,
                    spec, NULL})) {
                printf("# postmap %.200s failed\n", spec);
                free(spec);
                spec = NULL;
        }
        free(config);
        free(source);
        return spec;
}

char *indexed_path(const char *spec)
{
        const char *name = strchr(spec, ':') + 1;
        size_t size = (size_t)(name - spec) - 1;
        bool is_db = strncmp(spec, "hash", size) == 0 ||
                     strncmp(spec, "btree", size) == 0;
        char *path;

        if (asprintf(&path, "%s.%.*s", name, is_db ? 2 : (int)size,
                    is_db ? "db" : spec) < 0)
                abort();
        return path;
}
