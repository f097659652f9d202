/* SPDX-License-Identifier: MIT */
/*
 * cidr:FILE, cidr:{{RULE}, ...} - rules with networks, for keys that are IP
 * addresses: the first one that matches counts, not the longest. Nothing but an
 * address is in such a table.
 */
#include "base/braces.h"
#include "tables/support/dict.h"
#include "tables/support/ip.h"
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

/* Lengths of prefixes that there are, for one family. */
struct lengths {
        unsigned char of[IP_BITS_MAX + 1];
        size_t count;
};

/*
 * Most rules are plain networks. They are found by their prefix: one look for
 * each length. The others are tried in order, as far as it matters.
 */
struct cidr {
        struct table table;
        struct rules *rules;
        struct dict plain; /* key_of() gives the number of a rule */
        struct lengths ipv4, ipv6;
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
        const char *value = NULL;
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

static struct lengths *lengths_of(struct cidr *cidr, int family)
{
        return family == AF_INET6 ? &cidr->ipv6 : &cidr->ipv4;
}

static const struct cidr_rule *rules_of(const struct cidr *cidr)
{
        return cidr->rules->items;
}

/* Bytes that only equal networks have in common; they live in *network. */
static struct span key_of(const struct ip_network *network)
{
        _Static_assert(
                sizeof(*network) == sizeof(network->address.family) +
                                            sizeof(network->address.bytes) +
                                            sizeof(network->length),
                "padding would be compared");
        return (struct span){(const char *)network, sizeof(*network)};
}

static void add_length(struct lengths *lengths, unsigned length)
{
        if (memchr(lengths->of, (int)length, lengths->count) == NULL)
                lengths->of[lengths->count++] = (unsigned char)length;
}

static int index_rule(struct cidr *cidr, size_t number)
{
        const struct cidr_rule *rule = &rules_of(cidr)[number];
        struct span value = {(const char *)&number, sizeof(number)};
        int result;

        if (!rule->is_plain) {
                cidr->others[cidr->other_count++] = number;
                return 0;
        }
        result = dict_add(
                &cidr->plain, key_of(&rule->network), value, DICT_FIRST_WINS);
        if (result >= 0)
                add_length(lengths_of(cidr, rule->network.address.family),
                        rule->network.length);
        return result < 0 ? result : 0;
}

static int index_rules(struct cidr *cidr)
{
        size_t count = cidr->rules->count;
        int error = dict_init(&cidr->plain);

        if (error < 0)
                return error;
        cidr->others = calloc(count + 1, sizeof(*cidr->others));
        if (cidr->others == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < count && error == 0; i++)
                error = index_rule(cidr, i);
        return error;
}

/* Returns the number of the first plain rule that matches, or SIZE_MAX. */
static size_t find_plain(struct cidr *cidr, const struct ip_address *address)
{
        const struct lengths *lengths = lengths_of(cidr, address->family);
        size_t best = SIZE_MAX, number;
        struct span value;

        for (size_t i = 0; i < lengths->count; i++) {
                struct ip_network network = {
                        ip_mask(*address, lengths->of[i]), lengths->of[i]};

                if (!dict_find(&cidr->plain, key_of(&network), &value))
                        continue;
                memcpy(&number, value.data, sizeof(number));
                if (number < best)
                        best = number;
        }
        return best;
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
static size_t find(struct cidr *cidr, const struct ip_address *address)
{
        size_t plain = find_plain(cidr, address), at = 0;

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

        dict_fini(&cidr->plain);
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

const struct table_type table_type_cidr = {
        .name = "cidr",
        .summary = "rules with networks, for keys that are IP addresses",
        .argument = "FILE or {{RULE} ...}",
        .check = check_cidr,
        .open = open_cidr,
        .start = start_cidr,
        .close = close_cidr,
};
