/* SPDX-License-Identifier: MIT */
/*
 * table_query SPEC: opens a table, reads keys from stdin, one a line, and
 * writes for each what a socketmap server would: a netstring of "OK value",
 * "NOTFOUND " or "TEMP reason". Findings go to stderr. Exits with 2 when the
 * table cannot be opened.
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

static void reply(const char *status, struct span text)
{
        printf("%zu:%s ", strlen(status) + 1 + text.size, status);
        fwrite(text.data, 1, text.size, stdout);
        putchar(',');
}

static void query(struct table *table, struct span key)
{
        char memory[4096];
        struct arena arena;
        struct lookup lookup = {
                .key = key, .deadline = UINT64_MAX, .arena = &arena};

        arena_init(&arena, memory, sizeof(memory), SIZE_MAX);
        table_start(table, &lookup);
        if (lookup.answer == ANSWER_FOUND)
                reply("OK", lookup.value);
        else if (lookup.answer == ANSWER_ABSENT)
                reply("NOTFOUND", SPAN_LITERAL(""));
        else
                reply("TEMP", span_of(lookup.reason.text));
        arena_fini(&arena);
}

int main(int argc, char **argv)
{
        struct report report = {.say = say};
        struct table_env env = {.report = &report};
        struct reason reason;
        struct table *table;
        char *line = NULL;
        size_t capacity = 0;
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
                query(table, (struct span){line, (size_t)size});
        }
        free(line);
        table_close(table);
        return 0;
}
