/* SPDX-License-Identifier: MIT */
#include "tables/ldap/level.h"
#include "base/events.h"
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>

int ldap_expansion_fail(
        struct ldap_expansion *expansion, const char *format, ...)
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

int ldap_expansion_fail_search(struct ldap_expansion *expansion,
        const struct ldap_level *level, int code, const char *more)
{
        const struct ldap_session *session = level->session;
        struct reason what, why;

        reason_set(&what, "search in \"%s\"", level->query.base);
        ldap_session_reason(session, what.text, code, more, &why);
        ldap_expansion_fail(expansion, "%s", why.text);
        if (code == LDAP_SERVER_DOWN && session == expansion->session &&
                session->received < LDAP_SESSION_BYTES)
                expansion->verdict = LDAP_VERDICT_LOST;
        return -1;
}

/* Makes room for one more level. Returns false when there is no memory. */
static bool make_room(struct ldap_expansion *expansion)
{
        size_t capacity = expansion->capacity > 0 ? expansion->capacity * 2 : 4;
        struct ldap_level *levels;

        if (expansion->depth < expansion->capacity)
                return true;
        levels = realloc(expansion->levels, capacity * sizeof(*levels));
        if (levels == NULL)
                return false;
        expansion->levels = levels;
        expansion->capacity = capacity;
        return true;
}

void ldap_level_end(struct ldap_level *level)
{
        if (level->has_entry)
                ldap_entry_end(&level->entry);
        if (level->own != NULL)
                ldap_session_close(level->own);
        free(level->own);
}

/* The server's own limit is in seconds. */
static struct timeval server_time(uint64_t deadline)
{
        uint64_t now = events_now();
        uint64_t left = deadline > now ? deadline - now : 1;

        return (struct timeval){.tv_sec = (time_t)((left + 999) / 1000)};
}

int ldap_level_begin(struct ldap_expansion *expansion, struct ldap_level *level)
{
        const struct ldap_query *query = &level->query;
        uint64_t deadline =
                ldap_config_deadline(expansion->config, expansion->lookup);
        struct timeval time = server_time(deadline);
        int code, r = 0;

        lookup_trace(expansion->lookup, "ldap: base \"%s\", filter \"%s\"",
                query->base, query->filter != NULL ? query->filter : "");
        code = ldap_search_ext(level->session->ld, query->base, query->scope,
                query->filter, query->attributes, false, NULL, NULL, &time, -1,
                &level->request);
        if (code != LDAP_SUCCESS)
                r = ldap_expansion_fail_search(expansion, level, code, NULL);
        else if (!make_room(expansion))
                r = ldap_expansion_fail(expansion, "out of memory");
        if (r < 0)
                ldap_level_end(level);
        else
                expansion->levels[expansion->depth++] = *level;
        return r;
}
