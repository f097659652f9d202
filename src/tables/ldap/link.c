/* SPDX-License-Identifier: MIT */
#include "tables/ldap/link.h"
#include <errno.h>
#include <ldap.h>
#include <stdint.h>
#include <strings.h>

/*
 * Which of two attributes is the more special one: they may be the same, or one
 * that with options: "mail;lang-en". NULL: they are not the same.
 */
static const char *more_special(const char *one, const char *other)
{
        size_t size = strlen(one);
        size_t other_size = strlen(other);

        if (size > other_size)
                return more_special(other, one);
        if (strncasecmp(one, other, size) != 0)
                return NULL;
        return other_size == size || other[size] == ';' ? other : NULL;
}

static size_t count_names(char **names)
{
        size_t count = 0;

        while (names[count] != NULL)
                count++;
        return count;
}

/* What the URL asks for, and is wanted. Returns as ldap_link_read. */
static int choose_attributes(const struct ldap_attributes *attributes,
        char **asked, struct arena *arena, struct ldap_query *link)
{
        size_t count = 0, most;

        link->attributes = attributes->names;
        if (asked == NULL || asked[0] == NULL)
                return 1;
        most = count_names(asked);
        if (most > SIZE_MAX / sizeof(*asked) / (attributes->end + 1) - 1)
                return -ENOMEM;
        link->attributes = arena_alloc(
                arena, (most * attributes->end + 1) * sizeof(*asked));
        if (link->attributes == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < most; i++)
                for (size_t j = 0; j < attributes->end; j++) {
                        const char *name =
                                more_special(asked[i], attributes->names[j]);

                        if (name == NULL)
                                continue;
                        link->attributes[count] =
                                arena_copy(arena, span_of(name));
                        if (link->attributes[count++] == NULL)
                                return -ENOMEM;
                }
        link->attributes[count] = NULL;
        return count > 0 ? 1 : 0;
}

static int read_url(const struct ldap_attributes *attributes,
        const LDAPURLDesc *url, struct arena *arena, struct ldap_query *link)
{
        link->scope = url->lud_scope;
        link->base = arena_copy(
                arena, span_of(url->lud_dn != NULL ? url->lud_dn : ""));
        link->filter = NULL;
        if (url->lud_filter != NULL)
                link->filter = arena_copy(arena, span_of(url->lud_filter));
        if (link->base == NULL ||
                (url->lud_filter != NULL && link->filter == NULL))
                return -ENOMEM;
        return choose_attributes(attributes, url->lud_attrs, arena, link);
}

int ldap_link_read(const struct ldap_attributes *attributes, struct span value,
        struct arena *arena, struct ldap_query *ret_link)
{
        char *text = arena_copy(arena, value);
        LDAPURLDesc *url;
        int r;

        if (text == NULL)
                return -ENOMEM;
        if (strlen(text) != value.size)
                return -EBADMSG;
        *ret_link = (struct ldap_query){
                .base = text,
                .scope = LDAP_SCOPE_BASE,
                .filter = "(objectClass=*)",
                .attributes = attributes->names,
        };
        if (!ldap_is_ldap_url(text))
                return 1;
        r = ldap_url_parse(text, &url);
        if (r != LDAP_URL_SUCCESS)
                return r == LDAP_URL_ERR_MEM ? -ENOMEM : -EBADMSG;
        r = read_url(attributes, url, arena, ret_link);
        ldap_free_urldesc(url);
        return r;
}
