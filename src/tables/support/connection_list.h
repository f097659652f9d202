/* SPDX-License-Identifier: MIT */
/* The connections of a table, in the order in which they were made. */
#ifndef TABLES_SUPPORT_CONNECTION_LIST_H
#define TABLES_SUPPORT_CONNECTION_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;

struct connection_list {
        struct connection **all;
        size_t count, most;
        uint64_t made; /* the number of the newest one, from 1 */
};

/* With room for `most`. Returns 0 or -ENOMEM. */
int connection_list_init(struct connection_list *list, size_t most);

/* The connections are the owner's. */
void connection_list_fini(struct connection_list *list);

bool connection_list_is_full(const struct connection_list *list);

/* Adds one to a list that is not full. Returns its number. */
uint64_t connection_list_add(
        struct connection_list *list, struct connection *connection);

/* The order of the others stays: who asks the first ones first lets the last
 * ones get idle. */
void connection_list_remove(
        struct connection_list *list, const struct connection *connection);

#endif
