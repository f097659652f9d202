/* SPDX-License-Identifier: MIT */
#include "tables/ldap/entry.h"
#include <errno.h>
#include <ldap.h>
#include <strings.h>

int ldap_entry_begin(struct ldap_entry *entry,
        const struct ldap_session *session, struct ldapmsg *message)
{
        struct berval name;

        *entry = (struct ldap_entry){.ld = session->ld, .message = message};
        if (ldap_get_dn_ber(entry->ld, message, &entry->rest, &name) ==
                LDAP_SUCCESS)
                return 0;
        entry->rest = NULL;
        return -EBADMSG;
}

static void forget_values(struct ldap_entry *entry)
{
        ber_memfree(entry->values);
        entry->values = NULL;
}

int ldap_entry_next(struct ldap_entry *entry)
{
        struct berval name;

        forget_values(entry);
        if (ldap_get_attribute_ber(entry->ld, entry->message, entry->rest,
                    &name, &entry->values) != LDAP_SUCCESS)
                return -EBADMSG;
        if (name.bv_val == NULL)
                return 0;
        entry->name = (struct span){name.bv_val, name.bv_len};
        return 1;
}

void ldap_entry_end(struct ldap_entry *entry)
{
        forget_values(entry);
        ber_free(entry->rest, 0);
        entry->rest = NULL;
        ldap_msgfree(entry->message);
        entry->message = NULL;
}

static bool is_name(const char *name, struct span text)
{
        return strlen(name) == text.size &&
               strncasecmp(name, text.data, text.size) == 0;
}

/* Whether an attribute is `name`, or that with options: "mail;lang-en". */
static bool is_kind_of(const char *name, struct span text)
{
        size_t size = strlen(name);

        if (text.size > size && text.data[size] == ';')
                text.size = size;
        return is_name(name, text);
}

static bool is_among(const struct ldap_attributes *attributes, size_t from,
        size_t to, struct span name)
{
        for (size_t i = from; i < to; i++)
                if (is_name(attributes->names[i], name))
                        return true;
        return false;
}

/* What one entry has values of. */
struct contents {
        bool has_terminal, has_special;
};

static void note_attribute(const struct ldap_attributes *attributes,
        const struct ldap_entry *entry, struct contents *contents)
{
        if (entry->values == NULL || entry->values[0].bv_val == NULL)
                return;
        contents->has_terminal |=
                is_among(attributes, 0, attributes->terminal_end, entry->name);
        contents->has_special |= is_among(attributes, attributes->ordinary_end,
                attributes->end, entry->name);
}

int ldap_entry_judge(const struct ldap_attributes *attributes,
        const struct ldap_session *session, struct ldapmsg *message,
        struct ldap_entry_kind *kind)
{
        struct contents contents = {.has_terminal = false};
        struct ldap_entry entry;
        int r;

        if (attributes->leaf_end == 0)
                return 0;
        r = ldap_entry_begin(&entry, session, message);
        while (r >= 0 && (r = ldap_entry_next(&entry)) > 0)
                note_attribute(attributes, &entry, &contents);
        entry.message = NULL; /* somebody else's */
        ldap_entry_end(&entry);
        kind->is_terminal |= contents.has_terminal;
        if (!kind->is_terminal && contents.has_special &&
                attributes->leaf_end > attributes->terminal_end)
                kind->is_inner = true;
        return r;
}

enum ldap_use ldap_entry_use(const struct ldap_attributes *attributes,
        const struct ldap_entry_kind *kind, struct span name)
{
        size_t i = 0;

        while (i < attributes->end && !is_kind_of(attributes->names[i], name))
                i++;
        if (i == attributes->end)
                return LDAP_USE_NONE;
        if (kind->is_terminal && i >= attributes->terminal_end)
                return LDAP_USE_NONE;
        if (kind->is_inner && i < attributes->leaf_end)
                return LDAP_USE_NONE;
        return i < attributes->ordinary_end ? LDAP_USE_VALUES : LDAP_USE_LINKS;
}
