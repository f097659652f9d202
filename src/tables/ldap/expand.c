/* SPDX-License-Identifier: MIT */
#include "tables/ldap/expand.h"
#include "tables/ldap/level.h"
#include "tables/ldap/referral.h"
#include <errno.h>
#include <inttypes.h>
#include <ldap.h>
#include <stdlib.h>

/*
 * What follows returns 0, or -1 when the lookup has failed: then the verdict
 * says what becomes of the session.
 */

static void drop_level(struct ldap_expansion *expansion)
{
        ldap_level_end(&expansion->levels[--expansion->depth]);
}

/* Goes on where a value of the entry under way says. */
static int follow(struct ldap_expansion *expansion, struct ldap_level *level)
{
        struct span value = {level->next->bv_val, level->next->bv_len};
        struct ldap_level below = {
                .session = expansion->session,
                .nesting = level->nesting + 1,
        };
        int r;

        level->next++;
        r = ldap_link_read(&expansion->config->attributes, value,
                expansion->lookup->arena, &below.query);
        if (r == -EBADMSG)
                return ldap_expansion_fail(expansion,
                        "malformed URL or name: %.*s", (int)value.size,
                        value.data);
        if (r < 0)
                return ldap_expansion_fail(expansion, "out of memory");
        return r > 0 ? ldap_level_begin(expansion, &below) : 0;
}

/* Goes on at another server. */
static int follow_referral(struct ldap_expansion *expansion,
        const struct ldap_level *level, char **urls)
{
        struct ldap_level there = {
                .query = level->query,
                .nesting = level->nesting,
                .referrals = level->referrals + 1,
        };
        struct reason why;

        if (there.referrals > LDAP_REFERRALS_MAX)
                return ldap_expansion_fail(expansion, "more than %d referrals",
                        LDAP_REFERRALS_MAX);
        there.own = calloc(1, sizeof(*there.own));
        if (there.own == NULL)
                return ldap_expansion_fail(expansion, "out of memory");
        there.own->fd = -1;
        there.session = there.own;
        if (ldap_referral_open(expansion->config, urls,
                    ldap_config_deadline(expansion->config, expansion->lookup),
                    expansion->lookup->arena, there.own, &there.query,
                    &why) < 0) {
                ldap_level_end(&there);
                return ldap_expansion_fail(expansion, "%s", why.text);
        }
        return ldap_level_begin(expansion, &there);
}

static int add_values(
        struct ldap_expansion *expansion, const struct berval *values)
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

static int use_links(struct ldap_expansion *expansion, struct ldap_level *level)
{
        uint64_t limit = expansion->config->options.recursion_limit;

        if (level->entry.values == NULL)
                return 0;
        if (level->nesting + 1 >= limit)
                return ldap_expansion_fail(expansion,
                        "more than %" PRIu64 " searches one below the other: "
                        "recursion_limit",
                        limit);
        level->next = level->entry.values;
        return 0;
}

static int use_attribute(
        struct ldap_expansion *expansion, struct ldap_level *level)
{
        int r = ldap_entry_next(&level->entry);

        if (r < 0)
                return ldap_expansion_fail(expansion, "an entry is damaged");
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
static int begin_entry(struct ldap_expansion *expansion,
        struct ldap_level *level, struct ldapmsg *message)
{
        int limit = expansion->config->size_limit;

