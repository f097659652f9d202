/* SPDX-License-Identifier: MIT */
#include "tables/support/domain_list.h"
#include "base/braces.h"
#include "base/casefold.h"
#include "base/regular.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Of files that name files. */
#define FILE_DEPTH_MAX 10

struct item {
        struct item *next;
        bool is_excluded;
        struct span name;    /* folded; of a table: as it is written */
        struct table *table; /* NULL: the name is a domain */
};

/* A file that is named in the list. */
struct file_node {
        struct file_node *next;
        struct table_file file;
};

struct domain_list {
        struct arena arena;
        struct item *items;
        struct file_node *file_nodes;
        struct table_file *files;
        size_t file_count;
};

struct reader {
        const struct table_env *env;
        struct domain_list *list;
        struct item **end;
        const char *file; /* NULL: the text itself */
        unsigned depth;
        struct reason *reason;
};

static int read_items(struct reader *reader, struct span text, bool excludes);

/* What is wrong in a file is not wrong in the text. */
static int refuse(struct reader *reader, struct span word, const char *what)
{
        reason_set(reader->reason, "%s%s%.*s: %s",
                reader->file != NULL ? reader->file : "",
                reader->file != NULL ? ": " : "", (int)word.size, word.data,
                what);
        if (reader->file != NULL)
                reader->reason->code = -EBADMSG;
        return reader->reason->code;
}

static int refuse_errno(struct reader *reader, const char *what, int error)
{
        reason_set_errno(reader->reason, error, "%s", what);
        return error;
}

static struct item *add_item(
        struct reader *reader, struct span name, bool is_excluded)
{
        struct item *item = arena_alloc(&reader->list->arena, sizeof(*item));
        const char *copy = arena_copy(&reader->list->arena, name);

        if (item == NULL || copy == NULL) {
                refuse_errno(reader, "list of domains", -ENOMEM);
                return NULL;
        }
        *item = (struct item){
                .is_excluded = is_excluded, .name = {copy, name.size}};
        *reader->end = item;
        reader->end = &item->next;
        return item;
}

static int read_table(struct reader *reader, struct span word, bool is_excluded)
{
        struct item *item = add_item(reader, word, is_excluded);
        struct table_env env = *reader->env;
        struct reason why;

        if (item == NULL)
                return reader->reason->code;
        /* Domains are compared in lower case, whatever the map does. */
        env.fold = FOLD_BY_TYPE;
        item->table = table_open(&env, item->name.data, &why);
        if (item->table == NULL) {
                refuse(reader, word, why.text);
                if (why.code != -EINVAL)
                        reader->reason->code = why.code;
                return reader->reason->code;
        }
        if (item->table->pends)
                return refuse(reader, word,
                        "a table that does not answer at once cannot be a "
                        "list of domains");
        return 0;
}

static int read_name(struct reader *reader, struct span word, bool is_excluded)
{
        struct span folded;
        int r = casefold(word, &reader->list->arena, &folded);

        if (r == -EILSEQ)
                return refuse(reader, word, "not UTF-8");
        if (r < 0)
                return refuse_errno(reader, "list of domains", r);
        return add_item(reader, folded, is_excluded) != NULL
                       ? 0
                       : reader->reason->code;
}

/* Keeps the state of a file from before it is read. */
static int note_file(struct reader *reader, const char *name)
{
        struct domain_list *list = reader->list;
        struct file_node *node = arena_alloc(&list->arena, sizeof(*node));
        int r;

        if (node == NULL)
                return refuse_errno(reader, name, -ENOMEM);
        r = file_state_get(name, &node->file.state);
        if (r < 0)
                return refuse_errno(reader, name, r);
        node->file.name = name;
        node->next = list->file_nodes;
        list->file_nodes = node;
        return 0;
}

/* Lines are lists of their own: what continues one needs no blank. */
static int read_lines(struct reader *reader, FILE *file, bool excludes)
{
        char *line = NULL;
        size_t size = 0;
        int r = 0;

        errno = 0;
        while (r == 0 && getline(&line, &size, file) >= 0) {
                if (line[0] != '#')
                        r = read_items(reader, span_of(line), excludes);
                errno = 0;
        }
        if (r == 0 && !feof(file))
                r = refuse_errno(
                        reader, reader->file, errno != 0 ? -errno : -EIO);
        free(line);
        return r;
}

/* Returns NULL with the reason. */
static FILE *open_file(struct reader *reader, const char *name)
{
        int fd = regular_open(name, name, reader->reason);
        FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

        if (fd >= 0 && file == NULL) {
                refuse_errno(reader, name, -errno);
                close(fd);
        }
        return file;
}

