/* SPDX-License-Identifier: MIT */
#include "config/options.h"

#include "config/types.h"
#include "maps/order.h"
#include "tables/table.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define SECOND UINT64_C(1000)
#define DAY (24 * 3600 * SECOND)

/* Options are declared in a few lines each. */
#define FIELD(structure, member) .offset = offsetof(struct structure, member)
#define FROM_TO(from, to) .range = {.least = (from), .most = (to)}
#define ONE_OF(list) .range = {.words = (list)}

static const char *const log_targets[] = {
        [CONFIG_LOG_STDERR] = "stderr", [CONFIG_LOG_SYSLOG] = "syslog", NULL};
static const char *const log_formats[] = {[CONFIG_LOG_TEXT] = "text",
        [CONFIG_LOG_LOGFMT] = "logfmt",
        [CONFIG_LOG_JSON] = "json",
        NULL};
static const char *const log_keys[] = {[CONFIG_LOG_KEYS_YES] = "yes",
        [CONFIG_LOG_KEYS_HASH] = "hash",
        [CONFIG_LOG_KEYS_NO] = "no",
        NULL};

static const char *const parents[] = {[ORDER_PARENTS_BY_ORDER] = "by-search",
        [ORDER_PARENTS_YES] = "yes",
        [ORDER_PARENTS_DOMAIN] = ".domain",
        NULL};

/* Those of Postfix; only the first three are searches. */
static const char *const extension_classes[] = {"virtual", "canonical",
        "generic", "alias", "forward", "include", "none", NULL};

/* Whether it is ok. */
static const char *const empty_values[] = {"temp", "ok", NULL};
static const char *const folds[] = {
        [FOLD_BY_TYPE] = "by-type", [FOLD_NO] = "no", [FOLD_YES] = "yes", NULL};

static const struct option server_options[] = {
        {.name = "user",
                .type = &value_user,
                FIELD(config_server, user),
                .needs_restart = true,
                .summary = "whom to run as, when started as root"},
        {.name = "group",
                .type = &value_group,
                FIELD(config_server, group),
                .needs_restart = true,
                .summary = "the group to run as, instead of the user's own"},
        {.name = "control",
                .type = &value_path,
                FIELD(config_server, control),
                .needs_restart = true,
                .summary = "socket by which another socketmapd takes over "
                           "(--takeover)"},
        {.name = "connections",
                .type = &value_number,
                FIELD(config_server, connections),
                FROM_TO(1, 1000000),
                .fallback = "4096",
                .summary = "clients at a time; of more, the least used one is "
                           "closed"},
        {.name = "request_size",
                .type = &value_size,
                FIELD(config_server, request_size),
                FROM_TO(1, 16 * MIB),
                .fallback = "128KiB",
                .summary = "the largest request"},
        {.name = "reply_size",
                .type = &value_size,
                FIELD(config_server, reply_size),
                FROM_TO(64, 16 * MIB),
                .fallback = "100000B",
                .summary = "the largest reply; Postfix takes no more than "
                           "100000 bytes"},
        {.name = "deadline",
                .type = &value_time,
                FIELD(config_server, deadline),
                FROM_TO(1, 90 * SECOND),
                .fallback = "4s",
                .summary = "how long a lookup may take before TIMEOUT is the "
                           "answer"},
        {.name = "partial_timeout",
                .type = &value_time,
                FIELD(config_server, partial_timeout),
                FROM_TO(1, DAY),
                .fallback = "100s",
                .summary = "how long the rest of a begun request may take"},
        {.name = "stall_timeout",
                .type = &value_time,
                FIELD(config_server, stall_timeout),
                FROM_TO(1, DAY),
                .fallback = "100s",
                .summary = "how long a client may leave its reply untaken"},
        {.name = "memory",
                .type = &value_size,
                FIELD(config_server, memory),
                FROM_TO(4 * KIB, MIB *MIB),
                .fallback = "32MiB",
                .summary = "for unfinished requests and unsent replies of all "
                           "clients"},
        {.name = "backlog",
                .type = &value_number,
                FIELD(config_server, backlog),
                FROM_TO(1, INT32_MAX),
                .fallback = "4096",
                .summary = "clients that may wait to be accepted, at each "
                           "listener"},
        {.name = "drain_timeout",
                .type = &value_time,
                FIELD(config_server, drain_timeout),
                FROM_TO(0, DAY),
                .fallback = "10s",
                .summary = "how long the end may take after SIGTERM; 0 is for "
                           "as long as it takes"},
};

