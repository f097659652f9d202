/* SPDX-License-Identifier: MIT */
/*
 * Mail addresses as Postfix takes them apart. The external form is the one of
 * messages: a local part that is no dot-string stands in quotes. The internal
 * form has no quotes; its domain begins behind the last '@'.
 *
 * Pure functions on any bytes, in time linear in their sizes. What they return
 * is a part of their argument, or in the arena where it had to be changed.
 */
#ifndef MAPS_ADDRESS_H
#define MAPS_ADDRESS_H

#include "base/arena.h"
#include "base/span.h"

/* What is quoted: an address with its domain, or all of it as a local part. */
enum address_part { ADDRESS_WHOLE, ADDRESS_LOCAL };

/* Internal form to external form. Returns 0 or -ENOMEM. */
int address_quote(struct span internal, enum address_part part,
        struct arena *arena, struct span *ret_external);

/*
 * External form to internal form. Text that isn't well quoted is taken as
 * Postfix takes it, whatever comes of that. Returns 0 or -ENOMEM.
 */
int address_unquote(
        struct span external, struct arena *arena, struct span *ret_internal);

/* Returns where the last '@' of an internal address is; its size if nowhere. */
size_t address_at(struct span internal);

/* How extensions are told from local parts; all zero: there are none. */
struct address_rules {
        struct span recipient_delimiter; /* a set of characters */
        bool owner_request_special; /* '-' splits no owner-x and x-request */
};

/*
 * Returns the size of an internal local part without its extension, which
 * begins with a delimiter there: the whole size when it has none.
 */
size_t address_bare_size(struct span local, const struct address_rules *rules);

#endif
