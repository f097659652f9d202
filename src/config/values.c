/* SPDX-License-Identifier: MIT */
#include "config/values.h"

#include "tables/table.h"

#include <socketmap/client.h>
#include <stdlib.h>
#include <string.h>

/*
 * Relative paths would be relative to wherever the daemon was started: not
 * known to whoever writes the file.
 */
static bool is_absolute(const char *path, int prefix_size, const char *text,
        const char *directory, struct reason *ret_reason)
{
        if (*path == '/')
                return true;
        reason_set(ret_reason,
                "a relative path; write the whole one, such as %.*s%s%s%s",
                prefix_size, text, directory,
                strcmp(directory, "/") == 0 ? "" : "/", path);
        return false;
}

/* Returns the path of a unix endpoint, or NULL. */
static const char *unix_path(const char *endpoint)
{
        if (strncmp(endpoint, "unix:", 5) == 0)
                return endpoint + 5;
        if (strncmp(endpoint, "local:", 6) == 0)
                return endpoint + 6;
        return NULL;
}

bool value_is_unix(const char *endpoint)
{
        return unix_path(endpoint) != NULL;
}

static bool endpoint_is_valid(
        const char *text, const char *directory, struct reason *ret_reason)
{
        struct socketmap_client *client;
        struct socketmap_error error;
        const char *path = unix_path(text);

        /* A client that never connects is the library's check. */
        if (socketmap_client_new(text, &client, &error) < 0) {
                reason_set(ret_reason, "%s", error.text);
                return false;
        }
        socketmap_client_free(client);
        return path == NULL || is_absolute(path, (int)(path - text), text,
                                       directory, ret_reason);
}

static bool mode_is_valid(
        const char *text, const char *directory, struct reason *ret_reason)
{
        size_t size = strlen(text);

        (void)directory;
        if (size != 0 && strspn(text, "01234567") == size &&
                strtoul(text, NULL, 8) <= 0777)
                return true;
        reason_set(ret_reason,
                "\"%s\" is no mode: expected an octal number from 0 to 0777, "
                "such as 0660",
                text);
        return false;
}

mode_t value_to_mode(const char *text)
{
        return (mode_t)strtoul(text, NULL, 8);
}

/* Returns whether the argument of this table type is the path of a file. */
static bool takes_file(const char *type, size_t size)
{
        const struct table_type *const *t;

        for (t = table_types; *t != NULL; t++)
                if (strlen((*t)->name) == size &&
                        memcmp((*t)->name, type, size) == 0)
                        return strcmp((*t)->argument, "FILE") == 0;
        return false;
}

/* All else that can be wrong is found by opening the table. */
static bool table_is_valid(
        const char *text, const char *directory, struct reason *ret_reason)
{
        const char *type = strncmp(text, "proxy:", 6) == 0 ? text + 6 : text;
        const char *colon = strchr(type, ':');

        if (colon == NULL) {
                reason_set(ret_reason, "expected TYPE:NAME, such as "
                                       "texthash:/etc/postfix/virtual");
                return false;
        }
        if (colon[1] == '\0' || !takes_file(type, (size_t)(colon - type)))
                return true;
        return is_absolute(colon + 1, (int)(colon + 1 - text), text, directory,
                ret_reason);
}

const struct value_type value_endpoint = {"ENDPOINT", endpoint_is_valid};
const struct value_type value_mode = {"MODE", mode_is_valid};
const struct value_type value_table = {"TYPE:ARGUMENT", table_is_valid};
