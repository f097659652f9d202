/* SPDX-License-Identifier: MIT */
#include "tables/support/ldap_expand.h"
#include "base/events.h"
#include "tables/support/ldap_entry.h"
#include <errno.h>
#include <inttypes.h>
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>

/* One search, while its entries come. */
struct level {
        const char *base;
        int request;
        int entry_count;
        struct ldap_entry_kind kind;
        bool has_entry;
        struct ldap_entry entry;   /* the one under way */
        const struct berval *next; /* link of it; NULL: none is left */
};

/* Searches inside of searches: each waits for those that it has led to. */
struct expansion {
        const struct ldap_config *config;
        struct ldap_session *session;
        const char *server;
        struct lookup *lookup;
        struct db_rows rows;
        struct level *levels;
        size_t depth, capacity;
        enum ldap_verdict verdict; /* when it has failed */
};

/*
 * What follows returns 0, or -1 when the lookup has failed: then the verdict
 * says what becomes of the session.
 */
__attribute__((format(printf, 2, 3))) static int fail(
        struct expansion *expansion, const char *format, ...)
{
        struct reason why;
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(why.text, sizeof(why.text), format, arguments);
        va_end(arguments);
        lookup_failed(expansion->lookup, "%s: %s", expansion->server, why.text);
        expansion->verdict = LDAP_VERDICT_FAILED;
        return -1;
}

/* For a code of libldap or of the server. */
static int fail_search(struct expansion *expansion, const char *base, int code,
        const char *more)
{
        struct reason what, why;

        reason_set(&what, "search in \"%s\"", base);
        ldap_session_reason(expansion->session, what.text, code, more, &why);
        fail(expansion, "%s", why.text);
        if (code == LDAP_SERVER_DOWN &&
                expansion->session->received < LDAP_SESSION_BYTES)
                expansion->verdict = LDAP_VERDICT_LOST;
        return -1;
}

/* Makes room for one more level. Returns false when there is no memory. */
static bool make_room(struct expansion *expansion)
{
        size_t capacity = expansion->capacity > 0 ? expansion->capacity * 2 : 4;
        struct level *levels;

        if (expansion->depth < expansion->capacity)
                return true;
        levels = realloc(expansion->levels, capacity * sizeof(*levels));
        if (levels == NULL)
                return false;
        expansion->levels = levels;
        expansion->capacity = capacity;
        return true;
}

/* The server's own limit is in seconds. */
static struct timeval server_time(uint64_t deadline)
{
        uint64_t now = events_now();
        uint64_t left = deadline > now ? deadline - now : 1;

        return (struct timeval){.tv_sec = (time_t)((left + 999) / 1000)};
}

static int search(struct expansion *expansion, const struct ldap_link *link)
{
        uint64_t deadline =
                ldap_config_deadline(expansion->config, expansion->lookup);
        struct timeval time = server_time(deadline);
        struct level level = {.base = link->base};
        int code;

        if (!make_room(expansion))
                return fail(expansion, "out of memory");
        lookup_trace(expansion->lookup, "ldap: base \"%s\", filter \"%s\"",
                link->base, link->filter != NULL ? link->filter : "");
        ldap_session_set_time(expansion->session, deadline);
        code = ldap_search_ext(expansion->session->ld, link->base, link->scope,
                link->filter, link->attributes, false, NULL, NULL, &time, -1,
                &level.request);
        if (code != LDAP_SUCCESS)
                return fail_search(expansion, link->base, code, NULL);
        expansion->levels[expansion->depth++] = level;
        return 0;
}

/* Goes on where a value of the entry under way says. */
static int follow(struct expansion *expansion, struct level *level)
{
        struct span value = {level->next->bv_val, level->next->bv_len};
        struct ldap_link link;
        int r;

        level->next++;
        r = ldap_link_read(&expansion->config->attributes, value,
                expansion->lookup->arena, &link);
        if (r == -EBADMSG)
                return fail(expansion, "malformed URL or name: %.*s",
                        (int)value.size, value.data);
        if (r < 0)
                return fail(expansion, "out of memory");
        return r > 0 ? search(expansion, &link) : 0;
}

static int add_values(struct expansion *expansion, const struct berval *values)
{
        for (; values != NULL && values->bv_val != NULL; values++)
                if (db_rows_add(&expansion->rows,
                            (struct span){values->bv_val, values->bv_len}) <
                        0) {
                        expansion->verdict = LDAP_VERDICT_FAILED;
                        return -1;
                }
        return 0;
}

