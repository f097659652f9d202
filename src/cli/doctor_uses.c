/* SPDX-License-Identifier: MIT */
#include "cli/doctor_uses.h"

#include "cli/doctor_endpoint.h"
#include "cli/text.h"

#include "base/braces.h"

#include <string.h>

/* Where a value is being read. */
struct reader {
        struct arena *arena;
        const struct postconf_setting *setting;
        const struct parameter *parameter;
        const struct parameter *check; /* the restriction before, or NULL */
        bool composed;                 /* inside of a table */
        struct use **end;
};

static void read_value(struct reader *reader, struct span value);

static struct span after(struct span word, const char *prefix)
{
        size_t size = strlen(prefix);

        if (word.size < size || memcmp(word.data, prefix, size) != 0)
                return (struct span){NULL, 0};
        return (struct span){word.data + size, word.size - size};
}

/* "TYPE:", and not an address or a port. */
static bool is_table(struct span word)
{
        size_t size = 0;

        while (size < word.size &&
                ((word.data[size] >= 'a' && word.data[size] <= 'z') ||
                        (size > 0 && word.data[size] >= '0' &&
                                word.data[size] <= '9')))
                size++;
        return size > 1 && size < word.size && word.data[size] == ':';
}

/* The restrictions have other arguments of this form, such as inet:... */
static bool is_wanted(const struct reader *reader, struct span word)
{
        if (reader->composed)
                return false;
        if (reader->check != NULL)
                return true;
        return reader->parameter != NULL &&
               reader->parameter->kind != PARAMETER_RESTRICTIONS &&
               is_table(word);
}

static struct use *add(struct reader *reader, struct span word, bool proxied)
{
        struct use *use = text_room(reader->arena, sizeof(*use));

        use->setting = reader->setting;
        use->parameter =
                reader->check != NULL ? reader->check : reader->parameter;
        use->table = text_copy(reader->arena, word);
        use->proxied = proxied;
        use->inside = reader->composed;
        *reader->end = use;
        reader->end = &use->next;
        return use;
}

/* As Postfix does it, at the last colon. */
static void split_socketmap(
        struct use *use, struct span socketmap, struct arena *arena)
{
        char *text = text_copy(arena, socketmap);
        char *colon = strrchr(text, ':');

        use->endpoint = "";
        use->map = text;
        if (colon == NULL)
                return;
        *colon = '\0';
        use->endpoint = text;
        use->map = colon + 1;
}

/* The members of unionmap:{...} and the like, and {...} round a restriction. */
static bool read_inside(struct reader *reader, struct span word)
{
        static const char *const prefixes[] = {"unionmap:", "pipemap:", ""};
        struct span inside, rest;
        struct reason reason;

        for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
                rest = after(word, prefixes[i]);
                if (rest.size == 0 || rest.data[0] != '{' ||
                        braces_strip(rest, &inside, &reason) < 0)
                        continue;
                if (*prefixes[i] == '\0') {
                        read_value(reader, inside);
                        return true;
                }
                /* It is one table; but socketmaps in it are used, too. */
                if (is_wanted(reader, word))
                        add(reader, word, false);
                reader->composed = true;
                read_value(reader, inside);
                reader->composed = false;
                return true;
        }
        return false;
}

static void read_word(struct reader *reader, struct span word)
{
        struct span table, socketmap;
        struct use *use;
        bool proxied;

        if (word.size > 0 && word.data[0] == '!')
                word = (struct span){word.data + 1, word.size - 1};
        table = after(word, "proxy:");
        proxied = table.data != NULL;
        if (!proxied)
                table = word;
        socketmap = after(table, "socketmap:");
        if (socketmap.data != NULL) {
                use = add(reader, word, proxied);
                split_socketmap(use, socketmap, reader->arena);
        } else if (!read_inside(reader, table) && is_wanted(reader, table)) {
                add(reader, word, proxied);
        }
}

static void read_value(struct reader *reader, struct span value)
{
        const struct parameter *check;
        struct span word;

        while (word_next(&value, &word)) {
                check = parameter_find_check(word);
                if (check == NULL)
                        read_word(reader, word);
                reader->check = check;
        }
}

static bool is_class(const struct postconf *postconf, const char *name)
{
        struct span classes =
                span_of(postconf_get(postconf, "smtpd_restriction_classes"));
        struct span word;

        while (word_next(&classes, &word))
                if (span_equal(word, span_of(name)))
                        return true;
        return false;
}

