/* SPDX-License-Identifier: MIT */
/* Users and groups, by name or number. */
#include "config/types.h"
#include "config/values.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

/* The entries of a directory service may be long: all of a group's members. */
#define ENTRY_SIZE_MIN ((size_t)4096)
#define ENTRY_SIZE_MAX ((size_t)16 * 1024 * 1024)

/* An account of either kind. */
struct account {
        id_t id;
        gid_t gid; /* a user's own group */
};

typedef int find_fn(
        const char *name, char *buffer, size_t size, struct account *ret_found);

/* Finders return 1, 0 when there is none of that name, or -errno. */
static int find_user(
        const char *name, char *buffer, size_t size, struct account *ret_found)
{
        struct passwd entry, *found = NULL;
        int error = getpwnam_r(name, &entry, buffer, size, &found);

        if (found == NULL)
                return error == ERANGE ? -ERANGE : 0;
        *ret_found = (struct account){found->pw_uid, found->pw_gid};
        return 1;
}

static int find_group(
        const char *name, char *buffer, size_t size, struct account *ret_found)
{
        struct group entry, *found = NULL;
        int error = getgrnam_r(name, &entry, buffer, size, &found);

        if (found == NULL)
                return error == ERANGE ? -ERANGE : 0;
        *ret_found = (struct account){found->gr_gid, (gid_t)-1};
        return 1;
}

static int find(find_fn *finder, const char *name, struct account *ret_found)
{
        int r = -ERANGE;

        for (size_t size = ENTRY_SIZE_MIN; r == -ERANGE; size *= 2) {
                char *buffer = size > ENTRY_SIZE_MAX ? NULL : malloc(size);

                if (buffer == NULL)
                        return -ENOMEM;
                r = finder(name, buffer, size, ret_found);
                free(buffer);
        }
        return r;
}

/* A number, unless there is somebody of that name. */
static int parse_account(find_fn *finder, const char *kind, const char *name,
        struct account *ret_account, struct reason *ret_reason)
{
        int r = find(finder, name, ret_account);
        struct reason ignored;
        uint64_t number;

        if (r != 0)
                return r < 0 ? r : 0;
        /* The largest number stands for "none" in system calls. */
        if (number_parse(name, &units_none, 0, UINT32_MAX - 1, &number,
                    &ignored) == 0) {
                *ret_account = (struct account){(id_t)number, (gid_t)-1};
                return 0;
        }
        reason_set(ret_reason, "this machine has no %s \"%s\"", kind, name);
        return -EINVAL;
}

static int set_user(const char *name, void *ret_user, struct reason *ret_reason)
{
        struct account account = {(id_t)-1, (gid_t)-1};
        int r = 0;

        if (name != NULL)
                r = parse_account(
                        find_user, "user", name, &account, ret_reason);
        *(struct config_user *)ret_user =
                (struct config_user){name, account.id, account.gid};
        return r;
}

static int set_group(
        const char *name, void *ret_group, struct reason *ret_reason)
{
        struct account account = {(id_t)-1, (gid_t)-1};
        int r = 0;

        if (name != NULL)
                r = parse_account(
                        find_group, "group", name, &account, ret_reason);
        *(struct config_group *)ret_group =
                (struct config_group){name, account.id};
        return r;
}

static int parse_user(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        return set_user(input->text, ret_value, ret_reason);
}

static int parse_group(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        return set_group(input->text, ret_value, ret_reason);
}

/* Sets one item of `size` bytes for each word of a list. */
static int parse_each(struct value_input *input, size_t size,
        int (*set)(const char *name, void *ret_item, struct reason *ret_reason),
        void **ret_items, size_t *ret_count, struct reason *ret_reason)
{
        struct value_words words;
        int r = value_split(input, &words, ret_reason);
        char *items;

        if (r < 0)
                return r;
        items = arena_alloc(input->arena, words.count * size);
        if (items == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < words.count && r == 0; i++) {
                input->wrong_at = words.offsets[i];
                r = set(words.items[i], items + i * size, ret_reason);
        }
        if (r == 0) {
                *ret_items = items;
                *ret_count = words.count;
        }
        return r;
}

static int parse_users(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        void *items = NULL;
        size_t count = 0;
        int r = parse_each(input, sizeof(struct config_user), set_user, &items,
                &count, ret_reason);

        *(struct config_users *)ret_value = (struct config_users){items, count};
        return r;
}

static int parse_groups(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        void *items = NULL;
        size_t count = 0;
        int r = parse_each(input, sizeof(struct config_group), set_group,
                &items, &count, ret_reason);

        *(struct config_groups *)ret_value =
                (struct config_groups){items, count};
        return r;
}

const struct value_type value_user = {"USER", NULL, parse_user};
const struct value_type value_group = {"GROUP", NULL, parse_group};
const struct value_type value_users = {"USER...", NULL, parse_users};
const struct value_type value_groups = {"GROUP...", NULL, parse_groups};