static int use_links(struct expansion *expansion, struct level *level)
{
        uint64_t limit = expansion->config->options.recursion_limit;

        if (level->entry.values == NULL)
                return 0;
        if (expansion->depth >= limit)
                return fail(expansion,
                        "more than %" PRIu64 " searches one below the other: "
                        "recursion_limit",
                        limit);
        level->next = level->entry.values;
        return 0;
}

static int use_attribute(struct expansion *expansion, struct level *level)
{
        int r = ldap_entry_next(&level->entry);

        if (r < 0)
                return fail(expansion, "an entry is damaged");
        if (r == 0) {
                ldap_entry_end(&level->entry);
                level->has_entry = false;
                return 0;
        }
        switch (ldap_entry_use(&expansion->config->attributes, &level->kind,
                level->entry.name)) {
        case LDAP_USE_VALUES:
                return add_values(expansion, level->entry.values);
        case LDAP_USE_LINKS:
                return use_links(expansion, level);
        case LDAP_USE_NONE:
        default:
                return 0;
        }
}

/* The message becomes the level's. */
static int begin_entry(struct expansion *expansion, struct level *level,
        struct ldapmsg *message)
{
        int limit = expansion->config->size_limit;

        level->has_entry = true;
        if (ldap_entry_begin(&level->entry, expansion->session, message) < 0 ||
                ldap_entry_judge(&expansion->config->attributes,
                        expansion->session, message, &level->kind) < 0)
                return fail(expansion, "an entry is damaged");
        if (limit > 0 && ++level->entry_count > limit)
                return fail(
                        expansion, "more than %d entries: size_limit", limit);
        return 0;
}

/*
 * A base that is made of the key may well not be there, and neither need be
 * what an entry leads to.
 */
static bool may_be_missing(const struct expansion *expansion)
{
        return expansion->depth > 1 || expansion->config->base.is_dynamic;
}

static int end_level(struct expansion *expansion, const struct level *level,
        struct ldapmsg *message)
{
        int code = LDAP_OTHER, r;
        char *more = NULL;

        r = ldap_parse_result(expansion->session->ld, message, &code, NULL,
                &more, NULL, NULL, false);
        if (r != LDAP_SUCCESS)
                code = r;
        r = 0;
        if (code != LDAP_SUCCESS &&
                (code != LDAP_NO_SUCH_OBJECT || !may_be_missing(expansion)))
                r = fail_search(expansion, level->base, code, more);
        else
                expansion->depth--;
        if (r == 0 && code == LDAP_NO_SUCH_OBJECT)
                lookup_trace(expansion->lookup, "ldap: there is no such base");
        ldap_memfree(more);
        return r;
}

static int next_message(struct expansion *expansion, struct level *level)
{
        uint64_t deadline =
                ldap_config_deadline(expansion->config, expansion->lookup);
        struct ldapmsg *message;
        int type = ldap_session_next(
                expansion->session, level->request, deadline, &message);
        int r = 0;

        if (type < 0)
                return fail_search(expansion, level->base, type, NULL);
        if (type == LDAP_RES_SEARCH_ENTRY)
                return begin_entry(expansion, level, message);
        if (type == LDAP_RES_SEARCH_RESULT)
                r = end_level(expansion, level, message);
        else if (type != LDAP_RES_SEARCH_REFERENCE &&
                 type != LDAP_RES_INTERMEDIATE)
                r = fail(expansion, "what came is no answer to a search");
        ldap_msgfree(message);
        return r;
}

static int go_on(struct expansion *expansion)
{
        struct level *level = &expansion->levels[expansion->depth - 1];

        if (level->next != NULL && level->next->bv_val != NULL)
                return follow(expansion, level);
        level->next = NULL;
        if (level->has_entry)
                return use_attribute(expansion, level);
        return next_message(expansion, level);
}

enum ldap_verdict ldap_expand(const struct ldap_config *config,
        struct ldap_session *session, const char *server,
        const struct ldap_link *link, struct lookup *lookup)
{
        struct expansion expansion = {
                .config = config,
                .session = session,
                .server = server,
                .lookup = lookup,
                .verdict = LDAP_VERDICT_ANSWERED,
        };
        int r;

        db_rows_init(&expansion.rows, config->common, lookup);
        session->received = 0;
        r = search(&expansion, link);
        while (r == 0 && expansion.depth > 0)
                r = go_on(&expansion);
        if (r == 0)
                db_rows_answer(&expansion.rows);
        for (; expansion.depth > 0; expansion.depth--) {
                struct level *level = &expansion.levels[expansion.depth - 1];

                if (level->has_entry)
                        ldap_entry_end(&level->entry);
        }
        free(expansion.levels);
        return expansion.verdict;
}