struct use *uses_find(const struct postconf *postconf, struct arena *arena)
{
        struct use *uses = NULL;
        struct reader reader = {.arena = arena, .end = &uses};
        const struct postconf_setting *setting;

        for (setting = postconf->settings; setting != NULL;
                setting = setting->next) {
                reader.setting = setting;
                reader.parameter = parameter_find(setting->name);
                if (reader.parameter == NULL &&
                        is_class(postconf, setting->name))
                        reader.parameter = &parameter_restrictions;
                reader.check = NULL;
                /* Lists for proxymap(8), not lookups. */
                if (strcmp(setting->name, "proxy_read_maps") != 0 &&
                        strcmp(setting->name, "proxy_write_maps") != 0)
                        read_value(&reader, span_of(setting->value));
        }
        return uses;
}

static bool is_list(const struct parameter *parameter)
{
        return parameter != NULL && parameter->kind != PARAMETER_MATCH_LIST &&
               parameter_find(parameter->name) == parameter;
}

const struct use *use_next_in_list(const struct use *use)
{
        const struct use *next = use->next;

        while (next != NULL && next->inside)
                next = next->next;
        if (next == NULL || next->setting != use->setting ||
                next->parameter != use->parameter || !is_list(use->parameter))
                return NULL;
        return next;
}

static void add_view(
        struct view *views, size_t *count, const char *daemon, bool chrooted)
{
        for (size_t i = 0; i < *count; i++)
                if (views[i].chrooted == chrooted)
                        return;
        views[(*count)++] = (struct view){daemon, chrooted};
}

static bool names(const char *daemons, const char *daemon)
{
        struct span rest = span_of(daemons), word;

        while (word_next(&rest, &word))
                if (span_equal(word, span_of(daemon)))
                        return true;
        return false;
}

size_t use_views(const struct postconf *postconf, const struct use *use,
        struct view views[VIEWS_MAX])
{
        const char *daemons = use->proxied             ? "proxymap"
                              : use->parameter != NULL ? use->parameter->daemons
                                                       : "";
        const char *only = use->proxied ? NULL : use->setting->service;
        const char *path = endpoint_path(use->endpoint);
        bool can_differ = path == NULL || *path == '/';
        const struct postconf_service *service;
        size_t count = 0;

        for (service = postconf->services; service != NULL;
                service = service->next)
                if (only != NULL ? strcmp(service->name, only) == 0
                                 : names(daemons, service->daemon))
                        add_view(views, &count, service->daemon,
                                service->chrooted && can_differ);
        if (count == 0)
                add_view(views, &count, "postfix", false);
        return count;
}

/* Returns the setting where the text is written, maybe behind a $name. */
static const struct postconf_setting *find_written(
        const struct postconf *postconf, const struct use *use,
        const char *text)
{
        const struct postconf_setting *setting;

        if (strstr(use->setting->written, text) != NULL)
                return use->setting;
        for (setting = postconf->settings; setting != NULL;
                setting = setting->next)
                if (strstr(setting->written, text) != NULL)
                        return setting;
        return NULL;
}

static const char *print_setting(const struct postconf *postconf,
        const struct postconf_setting *setting, const char *value,
        struct arena *arena)
{
        if (setting->service == NULL)
                return text_format(
                        arena, "main.cf: %s = %s", setting->name, value);
        return text_format(arena, "run: postconf %s%s%s-P '%s/%s=%s'",
                postconf->directory != NULL ? "-c " : "",
                postconf->directory != NULL ? postconf->directory : "",
                postconf->directory != NULL ? " " : "", setting->service,
                setting->name, value);
}

const char *use_fix(const struct postconf *postconf, const struct use *use,
        const char *endpoint, const char *map, struct arena *arena)
{
        const char *old, *replacement, *ends = NULL, *value;
        const struct postconf_setting *setting;

        if (endpoint != NULL) {
                old = text_format(arena, "socketmap:%s:", use->endpoint);
                replacement = text_format(arena, "socketmap:%s:", endpoint);
        } else {
                old = text_format(
                        arena, "socketmap:%s:%s", use->endpoint, use->map);
                replacement = text_format(
                        arena, "socketmap:%s:%s", use->endpoint, map);
                ends = " ,}";
        }
        setting = find_written(postconf, use, old);
        value = setting != NULL ? setting->written : use->setting->value;
        if (setting == NULL)
                setting = use->setting;
        return print_setting(postconf, setting,
                text_replace(arena, value, old, replacement, ends), arena);
}
