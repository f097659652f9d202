/* SPDX-License-Identifier: MIT */
/*
 * A table: where a map's data lives. One file a table type, one line each in
 * this folder's meson.build. A table never sees a request, a server or the
 * configuration: it gets a lookup and finishes it, at once or later.
 */
#ifndef TABLES_TABLE_H
#define TABLES_TABLE_H

#include "base/arena.h"
#include "base/file_state.h"
#include "base/report.h"
#include "base/span.h"
#include <stdbool.h>
#include <stdint.h>

struct cf_option;
struct table_outer;
struct table;
struct lookup;

/* Failure and absence are different answers all the way down. */
enum answer {
        ANSWER_NONE, /* not answered yet; never a final state */
        ANSWER_FOUND,
        ANSWER_ABSENT,
        ANSWER_FAILED
};

enum progress { LOOKUP_DONE, LOOKUP_PENDING };

/* Who wants to know each step of a lookup, as `socketmap explain` does. */
struct trace {
        void (*step)(void *ctx, const char *text);
        void *ctx;
};

/*
 * One question to a table.
 *
 * The asker sets the first group, and keeps it alive until the lookup is done
 * or cancelled. The table sets the second before it is done: a value that
 * lives until the table is closed or in the arena; or why it failed. A table
 * may change the key, which is its own copy of the span.
 */
struct lookup {
        struct span key;
        uint64_t deadline; /* CLOCK_MONOTONIC, milliseconds; UINT64_MAX: none */
        struct arena *arena;
        struct trace *trace; /* NULL: nobody wants to know */
        /*
         * Called after LOOKUP_PENDING only. NULL: the asker waits, and start
         * has to come back with the answer, however long it blocks.
         */
        void (*finish)(struct lookup *lookup);
        void *owner; /* the asker's own */

        enum answer answer;
        struct span value;
        struct reason reason;
        void *state; /* the table's own, while pending */
};

/* Whether keys are compared with upper and lower case the same. */
enum fold { FOLD_BY_TYPE, FOLD_NO, FOLD_YES };

struct events;

/*
 * Who wants to know what becomes of the servers and programs that tables ask.
 */
struct table_watcher {
        /*
         * A server has begun to fail, with the reason; or works again: NULL.
         * Called once a change, on any thread; what it gets is borrowed.
         */
        void (*changed)(
                const char *map, const char *server, const char *reason);
        /*
         * A program has ended, or it or a script has written a line; likewise.
         */
        void (*said)(const char *map, const char *text);
};

/*
 * What a table may need from outside, so that it never includes the daemon or
 * a server. It is borrowed while a table is opened; what its members point to,
 * but for the report, lives as long as the table.
 */
struct table_env {
        struct report *report; /* warnings while opening; never NULL */
        struct events *events; /* NULL: nobody will ask without waiting */
        const struct table_watcher *watcher; /* NULL: nobody is told */
        const char *map; /* whose it is; not kept; NULL: no map's */
        enum fold fold;
        unsigned threads; /* for lookups that block; 0: 1 */
        unsigned queue;   /* lookups that may wait for a thread; 0: 1 */
        unsigned depth;   /* how many tables this one is inside of, */
        const struct table_outer *outer; /* ... these; NULL: none. Not kept */
        /*
         * Rules whose result takes text from the key are refused, as Postfix
         * does for transport maps and those by sender: a sender could choose
         * where mail goes.
         */
        bool no_substitution;
        /*
         * Opens what another map answers from, for map:NAME. NULL: there are no
         * maps.
         */
        struct table *(*open_map)(const struct table_env *env, const char *name,
                struct reason *ret_reason);
        void *ctx; /* open_map's own */
};

