/* SPDX-License-Identifier: MIT */
#include "asking.h"
#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char findings[16384];
char *other_map;
const struct table_watcher *table_watcher;

static char directory[] = "/tmp/socketmap-contract.XXXXXX";

static void say(void *ctx, enum severity severity, const char *line)
{
        size_t used = strlen(findings);

        (void)ctx;
        snprintf(findings + used, sizeof(findings) - used, "%s%s\n",
                severity == SEVERITY_ERROR ? "error: " : "", line);
}

static struct report report = {.say = say};

static struct table *open_map(const struct table_env *env, const char *name,
        struct reason *ret_reason)
{
        (void)name;
        return table_open(env, other_map, ret_reason);
}

struct table *open_table(const char *spec, struct reason *ret_reason)
{
        struct table_env env = {
                .report = &report,
                .watcher = table_watcher,
                .open_map = other_map != NULL ? open_map : NULL,
        };

        findings[0] = '\0';
        return table_open(&env, spec, ret_reason);
}

static enum answer ask_all(struct table *table, struct span key,
        struct span *ret_value, struct reason *ret_reason)
{
        static max_align_t memory[256];
        static struct arena arena; /* of the last question */
        struct lookup lookup = {
                .key = key, .deadline = UINT64_MAX, .arena = &arena};
        enum progress progress;

        arena_fini(&arena);
        arena_init(&arena, memory, sizeof(memory), (size_t)1024 * 1024);
        progress = table_start(table, &lookup);
        assert(progress == LOOKUP_DONE);
        (void)progress; /* without assertions */
        *ret_value = lookup.value;
        *ret_reason = lookup.reason;
        return lookup.answer;
}

enum answer ask(struct table *table, struct span key, struct span *ret_value)
{
        struct reason reason;

        return ask_all(table, key, ret_value, &reason);
}

const char *value_of(struct table *table, const char *key)
{
        static char text[1000];
        struct span value;
        struct reason reason;

        switch (ask_all(table, span_of(key), &value, &reason)) {
        case ANSWER_FOUND:
                snprintf(text, sizeof(text), "%.*s", (int)value.size,
                        value.data);
                return text;
        case ANSWER_ABSENT:
                return "ABSENT";
        case ANSWER_FAILED:
                snprintf(text, sizeof(text), "FAILED: %s", reason.text);
                return text;
        case ANSWER_NONE:
        default:
                return "NONE";
        }
}

const char *answer_of(const char *spec, const char *key)
{
        struct reason reason;
        struct table *table = open_table(spec, &reason);
        const char *answer;

        if (table == NULL)
                return "NONE: cannot be opened";
        answer = value_of(table, key);
        table_close(table);
        return answer;
}

const char *make_directory(void)
{
        const char *made = mkdtemp(directory);

        assert(made != NULL);
        return made;
}

void remove_directory(void)
{
        DIR *dir = opendir(directory);
        struct dirent *entry;

        while ((entry = readdir(dir)) != NULL)
                unlinkat(dirfd(dir), entry->d_name, 0);
        closedir(dir);
        rmdir(directory);
}

char *join(const char *prefix, const char *text)
{
        char *joined;

        if (asprintf(&joined, "%s%s", prefix, text) < 0)
                abort();
        return joined;
}

char *fold_key(const char *key)
{
        char *folded = join(key, "");

        for (char *at = folded; *at != '\0'; at++)
                *at = (char)tolower((unsigned char)*at);
        return folded;
}

char *write_file(const char *dir, const char *name, struct span content)
{
        FILE *file;
        char *path;

        if (asprintf(&path, "%s/%s", dir, name) < 0)
                abort();
        file = fopen(path, "w");
        assert(file != NULL);
        fwrite(content.data, 1, content.size, file);
        fclose(file);
        return path;
}
