/* SPDX-License-Identifier: MIT */
/*
 * Postfix's indexed files have keys and values with a NUL behind them or
 * without one, as the program that made the file likes it. Whoever reads one
 * tries both forms, until a key is found in one of them.
 */
#ifndef TABLES_SUPPORT_NUL_FORM_H
#define TABLES_SUPPORT_NUL_FORM_H

#include "base/span.h"

/* The forms that it is known not to have. Begins with {0}. */
struct nul_form {
        bool is_without;
        bool is_with;
};

/*
 * Finds a key, which has a NUL behind it that its size does not count; a key
 * with a NUL inside is in no such file. `find` returns 1 with the value, 0 when
 * there is none, or a negative error. Returns the same. As in Postfix the value
 * ends at its first NUL, in either form.
 */
int nul_form_find(struct nul_form *form, struct span key,
        int (*find)(void *ctx, struct span key, struct span *ret_value),
        void *ctx, struct span *ret_value);

/* The same for a record that was read: cuts the key and the value. Returns
 * whether it has the form with a NUL. */
bool nul_form_cut(struct span *key, struct span *value);

#endif
