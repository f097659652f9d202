/* SPDX-License-Identifier: MIT */
#include "tables/table.h"
#include "base/casefold.h"
#include <errno.h>
#include <stdio.h>

static const struct table_type *find_type(struct span name)
{
        const struct table_type *const *type = table_types;

        while (*type != NULL && !span_equal(span_of((*type)->name), name))
                type++;
        return *type;
}

static void list_types(struct span name, struct reason *ret_reason)
{
        char names[sizeof(ret_reason->text)] = "";
        size_t used = 0;

        for (size_t i = 0; table_types[i] != NULL; i++) {
                int size = snprintf(names + used, sizeof(names) - used, "%s%s",
                        i > 0 ? ", " : "", table_types[i]->name);

                if (size < 0 || (size_t)size >= sizeof(names) - used)
                        break;
                used += (size_t)size;
        }
        reason_set(ret_reason, "unknown table type \"%.*s\"; there are: %s",
                (int)name.size, name.data, names);
}

/* Whether it is right for Postfix, on some system or other. */
static bool is_known_to_postfix(struct span name)
{
        static const char *const names[] = {"dbm", "debug", "internal", "ldap",
                "memcache", "mongodb", "mysql", "netinfo", "nis", "nisplus",
                "pgsql", "sdbm", "tcp"};

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (span_equal(span_of(names[i]), name))
                        return true;
        return false;
}

static void set_unknown_type(struct span name, struct reason *ret_reason)
{
        const struct table_absent *absent = table_types_absent;

        while (absent->name != NULL && !span_equal(span_of(absent->name), name))
                absent++;
        if (absent->name != NULL)
                reason_set(ret_reason,
                        "this build has no %s tables: it was made without "
                        "their library; %s",
                        absent->name, absent->cure);
        else if (is_known_to_postfix(name))
                reason_set(ret_reason,
                        "%.*s: a table type of Postfix that is not served here",
                        (int)name.size, name.data);
        else
                list_types(name, ret_reason);
}

/* Postfix's way to share a table between processes: we are one. */
static struct span drop_proxy(struct span spec)
{
        struct span proxy = SPAN_LITERAL("proxy:");

        if (spec.size > proxy.size &&
                memcmp(spec.data, proxy.data, proxy.size) == 0) {
                spec.data += proxy.size;
                spec.size -= proxy.size;
        }
        return spec;
}

/* Returns false when it has another form than TYPE:ARGUMENT. */
static bool split(
        struct span spec, struct span *ret_name, struct span *ret_argument)
{
        struct span rest = drop_proxy(spec);
        const char *colon = memchr(rest.data, ':', rest.size);
        size_t size;

        if (colon == NULL)
                return false;
        size = (size_t)(colon - rest.data);
        *ret_name = (struct span){rest.data, size};
        *ret_argument = (struct span){colon + 1, rest.size - size - 1};
        return size > 0 && ret_argument->size > 0;
}

const struct table_type *table_split(
        struct span spec, struct span *ret_argument)
{
        struct span name;

        if (!split(spec, &name, ret_argument))
                return NULL;
        return find_type(name);
}

bool table_type_names_file(const struct table_type *type)
{
        return strncmp(type->argument, "FILE", 4) == 0;
}

/* Returns the type with its argument, or NULL with the reason. */
static const struct table_type *parse(
        const char *spec, const char **ret_argument, struct reason *ret_reason)
{
        const struct table_type *type;
        struct span name, argument;

        if (!split(span_of(spec), &name, &argument)) {
                reason_set(ret_reason, "expected TYPE:NAME, not \"%s\"", spec);
                return NULL;
        }
        type = find_type(name);
        if (type == NULL)
                set_unknown_type(name, ret_reason);
        *ret_argument = argument.data;
        return type;
}

/* A table that is being opened, which the next one is inside of. */
struct table_outer {
        struct span spec;
        const struct table_outer *outer;
};

/* Returns 0, or -EINVAL with the reason. */
static int check_outer(
        const struct table_outer *table, unsigned depth, struct reason *ret)
{
        for (const struct table_outer *outer = table->outer; outer != NULL;
                outer = outer->outer)
                if (span_equal(outer->spec, table->spec)) {
                        reason_set(ret, "%.*s is inside of itself",
                                (int)table->spec.size, table->spec.data);
                        return -EINVAL;
                }
        if (depth <= TABLE_DEPTH_MAX)
                return 0;
        reason_set(ret, "%.*s: more than %d tables inside of each other",
                (int)strcspn(table->spec.data, ":"), table->spec.data,
                TABLE_DEPTH_MAX);
        return -EINVAL;
}

static bool folds(const struct table *table, enum fold fold)
{
        if (fold != FOLD_BY_TYPE)
                return fold == FOLD_YES;
        return !table->is_pattern && !table->type->leaves_keys;
}

struct table *table_open(const struct table_env *env, const char *spec,
        struct reason *ret_reason)
{
        const char *argument;
        const struct table_type *type = parse(spec, &argument, ret_reason);
        struct table_outer outer = {drop_proxy(span_of(spec)), env->outer};
        struct table_env inner = *env;
        struct table *table;

        if (type == NULL)
                return NULL;
        inner.outer = &outer;
        if (check_outer(&outer, ++inner.depth, ret_reason) < 0)
                return NULL;
        table = type->open(&inner, argument, ret_reason);
        if (table != NULL)
                table->folds = folds(table, env->fold);
        return table;
}

/* As in Postfix, a key that is not UTF-8 is in no table that folds it. */
enum progress table_start(struct table *table, struct lookup *lookup)
{
        int error = 0;

        if (table->folds)
                error = casefold(lookup->key, lookup->arena, &lookup->key);
        if (error == -EILSEQ)
                return lookup_absent(lookup);
        if (error < 0)
                return lookup_failed(lookup, "key: %s", strerror(-error));
        return table->type->start(table, lookup);
}

void table_cancel(struct table *table, struct lookup *lookup)
{
        table->type->cancel(table, lookup);
}

int table_check(const char *spec, struct reason *ret_reason)
{
        const char *argument;
        const struct table_type *type = parse(spec, &argument, ret_reason);

        if (type == NULL)
                return -EINVAL;
        if (type->check == NULL)
                return 0;
        return type->check(argument, ret_reason);
}

void table_close(struct table *table)
{
        if (table != NULL)
                table->type->close(table);
}

void lookup_trace(const struct lookup *lookup, const char *format, ...)
{
        char text[2048];
        va_list arguments;

        if (lookup->trace == NULL)
                return;
        va_start(arguments, format);
        if (vsnprintf(text, sizeof(text), format, arguments) < 0)
                text[0] = '\0';
        va_end(arguments);
        lookup->trace->step(lookup->trace->ctx, text);
}

enum progress lookup_found(struct lookup *lookup, struct span value)
{
        lookup->value = value;
        lookup->answer = ANSWER_FOUND;
        return LOOKUP_DONE;
}

enum progress lookup_absent(struct lookup *lookup)
{
        lookup->answer = ANSWER_ABSENT;
        return LOOKUP_DONE;
}

enum progress lookup_failed(struct lookup *lookup, const char *format, ...)
{
        char text[sizeof(lookup->reason.text)];
        va_list arguments;

        va_start(arguments, format);
        if (vsnprintf(text, sizeof(text), format, arguments) < 0)
                text[0] = '\0';
        va_end(arguments);
        reason_set(&lookup->reason, "%s", text);
        lookup->answer = ANSWER_FAILED;
        return LOOKUP_DONE;
}
