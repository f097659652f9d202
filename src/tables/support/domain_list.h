/* SPDX-License-Identifier: MIT */
/*
 * A list of domains as Postfix writes it (string_list): names, "/file" with
 * more of it, "type:table" for its keys, "!" in front for not these. Names
 * match whole, upper and lower case the same; the first item that matches
 * decides.
 */
#ifndef TABLES_SUPPORT_DOMAIN_LIST_H
#define TABLES_SUPPORT_DOMAIN_LIST_H

#include "tables/table.h"

struct domain_list;

/*
 * Reads a list, and opens its tables; those that do not answer at once are
 * refused. Returns NULL with the reason: its code is -EINVAL when the text is
 * wrong by itself, otherwise something in it could not be read now.
 */
struct domain_list *domain_list_open(const struct table_env *env,
        const char *text, struct reason *ret_reason);

/* NULL does nothing. */
void domain_list_close(struct domain_list *list);

/* The files that it was read from; they live as long as the list. */
const struct table_file *domain_list_files(
        const struct domain_list *list, size_t *ret_count);

/*
 * Says whether a domain is in the list. Returns 1 or 0; or a negative errno,
 * and the lookup, which lends its arena, has failed with the reason. On one
 * thread at a time, as its tables.
 */
int domain_list_match(const struct domain_list *list, struct lookup *lookup,
        struct span domain);

#endif
