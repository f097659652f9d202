/* SPDX-License-Identifier: MIT */
#include "config/numbers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define KIB UINT64_C(1024)

static const struct unit no_units[] = {{"", 1}};
static const struct unit time_units[] = {{"ms", 1}, {"s", SECOND},
        {"m", MINUTE}, {"h", HOUR}, {"d", 24 * HOUR}, {"", 0}};
static const struct unit size_units[] = {{"B", 1}, {"KiB", KIB},
        {"MiB", KIB *KIB}, {"GiB", KIB *KIB *KIB}, {"", 0}};

const struct units units_none = {"number", "10", no_units};
const struct units units_time = {"time", "5s", time_units};
const struct units units_size = {"size", "10KiB", size_units};

/* Returns the factor of a unit, 0 when there is none of that name. */
static uint64_t factor_of(const struct units *units, const char *name)
{
        const struct unit *unit = units->list;

        while (*unit->name != '\0' && strcmp(unit->name, name) != 0)
                unit++;
        return strcmp(unit->name, name) == 0 ? unit->factor : 0;
}

/* Says what would have been right. */
static int refuse(
        const char *text, const struct units *units, struct reason *ret_reason)
{
        char names[64] = "";
        size_t size = 0;

        for (const struct unit *unit = units->list; *unit->name != '\0'; unit++)
                size += (size_t)snprintf(names + size, sizeof(names) - size,
                        "%s%s", size == 0 ? "" : ", ", unit->name);
        if (size > 0)
                reason_set(ret_reason,
                        "\"%s\" is no %s: expected a number with a unit (%s), "
                        "such as %s",
                        text, units->noun, names, units->example);
        else
                reason_set(ret_reason, "\"%s\" is no %s", text, units->noun);
        return -EINVAL;
}

static int refuse_range(const char *text, const struct units *units,
        uint64_t least, uint64_t most, struct reason *ret_reason)
{
        reason_set(ret_reason, "%s is not from %s to %s", text,
                number_format(least, units).text,
                number_format(most, units).text);
        return -EINVAL;
}

int number_parse(const char *text, const struct units *units, uint64_t least,
        uint64_t most, uint64_t *ret_number, struct reason *ret_reason)
{
        size_t digits = strspn(text, "0123456789");
        uint64_t factor = factor_of(units, text + digits);
        uint64_t number = 0;
        bool is_too_large = false;

        for (size_t i = 0; i < digits; i++) {
                uint64_t digit = (uint64_t)(text[i] - '0');

                is_too_large |= number > (UINT64_MAX - digit) / 10;
                number = number * 10 + digit;
        }
        if (digits == 0)
                return refuse(text, units, ret_reason);
        if (number == 0 && !is_too_large && text[digits] == '\0')
                factor = 1;
        if (factor == 0)
                return refuse(text, units, ret_reason);
        if (is_too_large || number > most / factor || number * factor < least)
                return refuse_range(text, units, least, most, ret_reason);
        *ret_number = number * factor;
        return 0;
}

struct number_text number_format(uint64_t number, const struct units *units)
{
        struct number_text text;
        const struct unit *unit = units->list, *best = unit;

        for (; *unit->name != '\0' && number != 0; unit++)
                if (number % unit->factor == 0)
                        best = unit;
        snprintf(text.text, sizeof(text.text), "%" PRIu64 "%s",
                number / best->factor, number == 0 ? "" : best->name);
        return text;
}
