/* SPDX-License-Identifier: MIT */
#include "tables/ldap/referral.h"
#include "tables/ldap/login.h"
#include <errno.h>
#include <ldap.h>

/* Whether the third part of a URL is there: libldap makes one up if not. */
static bool has_scope(const char *url)
{
        const char *part = strchr(url, '?');

        if (part != NULL)
                part = strchr(part + 1, '?');
        return part != NULL && part[1] != '\0' && part[1] != '?';
}

/* What a URL does not say stays as it is. Returns 0 or -ENOMEM. */
static int change_query(const char *url, const LDAPURLDesc *parsed,
        struct arena *arena, struct ldap_query *query)
{
        if (parsed->lud_dn != NULL && *parsed->lud_dn != '\0') {
                query->base = arena_copy(arena, span_of(parsed->lud_dn));
                if (query->base == NULL)
                        return -ENOMEM;
        }
        if (has_scope(url))
                query->scope = parsed->lud_scope;
        if (parsed->lud_filter != NULL) {
                query->filter = arena_copy(arena, span_of(parsed->lud_filter));
                if (query->filter == NULL)
                        return -ENOMEM;
        }
        return 0;
}

/* No server may send us to a unix socket, which others can't reach. */
static int read_url(const char *url, struct arena *arena,
        struct ldap_server *ret_server, struct ldap_query *query)
{
        LDAPURLDesc *parsed;
        int r;

        if (ldap_server_parse(url, ret_server) != NULL ||
                ret_server->address.is_unix)
                return -EBADMSG;
        if (ldap_url_parse(url, &parsed) != LDAP_URL_SUCCESS)
                return -EBADMSG;
        r = change_query(url, parsed, arena, query);
        ldap_free_urldesc(parsed);
        return r;
}

int ldap_referral_open(const struct ldap_config *config, char **urls,
        uint64_t deadline, struct arena *arena, struct ldap_session *session,
        struct ldap_query *query, struct reason *ret_reason)
{
        int r = -EBADMSG;

        reason_set_errno(ret_reason, r, "referral");
        for (; urls != NULL && *urls != NULL; urls++) {
                struct ldap_query changed = *query;
                struct ldap_server server = {.url = *urls};
                struct reason why;

                r = read_url(*urls, arena, &server, &changed);
                if (r < 0)
                        reason_set_errno(&why, r, "no URL");
                else
                        r = ldap_login_as_nobody(
                                config, &server, session, deadline, &why);
                if (r == 0) {
                        *query = changed;
                        return 0;
                }
                reason_set(ret_reason, "referral to %s: %s", *urls, why.text);
                ret_reason->code = r;
        }
        return r;
}
