/* SPDX-License-Identifier: MIT */
/*
 * Full case folding as Unicode defines it (C and F of CaseFolding.txt, no
 * normalisation): how Postfix compares keys. "Straße" and "STRASSE" are equal.
 */
#ifndef BASE_CASEFOLD_H
#define BASE_CASEFOLD_H

#include "base/arena.h"
#include "base/span.h"

/*
 * Folds `text`: *ret_folded is `text` itself when nothing changes, else bytes
 * of the arena. Returns 0, -EILSEQ when the text is not UTF-8, -ENOMEM.
 */
int casefold(struct span text, struct arena *arena, struct span *ret_folded);

#endif
