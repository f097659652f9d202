/* SPDX-License-Identifier: MIT */
/*
 * Indexed files with anything in them. They were sound once: each mutation is
 * a small one, or the file would be refused at its first bytes. Whatever is
 * found, every lookup ends, and the process lives.
 */
#include "asking.h"
#include "postmap.h"
#include "support/check.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES 400
#define KEYS 25
#define BIG 9000

static const struct {
        const char *type;
        int mutations;
} subjects[] = {{"cdb", 2000}, {"lmdb", 4000}, {"hash", 100}, {"btree", 200}};

static const char *directory;
static uint64_t state = 88172645463325252U;
static unsigned long counts[4]; /* by answer; 0: not opened */

static size_t below(size_t limit)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (size_t)(state % limit);
}

/* Several pages, and some values that need pages of their own. */
static char *make_text(void)
{
        char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        for (int i = 0; i < ENTRIES; i++)
                fprintf(file, "user%d@example.org %0*d\n", i,
                        i % 50 == 0 ? BIG : 20, i);
        fclose(file);
        return text;
}

static char *read_all(const char *path, size_t *ret_size)
{
        struct stat st;
        char *content;
        FILE *file = fopen(path, "r");
        size_t got;

        assert(file != NULL);
        fstat(fileno(file), &st);
        content = malloc((size_t)st.st_size);
        got = fread(content, 1, (size_t)st.st_size, file);
        assert(got == (size_t)st.st_size);
        fclose(file);
        *ret_size = got;
        return content;
}

/* Changes bytes; those at the beginning, or of a page, more often. */
static void change_bytes(char *content, size_t size)
{
        static const unsigned char values[] = {0, 1, 2, 4, 0x7f, 0x80, 0xff};
        size_t times = 1 + below(8);

        while (times-- > 0) {
                size_t at = below(size);

                switch (below(4)) {
                case 0:
                        at = below(size < 200 ? size : 200);
                        break;
                case 1:
                        at = at / 4096 * 4096 + below(64);
                        break;
                default:
                        break;
                }
                if (at >= size)
                        continue;
                content[at] = below(2) == 0 ? (char)below(256)
                                            : (char)values[below(7)];
        }
}

static void copy_page(char *content, size_t size)
{
        size_t pages = size / 4096;

        if (pages > 1)
                memmove(content + below(pages) * 4096,
                        content + below(pages) * 4096, 4096);
}

/* Writes a mutation of the content. */
static void write_mutation(const char *path, const char *content, size_t size)
{
        char *copy = malloc(size);
        FILE *file = fopen(path, "w");
        size_t kept = size;

        memcpy(copy, content, size);
        switch (below(8)) {
        case 0:
                kept = below(size);
                break;
        case 1:
                copy_page(copy, size);
                break;
        default:
                change_bytes(copy, size);
                break;
        }
        fwrite(copy, 1, kept, file);
        if (below(8) == 0)
                fwrite(copy, 1, below(size), file);
        fclose(file);
        free(copy);
}

static void ask_some(struct table *table)
{
        char key[40];
        struct span value;

        for (int i = 0; i < KEYS; i++) {
                enum answer answer;
                size_t sum = 0;

                snprintf(key, sizeof(key), "user%zu@example.org",
                        below(ENTRIES + 20));
                answer = ask(table, span_of(key), &value);
                CHECK(answer == ANSWER_FOUND || answer == ANSWER_ABSENT ||
                        answer == ANSWER_FAILED);
                counts[answer]++;
                /* All of the value can be read. */
                for (size_t at = 0; answer == ANSWER_FOUND && at < value.size;
                        at++)
                        sum += (unsigned char)value.data[at];
                CHECK(sum < SIZE_MAX);
        }
}

static void test_mutation(
        const char *spec, const char *path, const char *content, size_t size)
{
        struct reason reason = {0};
        struct table *table;

        write_mutation(path, content, size);
        table = open_table(spec, &reason);
        if (table == NULL) {
                CHECK(reason.code < 0 && reason.text[0] != '\0');
                counts[0]++;
                return;
        }
        ask_some(table);
        if (below(8) == 0) {
                CHECK_INT(truncate(path, (off_t)below(size)), 0);
                ask_some(table);
        }
        table_close(table);
}

static void test_type(const char *type, int mutations)
{
        char *text = make_text(), *spec = postmap(directory, type, type, text);
        char *path = indexed_path(spec), *content, title[100];
        size_t size;

        content = read_all(path, &size);
        memset(counts, 0, sizeof(counts));
        for (int i = 0; i < mutations; i++)
                test_mutation(spec, path, content, size);
        printf("# %s, %zu bytes: %lu refused; %lu found, %lu absent, "
               "%lu failed\n",
                type, size, counts[0], counts[ANSWER_FOUND],
                counts[ANSWER_ABSENT], counts[ANSWER_FAILED]);
        CHECK(counts[ANSWER_FOUND] > 0);
        snprintf(title, sizeof(title), "%d mutations of %s files", mutations,
                type);
        check_case(title);
        free(content);
        free(path);
        free(spec);
        free(text);
}

int main(void)
{
        directory = make_directory();
        for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
                test_type(subjects[i].type, subjects[i].mutations);
        remove_directory();
        return check_done();
}
