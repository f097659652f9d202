/* SPDX-License-Identifier: MIT */
/*
 * cidr:FILE, cidr:{{RULE}, ...} - rules with networks, for keys that are IP
 * addresses: the first one that matches counts, not the longest. Nothing but an
 * address is in such a table.
 */
#include "base/braces.h"
#include "tables/support/ip_index.h"
#include "tables/support/rules.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

extern const struct table_type table_type_cidr;

struct cidr_rule {
        struct rule rule;
        struct ip_network network;
        bool is_negated;
        bool is_plain; /* a network and a value, in no IF */
        char *value;
        size_t value_size;
};

/*
 * Most rules are plain networks, which are found by an index. The others are
 * tried in order, as far as it matters.
 */
struct cidr {
        struct table table;
        struct rules *rules;
        struct ip_index *plain;
        size_t *others; /* the numbers of all other rules */
        size_t other_count;
        struct table_file file;
};

/* Splits a rule and returns its value. */
static char *split_value(char *text)
{
        while (*text != '\0' && !byte_is_space(*text))
                text++;
        if (*text != '\0')
                *text++ = '\0';
        while (byte_is_space(*text))
                text++;
        return text;
}

static int parse_rule(
        const struct rule_reader *reader, char *text, struct rule *base)
{
        struct cidr_rule *rule = (struct cidr_rule *)base;
        const char *value = "";
        struct reason reason;

        for (; *text == '!' || byte_is_space(*text); text++)
                if (*text == '!')
                        rule->is_negated = !rule->is_negated;
        if (!base->is_if)
                value = split_value(text);
        if (*text == '\0') {
                rule_warn(reader, "no address: rule skipped");
                return 0;
        }
        if (ip_network_parse(text, &rule->network, &reason) < 0) {
                rule_warn(reader, "%s: rule skipped", reason.text);
                return 0;
        }
        if (base->is_if)
                return 1;
        if (*value == '\0') {
                rule_warn(reader, "no value: rule skipped");
                return 0;
        }
        rule->is_plain = !rule->is_negated && !reader->is_in_if;
        rule->value = strdup(value);
        rule->value_size = strlen(value);
        return rule->value == NULL ? -ENOMEM : 1;
}

static void free_rule(const struct rules_type *type, struct rule *base)
{
        (void)type;
        free(((struct cidr_rule *)base)->value);
}

static const struct rules_type rules_type = {
        .name = "cidr",
        .rule_size = sizeof(struct cidr_rule),
        .endif_is_alone = true,
        .parse = parse_rule,
        .fini = free_rule,
};

static const struct cidr_rule *rules_of(const struct cidr *cidr)
{
        return cidr->rules->items;
}

static int index_rule(struct cidr *cidr, size_t number)
{
        const struct cidr_rule *rule = &rules_of(cidr)[number];

        if (rule->is_plain)
                return ip_index_add(cidr->plain, &rule->network, number);
        cidr->others[cidr->other_count++] = number;
        return 0;
}

static int index_rules(struct cidr *cidr)
{
        size_t count = cidr->rules->count;
        int error = 0;

        cidr->plain = ip_index_new();
        cidr->others = calloc(count + 1, sizeof(*cidr->others));
        if (cidr->plain == NULL || cidr->others == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < count && error == 0; i++)
                error = index_rule(cidr, i);
        return error;
}

static bool rule_matches(
        const struct cidr_rule *rule, const struct ip_address *address)
{
        struct ip_address masked;

        if (rule->network.address.family != address->family)
                return false;
        masked = ip_mask(*address, rule->network.length);
        return ip_is_same(&masked, &rule->network.address) != rule->is_negated;
}

/* Returns the number of the first rule that matches, or SIZE_MAX. */
static size_t find(const struct cidr *cidr, const struct ip_address *address)
{
        size_t plain = ip_index_find(cidr->plain, address), at = 0;

        while (at < cidr->other_count && cidr->others[at] < plain) {
                size_t number = cidr->others[at];
                const struct cidr_rule *rule = &rules_of(cidr)[number];
                bool matches = rule_matches(rule, address);

                if (matches && !rule->rule.is_if)
                        return number;
                at++;
                while (!matches && at < cidr->other_count &&
                        cidr->others[at] < rule->rule.miss)
                        at++;
        }
        return plain;
}

