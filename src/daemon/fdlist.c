/* SPDX-License-Identifier: MIT */
#include "daemon/fdlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fdlist_fini(struct fdlist *list)
{
        for (size_t i = 0; i < list->count; i++) {
                close(list->entries[i].fd);
                free(list->entries[i].name);
        }
        free(list->entries);
        *list = (struct fdlist){0};
}

int fdlist_add(struct fdlist *list, const char *name, int fd)
{
        struct fdlist_entry *larger;
        char *copy = strdup(name);

        if (copy == NULL)
                goto fail;
        larger = reallocarray(
                list->entries, list->count + 1, sizeof(*list->entries));
        if (larger == NULL)
                goto fail;
        list->entries = larger;
        larger[list->count++] = (struct fdlist_entry){copy, fd};
        return 0;
fail:
        free(copy);
        close(fd);
        return -ENOMEM;
}

/* The place of the n-th one of that name, or the end of the list. */
static size_t find(const struct fdlist *list, const char *name, size_t n)
{
        size_t i;

        for (i = 0; i < list->count; i++) {
                if (strcmp(list->entries[i].name, name) == 0 && n-- == 0)
                        break;
        }
        return i;
}

int fdlist_get(const struct fdlist *list, const char *name, size_t n)
{
        size_t i = find(list, name, n);

        return i < list->count ? list->entries[i].fd : -ENOENT;
}

int fdlist_claim(struct fdlist *list, const char *name)
{
        size_t i = find(list, name, 0);
        int fd;

        if (i == list->count)
                return -ENOENT;
        fd = list->entries[i].fd;
        free(list->entries[i].name);
        list->count--;
        memmove(&list->entries[i], &list->entries[i + 1],
                (list->count - i) * sizeof(*list->entries));
        return fd;
}
