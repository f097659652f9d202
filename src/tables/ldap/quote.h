/* SPDX-License-Identifier: MIT */
/* Parts of keys made fit for what LDAP has to say, each a template_quote. */
#ifndef TABLES_LDAP_QUOTE_H
#define TABLES_LDAP_QUOTE_H

#include "tables/support/template.h"

/* For a value in a search filter: RFC 4515. ctx is not used. */
int ldap_quote_filter(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted);

/* For a value in a distinguished name: RFC 4514. ctx is not used. */
int ldap_quote_dn(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted);

#endif
