/* SPDX-License-Identifier: MIT */
/*
 * table_query SPEC: opens a table, reads keys from stdin, one a line, and
 * prints "KEY<TAB>VALUE" for those found, as `postmap -q - SPEC` does.
 * Findings go to stderr. Exits with 1 when a lookup fails, 2 when the table
 * cannot be opened.
 */
#include "tables/table.h"
#include <stdio.h>
#include <stdlib.h>

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        fprintf(stderr, "%s\n", line);
}

static int query(struct table *table, struct span key)
{
        char memory[4096];
        struct arena arena;
        struct lookup lookup = {
                .key = key, .deadline = UINT64_MAX, .arena = &arena};

        arena_init(&arena, memory, sizeof(memory), SIZE_MAX);
        table_start(table, &lookup);
        if (lookup.answer == ANSWER_FOUND) {
                fwrite(key.data, 1, key.size, stdout);
                putchar('\t');
                fwrite(lookup.value.data, 1, lookup.value.size, stdout);
                putchar('\n');
        }
        arena_fini(&arena);
        return lookup.answer == ANSWER_FOUND || lookup.answer == ANSWER_ABSENT
                       ? 0
                       : 1;
}

int main(int argc, char **argv)
{
        struct report report = {.say = say};
        struct table_env env = {.report = &report};
        struct reason reason;
        struct table *table;
        char *line = NULL;
        size_t capacity = 0;
        int failed = 0;
        ssize_t size;

        if (argc != 2)
                return 2;
        table = table_open(&env, argv[1], &reason);
        if (table == NULL) {
                fprintf(stderr, "%s\n", reason.text);
                return 2;
        }
        while ((size = getline(&line, &capacity, stdin)) > 0) {
                if (line[size - 1] == '\n')
                        size--;
                failed |= query(table, (struct span){line, (size_t)size});
        }
        free(line);
        table_close(table);
        return failed;
}