struct table_type {
        const char *name;     /* the word before the colon */
        const char *summary;  /* one line for listings and the manual */
        const char *argument; /* what stands after the colon, "FILE" */
        const char *suffix;   /* of the file if it is FILE; NULL: none */
        bool has_members;     /* argument is {TABLE, ...} */
        /* Its keys are folded by what it asks, unless it is told to fold. */
        bool leaves_keys;
        /* What socketmap_tables(5) says of it, in mdoc(7); with an example. */
        const char *manual;
        /* What its FILE.cf may say, for the manual; NULL: it has none. */
        const struct cf_option *options;
        /*
         * Looks at the argument alone, never at files or servers: returns 0,
         * or -EINVAL with the reason. NULL: every argument will do.
         */
        int (*check)(const char *argument, struct reason *ret_reason);
        /*
         * Opens a table, on any thread. argument: the text after the colon,
         * borrowed, never empty. Returns NULL with the reason: its code is
         * -EINVAL when the argument itself is wrong, a mistake in the
         * configuration; otherwise the table could not be opened now.
         */
        struct table *(*open)(const struct table_env *env, const char *argument,
                struct reason *ret_reason);
        /*
         * Answers a lookup: LOOKUP_DONE with the answer set; or, if the table
         * pends and the lookup has a finish, LOOKUP_PENDING: then
         * lookup->finish is called once, later, on the same thread and never
         * inside start. Others than table_start need not call it: that has
         * folded the key.
         */
        enum progress (*start)(struct table *table, struct lookup *lookup);
        /* Ends a pending lookup at once: finish is not called. NULL: never
         * pending. */
        void (*cancel)(struct table *table, struct lookup *lookup);
        /*
         * On any thread, or on that of the events if the table pends. No
         * lookup is under way.
         */
        void (*close)(struct table *table);
};

/* A file that a table was read from, as it was just before. */
struct table_file {
        const char *name;
        struct file_state state;
};

/*
 * The beginning of every table's own struct. Lookups come from one thread at a
 * time, unless said otherwise.
 */
struct table {
        const struct table_type *type;
        const struct table_file *files; /* the table's own, until it closes */
        size_t file_count;
        size_t entries;  /* SIZE_MAX: not known */
        bool pends;      /* start may be pending */
        bool is_pattern; /* asked for whole keys only, never folded by itself */
        bool is_text;    /* its values are UTF-8 without NUL: no need to look */
        bool is_in_place; /* its file is rewritten in place: what was is gone */
        bool folds;       /* table_open sets it: table_start folds the key */
};

/* Of tables inside of tables. */
#define TABLE_DEPTH_MAX 16

/*
 * Opens "type:argument" in Postfix's notation; "proxy:" before it is dropped.
 * Returns NULL with the reason, code as in table_type.open; an unknown type is
 * told with the names that there are, and nesting too deep.
 */
struct table *table_open(const struct table_env *env, const char *spec,
        struct reason *ret_reason);

/*
 * Asks a table, as table_type.start does, with the key folded if the table is
 * one that compares so; a key that is not UTF-8 is not in such a table.
 */
enum progress table_start(struct table *table, struct lookup *lookup);

/* Ends a lookup that is pending at this table. */
void table_cancel(struct table *table, struct lookup *lookup);

/*
 * Says whether table_open could do with this notation: its form, its type, and
 * what the type can tell of the argument without opening anything. Returns 0,
 * or -EINVAL with the reason.
 */
int table_check(const char *spec, struct reason *ret_reason);

/*
 * Splits "type:argument", "proxy:" dropped. Returns the type, or NULL when
 * there is none of that name, or no argument.
 */
const struct table_type *table_split(
        struct span spec, struct span *ret_argument);

/* Whether the type's argument is the name of a file, unless it is "{...}". */
bool table_type_names_file(const struct table_type *type);

/* NULL does nothing. */
void table_close(struct table *table);

/* All table types, ended by NULL. */
extern const struct table_type *const table_types[];

/* A type that this build lacks a library for, and what can be done. */
struct table_absent {
        const char *name;
        const char *cure;
};

/* All of them, ended by a NULL name. */
extern const struct table_absent table_types_absent[];

/* Tells a step to lookup->trace, if there is one. */
__attribute__((format(printf, 2, 3))) void lookup_trace(
        const struct lookup *lookup, const char *format, ...);

/* For the tables themselves: set the answer and say LOOKUP_DONE. */
enum progress lookup_found(struct lookup *lookup, struct span value);
enum progress lookup_absent(struct lookup *lookup);
__attribute__((format(printf, 2, 3))) enum progress lookup_failed(
        struct lookup *lookup, const char *format, ...);

#endif