static const struct option log_options[] = {
        {.name = "log_target",
                .type = &value_choice,
                FIELD(config_log, target),
                ONE_OF(log_targets),
                .fallback = "stderr",
                .summary = "where the log goes"},
        {.name = "log_format",
                .type = &value_choice,
                FIELD(config_log, format),
                ONE_OF(log_formats),
                .fallback = "text",
                .summary = "how its lines are written"},
        {.name = "log_level",
                .type = &value_choice,
                FIELD(config_log, level),
                ONE_OF(config_log_level_names),
                .fallback = "info",
                .summary = "the least important lines that are written"},
        {.name = "log_levels",
                .type = &value_levels,
                FIELD(config_log, area_levels),
                .summary = "the same for one area: config, server, table, "
                           "listen, life or lookup"},
        {.name = "log_keys",
                .type = &value_choice,
                FIELD(config_log, keys),
                ONE_OF(log_keys),
                .fallback = "yes",
                .summary = "whether the log shows the keys that clients ask "
                           "for"},
        {.name = "trace",
                .type = &value_traces,
                FIELD(config_log, traces),
                .summary = "maps whose lookups are logged, all or those whose "
                           "key matches the pattern"},
};

static const struct option listen_options[] = {
        {.name = "endpoint",
                .type = &value_endpoint,
                FIELD(config_listener, endpoint),
                .required = true,
                .summary = "where clients connect, in Postfix's notation"},
        {.name = "mode",
                .type = &value_mode,
                FIELD(config_listener, mode),
                .fallback = "0660",
                .summary = "permissions of a unix: socket"},
        {.name = "owner",
                .type = &value_user,
                FIELD(config_listener, owner),
                .summary = "whose a unix: socket is"},
        {.name = "group",
                .type = &value_group,
                FIELD(config_listener, group),
                .summary = "the group of a unix: socket"},
        {.name = "directory_mode",
                .type = &value_mode,
                FIELD(config_listener, directory_mode),
                .summary = "make the directory of a unix: socket where it is "
                           "missing, with these permissions"},
        {.name = "directory_owner",
                .type = &value_user,
                FIELD(config_listener, directory_owner),
                .summary = "whose that directory is"},
        {.name = "directory_group",
                .type = &value_group,
                FIELD(config_listener, directory_group),
                .summary = "the group of that directory"},
        {.name = "allow_users",
                .type = &value_users,
                FIELD(config_listener, allow_users),
                .summary = "only processes of these users may ask, on a unix: "
                           "socket"},
        {.name = "allow_groups",
                .type = &value_groups,
                FIELD(config_listener, allow_groups),
                .summary = "only processes of users in these groups may ask, "
                           "on a unix: socket"},
        {.name = "allow_networks",
                .type = &value_networks,
                FIELD(config_listener, allow_networks),
                .summary = "only clients from these networks may ask; required "
                           "where not only this machine connects"},
        {.name = "map_allow",
                .type = &value_names,
                FIELD(config_listener, map_allow),
                .summary = "the maps that there are at this listener, instead "
                           "of all"},
        {.name = "backlog",
                .type = &value_number,
                FIELD(config_listener, backlog),
                FROM_TO(1, INT32_MAX),
                .summary = "clients that may wait to be accepted, instead of "
                           "as many as [server] says"},
};

