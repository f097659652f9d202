/* SPDX-License-Identifier: MIT */
/*
 * Files of rules, any bytes, and a question: a byte that says of which type and
 * whether in a file or in braces, the key, a NUL, the rules.
 */
#include "fuzz.h"

#include "tables/table.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const types[] = {"cidr", "pcre", "regexp"};

#define TYPES (sizeof(types) / sizeof(types[0]))

/* More of the C library's expressions takes all the time and memory. */
#define REGEXP_MAX 200

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        REQUIRE(severity == SEVERITY_WARNING);
        REQUIRE(strchr(line, '\n') == NULL);
}

/* Returns the name of a file with these rules. */
static const char *write_rules(struct span rules)
{
        static char name[40];
        static int fd = -1;

        if (fd < 0) {
                fd = memfd_create("rules", MFD_CLOEXEC);
                REQUIRE(fd >= 0);
                snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        }
        REQUIRE(ftruncate(fd, 0) == 0);
        REQUIRE(pwrite(fd, rules.data, rules.size, 0) == (ssize_t)rules.size);
        return name;
}

/* Returns the specification of a table, for the caller to free. */
static char *make_spec(const char *type, bool in_braces, struct span rules)
{
        char *spec = malloc(rules.size + 100), *end = spec;

        REQUIRE(spec != NULL);
        end += sprintf(end, "%s:", type);
        if (!in_braces) {
                strcpy(end, write_rules(rules));
                return spec;
        }
        *end++ = '{';
        memcpy(end, rules.data, rules.size);
        strcpy(end + rules.size, "}");
        return spec;
}

/* Asks, but where it takes long: the deadline is over. */
static void ask(struct table *table, struct span key)
{
        struct arena arena;
        struct lookup lookup = {.key = key, .arena = &arena};
        unsigned sum = 0;

        arena_init(&arena, NULL, 0, SIZE_MAX);
        REQUIRE(table_start(table, &lookup) == LOOKUP_DONE);
        REQUIRE(lookup.answer != ANSWER_NONE);
        if (lookup.answer == ANSWER_FOUND)
                for (size_t i = 0; i < lookup.value.size; i++)
                        sum += (unsigned char)lookup.value.data[i];
        REQUIRE(sum < UINT32_MAX);
        arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct report report = {.say = say};
        struct table_env env = {.report = &report};
        struct reason reason = {.code = 0};
        struct span rules = {(const char *)data, size}, key;
        const char *nul;
        const char *type;
        struct table *table;
        char *spec;

        if (size == 0 || size > 4096)
                return 0;
        type = types[data[0] % TYPES];
        nul = memchr(data + 1, '\0', size - 1);
        if (nul == NULL)
                return 0;
        key = (struct span){rules.data + 1, (size_t)(nul - rules.data) - 1};
        rules.size -= key.size + 2;
        rules.data = nul + 1;
        if (strcmp(type, "regexp") == 0 && rules.size > REGEXP_MAX)
                return 0;
        /* Nested counts make it use all memory there is. */
        if (strcmp(type, "regexp") == 0 &&
                memchr(rules.data, '{', rules.size) != NULL)
                return 0;
        spec = make_spec(type, data[0] / TYPES % 2 != 0, rules);
        table = table_open(&env, spec, &reason);
        free(spec);
        REQUIRE(table != NULL || reason.code < 0);
        if (table != NULL)
                ask(table, key);
        table_close(table);
        REQUIRE(report.errors == 0);
        return 0;
}