static int read_file(struct reader *reader, struct span word, bool excludes)
{
        struct reader inner = *reader;
        FILE *file;
        int r;

        if (++inner.depth > FILE_DEPTH_MAX)
                return refuse(reader, word, "too many files name each other");
        inner.file = arena_copy(&reader->list->arena, word);
        if (inner.file == NULL)
                return refuse_errno(reader, "list of domains", -ENOMEM);
        r = note_file(reader, inner.file);
        if (r < 0)
                return r;
        file = open_file(reader, inner.file);
        if (file == NULL)
                return reader->reason->code;
        r = read_lines(&inner, file, excludes);
        fclose(file);
        reader->end = inner.end;
        return r;
}

static int read_item(struct reader *reader, struct span word, bool excludes)
{
        struct span item = word;

        while (item.size > 0 && item.data[0] == '!') {
                excludes = !excludes;
                item.data++;
                item.size--;
        }
        if (item.size == 0)
                return refuse(reader, word, "expected a domain behind the '!'");
        if (item.data[0] == '/')
                return read_file(reader, item, excludes);
        /* As in Postfix: what begins with '[' is an address. */
        if (item.data[0] != '[' && memchr(item.data, ':', item.size) != NULL)
                return read_table(reader, item, excludes);
        return read_name(reader, item, excludes);
}

static int read_items(struct reader *reader, struct span text, bool excludes)
{
        struct place place = {.file = reader->file};
        struct span word;

        while (word_next(&text, &word)) {
                int r;

                if (word.data[0] == '#') {
                        report_at(reader->env->report, SEVERITY_WARNING,
                                reader->file != NULL ? &place : NULL,
                                "list of domains: no comment can stand behind "
                                "an item: the rest of the line is ignored");
                        return 0;
                }
                r = read_item(reader, word, excludes);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Puts the files of the list and of its tables into one array. */
static int collect_files(struct domain_list *list)
{
        size_t count = 0, used = 0;

        for (const struct file_node *n = list->file_nodes; n; n = n->next)
                count++;
        for (const struct item *item = list->items; item; item = item->next)
                count += item->table != NULL ? item->table->file_count : 0;
        list->files = arena_alloc(&list->arena, count * sizeof(*list->files));
        if (list->files == NULL)
                return -ENOMEM;
        for (const struct file_node *n = list->file_nodes; n; n = n->next)
                list->files[used++] = n->file;
        for (const struct item *item = list->items; item; item = item->next) {
                const struct table *table = item->table;

                for (size_t i = 0; table && i < table->file_count; i++)
                        list->files[used++] = table->files[i];
        }
        list->file_count = count;
        return 0;
}

struct domain_list *domain_list_open(const struct table_env *env,
        const char *text, struct reason *ret_reason)
{
        struct domain_list *list = calloc(1, sizeof(*list));
        struct reader reader = {.env = env, .list = list, .reason = ret_reason};

        if (list == NULL) {
                refuse_errno(&reader, "list of domains", -ENOMEM);
                return NULL;
        }
        arena_init(&list->arena, NULL, 0, SIZE_MAX);
        reader.end = &list->items;
        if (read_items(&reader, span_of(text), false) < 0)
                goto fail;
        if (collect_files(list) < 0) {
                refuse_errno(&reader, "list of domains", -ENOMEM);
                goto fail;
        }
        return list;

fail:
        domain_list_close(list);
        return NULL;
}

void domain_list_close(struct domain_list *list)
{
        if (list == NULL)
                return;
        for (const struct item *item = list->items; item; item = item->next)
                table_close(item->table);
        arena_fini(&list->arena);
        free(list);
}

const struct table_file *domain_list_files(
        const struct domain_list *list, size_t *ret_count)
{
        *ret_count = list->file_count;
        return list->files;
}

/* Returns 1, 0 or -EIO. */
static int ask(
        const struct item *item, struct lookup *asking, struct span domain)
{
        struct lookup lookup = {
                .key = domain,
                .deadline = asking->deadline,
                .arena = asking->arena,
                .trace = asking->trace,
        };

        lookup_trace(asking, "domain: %s", item->name.data);
        table_start(item->table, &lookup);
        if (lookup.answer == ANSWER_FOUND)
                return 1;
        if (lookup.answer == ANSWER_ABSENT)
                return 0;
        lookup_failed(
                asking, "domain: %s: %s", item->name.data, lookup.reason.text);
        return -EIO;
}

int domain_list_match(const struct domain_list *list, struct lookup *lookup,
        struct span domain)
{
        int r = casefold(domain, lookup->arena, &domain);

        if (r < 0 && r != -EILSEQ) {
                lookup_failed(lookup, "domain: %s", strerror(-r));
                return r;
        }
        for (const struct item *item = list->items; item; item = item->next) {
                r = item->table != NULL ? ask(item, lookup, domain)
                                        : span_equal(item->name, domain);
                if (r < 0)
                        return r;
                if (r > 0)
                        return item->is_excluded ? 0 : 1;
        }
        return 0;
}