/* MAP_FIRST_DEFAULT knows how many of them [defaults] doesn't have. */
static const struct option map_options[] = {
        {.name = "table",
                .type = &value_table,
                FIELD(config_map, table),
                .required = true,
                .summary = "where the data lives: one table or a list, as "
                           "postconf -hx prints it"},
        {.name = "canary",
                .type = &value_text,
                FIELD(config_map, canary),
                .summary = "a key that must be found, or else the map answers "
                           "TEMP"},
        {.name = "search",
                .type = &value_choice,
                FIELD(config_map, search),
                ONE_OF(order_names),
                .fallback = "exact",
                .summary = "the order of keys that Postfix would look for "
                           "in tables of its own"},
        {.name = "recipient_delimiter",
                .type = &value_optional,
                FIELD(config_map, recipient_delimiter),
                .summary = "characters that begin an address extension"},
        {.name = "owner_request_special",
                .type = &value_bool,
                FIELD(config_map, owner_request_special),
                .fallback = "yes",
                .summary = "owner-LIST and LIST-request have no extension"},
        {.name = "propagate_unmatched_extensions",
                .type = &value_words,
                FIELD(config_map, propagate_unmatched_extensions),
                ONE_OF(extension_classes),
                .fallback = "canonical, virtual",
                .summary = "the searches that append an extension to what was "
                           "found without it"},
        {.name = "parent_domain_matches",
                .type = &value_choice,
                FIELD(config_map, parents),
                ONE_OF(parents),
                .fallback = "by-search",
                .summary = "whether a domain's entry is found for its "
                           "subdomains (yes), or the one with a dot before it "
                           "(.domain)"},
        {.name = "mydomains",
                .type = &value_optional,
                FIELD(config_map, mydomains),
                .summary = "domains whose addresses are looked for without "
                           "them, too: Postfix's myorigin, mydestination and "
                           "[ADDRESS]es"},
        {.name = "fold",
                .type = &value_choice,
                FIELD(config_map, fold),
                ONE_OF(folds),
                .fallback = "by-type",
                .summary = "whether upper and lower case are the same in keys; "
                           "by-type: as in Postfix"},
        {.name = "query",
                .type = &value_text,
                FIELD(config_map, query),
                .summary = "what to ask the tables for, made of %s, %u, %d, "
                           "%1 to %9 of the key"},
        {.name = "domain",
                .type = &value_text,
                FIELD(config_map, domain),
                .summary = "only addresses in these domains are looked for"},
        {.name = "result_format",
                .type = &value_text,
                FIELD(config_map, result_format),
                .summary = "what to make of a value, with %s, %u, %d of it and "
                           "%S, %U, %D, %1 to %9 of the key"},
        {.name = "expansion_limit",
                .type = &value_number,
                FIELD(config_map, expansion_limit),
                FROM_TO(0, UINT32_MAX),
                .fallback = "0",
                .summary = "how many addresses a value may have; 0: any "
                           "number"},
        {.name = "empty_value",
                .type = &value_choice,
                FIELD(config_map, empty_value),
                ONE_OF(empty_values),
                .fallback = "temp",
                .summary = "what an empty value is: ok, for lists of domains, "
                           "or an error"},
        {.name = "workers",
                .type = &value_number,
                FIELD(config_map, workers),
                FROM_TO(1, 1024),
                .fallback = "4",
                .summary = "threads for a table whose lookups block"},
        {.name = "queue",
                .type = &value_number,
                FIELD(config_map, queue),
                FROM_TO(1, 1000000),
                .fallback = "1024",
                .summary = "lookups that may wait for a thread"},
        {.name = "auto_reload",
                .type = &value_bool,
                FIELD(config_map, auto_reload),
                .fallback = "yes",
                .summary = "read a file again when it has changed"},
        {.name = "shrink_limit",
                .type = &value_number,
                FIELD(config_map, shrink_limit),
                FROM_TO(0, 100),
                .fallback = "50",
                .summary = "percent of its entries that a changed file may "
                           "lack without SIGHUP"},
        {.name = "secret",
                .type = &value_bool,
                FIELD(config_map, secret),
                .fallback = "no",
                .summary = "show its values to nobody but clients"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct section_kind section_kinds[SECTION_KINDS] = {
        [SECTION_SERVER] = {"server", "the process and its limits",
                server_options, COUNT(server_options), false},
        [SECTION_LOG] = {"log", "what is logged, and where", log_options,
                COUNT(log_options), false},
        [SECTION_LISTEN] = {"listen", "a socket that clients connect to",
                listen_options, COUNT(listen_options), true},
        [SECTION_DEFAULTS] = {"defaults",
                "what counts for every map that doesn't say it itself",
                map_options + MAP_FIRST_DEFAULT,
                COUNT(map_options) - MAP_FIRST_DEFAULT, false},
        [SECTION_MAP] = {"map", "what clients ask for by its name", map_options,
                COUNT(map_options), true},
};