        level->has_entry = true;
        if (ldap_entry_begin(&level->entry, level->session, message) < 0 ||
                ldap_entry_judge(&expansion->config->attributes, level->session,
                        message, &level->kind) < 0)
                return ldap_expansion_fail(expansion, "an entry is damaged");
        if (limit > 0 && ++level->entry_count > limit)
                return ldap_expansion_fail(
                        expansion, "more than %d entries: size_limit", limit);
        return 0;
}

/*
 * A base that is made of the key may well not be there, and neither need be
 * what an entry leads to.
 */
static bool may_be_missing(
        const struct ldap_expansion *expansion, const struct ldap_level *level)
{
        return level->nesting > 0 || expansion->config->base.is_dynamic;
}

/* What a result says: a search is over, or has to go on elsewhere. */
static int use_code(struct ldap_expansion *expansion,
        const struct ldap_level *level, int code, const char *more, char **urls)
{
        if (code == LDAP_SUCCESS)
                return 0;
        if (code == LDAP_REFERRAL && expansion->config->options.chase_referrals)
                return follow_referral(expansion, level, urls);
        if (code != LDAP_NO_SUCH_OBJECT || !may_be_missing(expansion, level))
                return ldap_expansion_fail_search(expansion, level, code, more);
        lookup_trace(expansion->lookup, "ldap: there is no such base");
        return 0;
}

static int use_result(struct ldap_expansion *expansion, struct ldapmsg *message)
{
        struct ldap_level level = expansion->levels[expansion->depth - 1];
        int code = LDAP_OTHER, r;
        char *more = NULL, **urls = NULL;

        r = ldap_parse_result(level.session->ld, message, &code, NULL, &more,
                &urls, NULL, false);
        if (r != LDAP_SUCCESS)
                code = r;
        expansion->depth--;
        r = use_code(expansion, &level, code, more, urls);
        ldap_level_end(&level);
        ldap_memfree(more);
        ldap_memvfree((void **)urls);
        return r;
}

/* Some of the entries are elsewhere. */
static int use_reference(struct ldap_expansion *expansion,
        struct ldap_level *level, struct ldapmsg *message)
{
        char **urls = NULL;
        int r;

        if (!expansion->config->options.chase_referrals) {
                lookup_trace(
                        expansion->lookup, "ldap: a referral is not followed");
                return 0;
        }
        r = ldap_parse_reference(
                level->session->ld, message, &urls, NULL, false);
        if (r != LDAP_SUCCESS)
                r = ldap_expansion_fail_search(expansion, level, r, NULL);
        else
                r = follow_referral(expansion, level, urls);
        ldap_memvfree((void **)urls);
        return r;
}

static int next_message(
        struct ldap_expansion *expansion, struct ldap_level *level)
{
        uint64_t deadline =
                ldap_config_deadline(expansion->config, expansion->lookup);
        struct ldapmsg *message;
        int type = ldap_session_next(
                level->session, level->request, deadline, &message);
        int r = 0;

        if (type < 0)
                return ldap_expansion_fail_search(expansion, level, type, NULL);
        if (type == LDAP_RES_SEARCH_ENTRY)
                return begin_entry(expansion, level, message);
        if (type == LDAP_RES_SEARCH_RESULT)
                r = use_result(expansion, message);
        else if (type == LDAP_RES_SEARCH_REFERENCE)
                r = use_reference(expansion, level, message);
        else if (type != LDAP_RES_INTERMEDIATE)
                r = ldap_expansion_fail(
                        expansion, "what came is no answer to a search");
        ldap_msgfree(message);
        return r;
}

static int go_on(struct ldap_expansion *expansion)
{
        struct ldap_level *level = &expansion->levels[expansion->depth - 1];

        if (level->next != NULL && level->next->bv_val != NULL)
                return follow(expansion, level);
        level->next = NULL;
        if (level->has_entry)
                return use_attribute(expansion, level);
        return next_message(expansion, level);
}

enum ldap_verdict ldap_expand(const struct ldap_config *config,
        struct ldap_session *session, const char *server,
        const struct ldap_query *query, struct lookup *lookup)
{
        struct ldap_expansion expansion = {
                .config = config,
                .session = session,
                .server = server,
                .lookup = lookup,
                .verdict = LDAP_VERDICT_ANSWERED,
        };
        struct ldap_level first = {.query = *query, .session = session};
        int r;

        db_rows_init(&expansion.rows, config->common, lookup);
        session->received = 0;
        r = ldap_level_begin(&expansion, &first);
        while (r == 0 && expansion.depth > 0)
                r = go_on(&expansion);
        if (r == 0)
                db_rows_answer(&expansion.rows);
        while (expansion.depth > 0)
                drop_level(&expansion);
        free(expansion.levels);
        return expansion.verdict;
}