/* Returns false for a key that is no address. */
static bool read_key(struct span key, struct ip_address *ret_address)
{
        char text[INET6_ADDRSTRLEN];

        if (key.size >= sizeof(text) ||
                memchr(key.data, '\0', key.size) != NULL)
                return false;
        memcpy(text, key.data, key.size);
        text[key.size] = '\0';
        return ip_parse(text, ret_address);
}

static enum progress start_cidr(struct table *table, struct lookup *lookup)
{
        struct cidr *cidr = (struct cidr *)table;
        const struct cidr_rule *rule;
        struct ip_address address;
        size_t number;

        if (lookup->key.size == 0 || !read_key(lookup->key, &address)) {
                lookup_trace(lookup, "the key is no IP address");
                return lookup_absent(lookup);
        }
        number = find(cidr, &address);
        if (number == SIZE_MAX)
                return lookup_absent(lookup);
        rule = &rules_of(cidr)[number];
        rule_trace(cidr->rules, &rule->rule, lookup);
        return lookup_found(
                lookup, (struct span){rule->value, rule->value_size});
}

static void close_cidr(struct table *table)
{
        struct cidr *cidr = (struct cidr *)table;

        ip_index_free(cidr->plain);
        free(cidr->others);
        rules_free(cidr->rules);
        free(cidr);
}

static struct table *read_cidr(const struct table_env *env,
        const char *argument, const struct file_state *state,
        struct reason *ret_reason)
{
        struct cidr *cidr = calloc(1, sizeof(*cidr));
        int error = -ENOMEM;

        if (cidr == NULL)
                goto fail;
        cidr->table =
                (struct table){.type = &table_type_cidr, .is_pattern = true};
        cidr->rules = rules_read(env, &rules_type, argument, ret_reason);
        if (cidr->rules == NULL) {
                close_cidr(&cidr->table);
                return NULL;
        }
        cidr->table.entries = cidr->rules->count;
        error = index_rules(cidr);
        if (error < 0)
                goto fail;
        rules_set_file(cidr->rules, state, &cidr->table, &cidr->file);
        return &cidr->table;

fail:
        if (cidr != NULL)
                close_cidr(&cidr->table);
        reason_set_errno(ret_reason, error, "cidr");
        return NULL;
}

static int check_cidr(const char *argument, struct reason *ret_reason)
{
        return rules_check("cidr", argument, ret_reason);
}

static struct table *open_cidr(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        if (check_cidr(argument, ret_reason) < 0)
                return NULL;
        return rules_open(env, argument, read_cidr, ret_reason);
}

static const char manual[] =
        "A file with one rule a line, as\n"
        ".Xr cidr_table 5\n"
        "describes it, or the rules themselves,\n"
        ".Li cidr:{{ Ns Ar RULE Ns Li }, { Ns Ar RULE Ns Li }} .\n"
        "The first one that matches gives the value, not the longest; the order\n"
        "costs nothing, also of many networks.\n"
        "A rule that is wrong is skipped with a warning, also one that has bits\n"
        "set behind its prefix.\n"
        ".Pp\n"
        "A key that is no IP address is not found.\n"
        "Rules for IPv4 match no IPv6 addresses, also not\n"
        ".Li ::ffff:192.0.2.1 ;\n"
        "nor does a rule with\n"
        ".Li \\&!\n"
        "match addresses of the other family.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "smtpd_client_restrictions =\n"
        "    check_client_access cidr:/etc/postfix/client.cidr\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map client]\n"
        "table = cidr:/etc/postfix/client.cidr\n"
        "search = access-client\n"
        ".Ed\n";

const struct table_type table_type_cidr = {
        .name = "cidr",
        .summary = "rules with networks, for keys that are IP addresses",
        .argument = "FILE|{{RULE}...}",
        .manual = manual,
        .check = check_cidr,
        .open = open_cidr,
        .start = start_cidr,
        .close = close_cidr,
};
