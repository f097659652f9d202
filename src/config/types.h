/* SPDX-License-Identifier: MIT */
/*
 * What the values of a configuration become. Times are milliseconds, sizes
 * bytes. Nothing here is opened: neither tables nor sockets.
 */
#ifndef CONFIG_TYPES_H
#define CONFIG_TYPES_H

#include "base/arena.h"
#include "base/report.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct section;

/* A list that the file doesn't have is empty; one that it has never is. */
struct config_list {
        const char *const *items;
        size_t count;
};

/* name: as it is written, maybe a number; NULL: none, then the ids are -1. */
struct config_user {
        const char *name;
        uid_t uid;
        gid_t gid; /* the user's own group; -1 for a number without an entry */
};

struct config_group {
        const char *name;
        gid_t gid;
};

struct config_users {
        const struct config_user *items;
        size_t count;
};

struct config_groups {
        const struct config_group *items;
        size_t count;
};

/* [server] */
struct config_server {
        struct config_user user;
        struct config_group group;
        const char *control; /* path of the takeover socket; NULL: none */
        uint64_t connections;
        uint64_t request_size;
        uint64_t reply_size;
        uint64_t deadline;
        uint64_t partial_timeout;
        uint64_t stall_timeout;
        uint64_t memory;
        uint64_t backlog;
        uint64_t drain_timeout;
};

enum config_log_target { CONFIG_LOG_STDERR, CONFIG_LOG_SYSLOG };
enum config_log_format { CONFIG_LOG_TEXT, CONFIG_LOG_LOGFMT, CONFIG_LOG_JSON };
enum config_log_keys {
        CONFIG_LOG_KEYS_YES,
        CONFIG_LOG_KEYS_HASH,
        CONFIG_LOG_KEYS_NO
};

/* A line is written when its level is not above the one of its area. */
enum config_log_level {
        CONFIG_LOG_ERROR,
        CONFIG_LOG_WARNING,
        CONFIG_LOG_INFO,
        CONFIG_LOG_DEBUG
};

enum config_log_area {
        CONFIG_AREA_CONFIG,
        CONFIG_AREA_SERVER,
        CONFIG_AREA_TABLE,
        CONFIG_AREA_LISTEN,
        CONFIG_AREA_LIFE,
        CONFIG_AREA_LOOKUP,
        CONFIG_AREAS
};

/* How levels and areas are written; ended by NULL. */
extern const char *const config_log_level_names[];
extern const char *const config_log_area_names[CONFIG_AREAS + 1];

/* "MAP[:PATTERN]". */
struct config_trace {
        const char *map;
        const char *pattern; /* for fnmatch(3) on the key; NULL: every key */
};

struct config_traces {
        const struct config_trace *items;
        size_t count;
};

/* log_levels, as it is written: AREA:LEVEL. */
struct config_area_levels {
        bool is_set[CONFIG_AREAS];
        enum config_log_level level[CONFIG_AREAS];
};

/* [log] */
struct config_log {
        int target; /* enum config_log_target, and so on */
        int format;
        int keys;
        int level;
        struct config_area_levels area_levels;
        struct config_traces traces;
        enum config_log_level levels[CONFIG_AREAS]; /* which counts, in all */
};

enum config_endpoint_kind {
        CONFIG_ENDPOINT_UNIX,
        CONFIG_ENDPOINT_INET,
        CONFIG_ENDPOINT_SYSTEMD,
        CONFIG_ENDPOINT_FD
};

struct config_endpoint {
        const char *text; /* as it is written */
        enum config_endpoint_kind kind;
        const char *rest; /* after the colon: unix: the path; systemd: a name */
        int fd;           /* fd: its number */
};

/* [listen NAME] */
struct config_listener {
        const char *name;
        struct place place;            /* of the heading */
        const struct section *section; /* which it was made from */
        struct config_endpoint endpoint;
        mode_t mode; /* of a unix socket */
        struct config_user owner;
        struct config_group group;
        mode_t directory_mode; /* (mode_t)-1: don't make the directory */
        struct config_user directory_owner;
        struct config_group directory_group;
        struct config_users allow_users;
        struct config_groups allow_groups;
        struct config_list allow_networks; /* ADDRESS or ADDRESS/BITS */
        struct config_list map_allow;      /* names of maps; empty: all */
        uint64_t backlog;                  /* 0: that of [server] */
        struct config_listener *next;      /* as in the file */
};

/* [map NAME]; a text that is not given is NULL. */
struct config_map {
        const char *name;              /* "*": the default map */
        struct place place;            /* of the heading */
        const struct section *section; /* which it was made from */
        struct place table_place;      /* of the value of `table` */
        const char *table;             /* as `postconf -hx` prints it */
        const char *canary;
        const char *recipient_delimiter;
        const char *propagate_unmatched_extensions;
        const char *mydomains;
        const char *query;
        const char *domain;
        const char *result_format;
        uint64_t expansion_limit; /* 0: none */
        uint64_t workers;
        uint64_t queue;
        uint64_t shrink_limit; /* percent; 100: never refuse */
        int search;            /* which of order_names */
        int parents;           /* enum order_parents */
        int fold;              /* enum fold */
        int empty_value;       /* 1: ok */
        bool owner_request_special;
        bool auto_reload;
        bool secret;
        struct config_map *next;
};

struct config {
        struct config_server server;
        struct config_log log;
        struct config_listener *listeners; /* at least one */
        struct config_map *maps;           /* at least one */
        struct section *sections;          /* what it was made from */
        struct arena arena;                /* all of it */
};

#endif
