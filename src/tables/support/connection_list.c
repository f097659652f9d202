/* SPDX-License-Identifier: MIT */
#include "tables/support/connection_list.h"
#include <errno.h>
#include <stdlib.h>

int connection_list_init(struct connection_list *list, size_t most)
{
        struct connection **all = calloc(most, sizeof(all[0]));

        if (all == NULL)
                return -ENOMEM;
        *list = (struct connection_list){.all = all, .most = most};
        return 0;
}

void connection_list_fini(struct connection_list *list)
{
        free(list->all);
        list->all = NULL;
}

bool connection_list_is_full(const struct connection_list *list)
{
        return list->count == list->most;
}

uint64_t connection_list_add(
        struct connection_list *list, struct connection *connection)
{
        list->all[list->count++] = connection;
        return ++list->made;
}

void connection_list_remove(
        struct connection_list *list, const struct connection *connection)
{
        size_t i = 0;

        while (list->all[i] != connection)
                i++;
        list->count--;
        for (; i < list->count; i++)
                list->all[i] = list->all[i + 1];
}
