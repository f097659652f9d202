/* SPDX-License-Identifier: MIT */
#include "config/values.h"

#include "base/nearest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

int value_check_path(
        struct value_input *input, const char *path, struct reason *ret_reason)
{
        if (*path == '/')
                return 0;
        reason_set(ret_reason,
                "a relative path; write the whole one, such as %.*s%s%s%s",
                (int)(path - input->text), input->text, input->directory,
                strcmp(input->directory, "/") == 0 ? "" : "/", path);
        return -EINVAL;
}

int value_find_word(struct span word, const char *const *words)
{
        for (int i = 0; words[i] != NULL; i++)
                if (span_equal(word, span_of(words[i])))
                        return i;
        return -1;
}

static int parse_with_units(const struct value_input *input,
        const struct units *units, uint64_t *ret_number,
        struct reason *ret_reason)
{
        if (input->text != NULL)
                return number_parse(input->text, units, input->range.least,
                        input->range.most, ret_number, ret_reason);
        *ret_number = 0;
        return 0;
}

static int parse_number(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        return parse_with_units(input, &units_none, ret_value, ret_reason);
}

static int parse_time(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        return parse_with_units(input, &units_time, ret_value, ret_reason);
}

static int parse_size(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        return parse_with_units(input, &units_size, ret_value, ret_reason);
}

static int parse_bool(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        bool *value = ret_value;

        *value = input->text != NULL && strcmp(input->text, "yes") == 0;
        if (*value || input->text == NULL || strcmp(input->text, "no") == 0)
                return 0;
        reason_set(ret_reason, "\"%s\" is neither yes nor no", input->text);
        return -EINVAL;
}

/* A few words are told all; of many, the one that may be meant. */
static void refuse_word(
        const char *text, const char *const *words, struct reason *ret_reason)
{
        struct nearest nearest = {0};
        char list[100] = "";
        size_t size = 0, i;

        for (i = 0; words[i] != NULL && size < sizeof(list); i++) {
                nearest_add(&nearest, span_of(text), words[i]);
                size += (size_t)snprintf(list + size, sizeof(list) - size,
                        "%s%s", i == 0 ? "" : " or ", words[i]);
        }
        for (; words[i] != NULL; i++)
                nearest_add(&nearest, span_of(text), words[i]);
        if (size < sizeof(list))
                reason_set(ret_reason, "\"%s\": expected %s", text, list);
        else
                reason_set(ret_reason,
                        "\"%s\" is none of the words there are%s", text,
                        nearest_ask(&nearest).text);
}

static int parse_choice(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        int *choice = ret_value;

        *choice = 0;
        if (input->text == NULL)
                return 0;
        *choice = value_find_word(span_of(input->text), input->range.words);
        if (*choice >= 0)
                return 0;
        *choice = 0;
        refuse_word(input->text, input->range.words, ret_reason);
        return -EINVAL;
}

/* An empty one is how a map is told not to have what [defaults] says. */
static int parse_optional(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        const char **text = ret_value;

        (void)ret_reason;
        *text = input->text;
        return 0;
}

static int parse_text(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        const char **text = ret_value;

        *text = input->text;
        if (input->text == NULL || *input->text != '\0')
                return 0;
        reason_set(ret_reason, "empty");
        return -EINVAL;
}

static int parse_path(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        const char **text = ret_value;

        *text = input->text;
        if (input->text == NULL)
                return 0;
        return value_check_path(input, input->text, ret_reason);
}

static int parse_mode(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        mode_t *mode = ret_value;
        size_t size;

        *mode = (mode_t)-1;
        if (input->text == NULL)
                return 0;
        size = strlen(input->text);
        if (size > 0 && strspn(input->text, "01234567") == size &&
                strtoul(input->text, NULL, 8) <= 0777) {
                *mode = (mode_t)strtoul(input->text, NULL, 8);
                return 0;
        }
        reason_set(ret_reason,
                "\"%s\" is no mode: expected an octal number from 0 to 0777, "
                "such as 0660",
                input->text);
        return -EINVAL;
}

const struct value_type value_number = {"NUMBER", &units_none, parse_number};
const struct value_type value_time = {"TIME", &units_time, parse_time};
const struct value_type value_size = {"SIZE", &units_size, parse_size};
const struct value_type value_bool = {"yes|no", NULL, parse_bool};
const struct value_type value_choice = {"WORD", NULL, parse_choice};
const struct value_type value_text = {"TEXT", NULL, parse_text};
const struct value_type value_optional = {"[TEXT]", NULL, parse_optional};
const struct value_type value_path = {"PATH", NULL, parse_path};
const struct value_type value_mode = {"MODE", NULL, parse_mode};
