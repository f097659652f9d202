/* SPDX-License-Identifier: MIT */
/* What becomes of an address that a search order has found. */
#ifndef MAPS_PROPAGATE_H
#define MAPS_PROPAGATE_H

#include "maps/candidates.h"

/*
 * The result of virtual, canonical and generic orders. What any but a stripped
 * key found stays as it is. What a stripped key found gets the extension, if
 * extensions are propagated; and "@other" gets the local part, since Postfix
 * would put the one with the extension there.
 *
 * *ret_result is the value itself, or in the arena. Returns 0 or -ENOMEM;
 * -EBADMSG when an extension is to go to addresses but there are none.
 */
int propagate_result(const struct candidate *candidate, bool propagates,
        struct span value, struct arena *arena, struct span *ret_result);

/*
 * Puts the extension, which is in internal form, before the last '@' of each
 * address of an RFC 822 list, and joins them by ", ". Returns as above.
 */
int propagate_extension(struct span list, struct span extension,
        struct arena *arena, struct span *ret_result);

#endif
