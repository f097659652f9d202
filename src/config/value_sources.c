/* SPDX-License-Identifier: MIT */
/* Where clients connect, and where data lives. */
#include "base/braces.h"
#include "config/types.h"
#include "config/values.h"
#include "tables/spec.h"
#include "tables/table.h"

#include <errno.h>
#include <socketmap/client.h>
#include <string.h>

/* More than any system lets a process have. */
#define FD_MAX ((uint64_t)1 << 30)

static const struct endpoint_form {
        const char *prefix;
        enum config_endpoint_kind kind;
} forms[] = {
        {"unix:", CONFIG_ENDPOINT_UNIX},
        {"local:", CONFIG_ENDPOINT_UNIX},
        {"inet:", CONFIG_ENDPOINT_INET},
        {"systemd:", CONFIG_ENDPOINT_SYSTEMD},
        {"fd:", CONFIG_ENDPOINT_FD},
};

static int split_endpoint(const char *text,
        struct config_endpoint *ret_endpoint, struct reason *ret_reason)
{
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
                size_t size = strlen(forms[i].prefix);

                if (strncmp(text, forms[i].prefix, size) != 0)
                        continue;
                *ret_endpoint = (struct config_endpoint){
                        text, forms[i].kind, text + size, -1};
                return 0;
        }
        reason_set(ret_reason,
                "%s: expected unix:PATH, inet:HOST:PORT, inet:PORT, "
                "inet:[ADDRESS]:PORT, systemd:NAME or fd:NUMBER",
                text);
        return -EINVAL;
}

/* A client that never connects is the library's check of an endpoint. */
static int check_address(const char *text, struct reason *ret_reason)
{
        struct socketmap_client *client;
        struct socketmap_error error;
        int r = socketmap_client_new(text, &client, &error);

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                reason_set(ret_reason, "%s", error.text);
                return -EINVAL;
        }
        socketmap_client_free(client);
        return 0;
}

static int check_name(const char *name, struct reason *ret_reason)
{
        if (*name != '\0' && strpbrk(name, ": \t") == NULL)
                return 0;
        reason_set(ret_reason,
                "\"%s\": expected the FileDescriptorName= of a socket unit",
                name);
        return -EINVAL;
}

/* Those below 3 are standard input, output and error. */
static int parse_fd(const char *text, int *ret_fd, struct reason *ret_reason)
{
        uint64_t number;
        int r = number_parse(text, &units_none, 3, FD_MAX, &number, ret_reason);

        if (r == 0)
                *ret_fd = (int)number;
        return r;
}

static int parse_endpoint(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        struct config_endpoint endpoint = {.fd = -1};
        int r = 0;

        memset(ret_value, 0, sizeof(endpoint));
        if (input->text == NULL)
                return 0;
        r = split_endpoint(input->text, &endpoint, ret_reason);
        if (r < 0)
                return r;
        switch (endpoint.kind) {
        case CONFIG_ENDPOINT_UNIX:
                r = check_address(input->text, ret_reason);
                if (r == 0)
                        r = value_check_path(input, endpoint.rest, ret_reason);
                break;
        case CONFIG_ENDPOINT_INET:
                r = check_address(input->text, ret_reason);
                break;
        case CONFIG_ENDPOINT_SYSTEMD:
                r = check_name(endpoint.rest, ret_reason);
                break;
        case CONFIG_ENDPOINT_FD:
                r = parse_fd(endpoint.rest, &endpoint.fd, ret_reason);
                break;
        }
        if (r == 0)
                memcpy(ret_value, &endpoint, sizeof(endpoint));
        return r;
}

static int is_elsewhere(
        void *ctx, const struct table_type *type, struct span argument)
{
        (void)ctx;
        return type != NULL && table_type_names_file(type) &&
                               argument.data[0] != '{'
                       ? 0
                       : 1;
}

bool value_table_shows_data(const char *spec)
{
        return spec_walk(span_of(spec), is_elsewhere, NULL) != 0;
}

/* Asks the table's type about one word of the list. */
static int check_word(
        struct value_input *input, struct span word, struct reason *ret_reason)
{
        const char *copy = arena_copy(input->arena, word);

        if (copy == NULL)
                return -ENOMEM;
        if (table_check(copy, ret_reason) == 0)
                return 0;
        input->wrong_at = (size_t)(word.data - input->text);
        return -EINVAL;
}

static int parse_table(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        const char **table = ret_value;
        struct span rest, word;
        int r = 0;

        *table = input->text;
        if (input->text == NULL)
                return 0;
        rest = span_of(input->text);
        if (strchr(input->text, ':') == NULL || !word_next(&rest, &word)) {
                reason_set(ret_reason, "expected TYPE:NAME, such as "
                                       "texthash:/etc/postfix/virtual");
                return -EINVAL;
        }
        do
                r = check_word(input, word, ret_reason);
        while (r == 0 && word_next(&rest, &word));
        return r;
}

const struct value_type value_endpoint = {"ENDPOINT", NULL, parse_endpoint};
const struct value_type value_table = {"TABLE...", NULL, parse_table};
