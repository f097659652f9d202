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

/*
 * One question to a table.
 *
 * The asker sets the first group, and keeps it alive until the lookup is done
 * or cancelled. The table sets the second before it is done: a value that
 * lives until the table is closed or in the arena; or why it failed.
 */
struct lookup {
        struct span key;
        uint64_t deadline; /* CLOCK_MONOTONIC, milliseconds; UINT64_MAX for a
                            * table that neither blocks nor is ever pending */
        struct arena *arena;
        void (*finish)(struct lookup *lookup); /* only after LOOKUP_PENDING */
        void *owner;                           /* the asker's own */

        enum answer answer;
        struct span value;
        struct reason reason;
        void *state; /* the table's own, while pending */
};

/*
 * What a table may need from outside, so that it never includes the daemon or
 * a server.
 */
struct table_env {
        struct report *report; /* warnings while opening; never NULL */
};

struct table_type {
        const char *name;     /* the word before the colon */
        const char *summary;  /* one line for --tables and the manual */
        const char *argument; /* what stands after the colon, "FILE" */
        /*
         * Looks at the argument alone, never at files or servers: returns 0,
         * or -EINVAL with the reason. NULL: every argument will do.
         */
        int (*check)(const char *argument, struct reason *ret_reason);
        /*
         * Opens a table. argument: the text after the colon, borrowed, never
         * empty. Returns NULL with the reason: its code is -EINVAL when the
         * argument itself is wrong, a mistake in the configuration; otherwise
         * the table could not be opened now.
         */
        struct table *(*open)(const struct table_env *env, const char *argument,
                struct reason *ret_reason);
        /*
         * Answers a lookup: LOOKUP_DONE with the answer set; or
         * LOOKUP_PENDING, and lookup->finish is called once, later, on the
         * same thread and never inside start.
         */
        enum progress (*start)(struct table *table, struct lookup *lookup);
        /* Ends a pending lookup at once: finish is not called. NULL: never
         * pending. */
        void (*cancel)(struct table *table, struct lookup *lookup);
        void (*close)(struct table *table);
};

/* A file that a table was read from, as it was just before. */
struct table_file {
        const char *name;
        struct file_state state;
};

/* The beginning of every table's own struct. */
struct table {
        const struct table_type *type;
        const struct table_file *files; /* the table's own, until it closes */
        size_t file_count;
        size_t entries; /* SIZE_MAX: not known */
        bool blocks;    /* start may block: only on worker threads */
        bool pattern;   /* asked for whole keys only */
        bool is_text;   /* all its values are UTF-8 without NUL: no need to look
                         */
};

/*
 * Opens "type:argument" in Postfix's notation; "proxy:" before it is dropped.
 * Returns NULL with the reason, code as in table_type.open; an unknown type is
 * told with the names that there are.
 */
struct table *table_open(const struct table_env *env, const char *spec,
        struct reason *ret_reason);

/*
 * Says whether table_open could do with this notation: its form, its type, and
 * what the type can tell of the argument without opening anything. Returns 0,
 * or -EINVAL with the reason.
 */
int table_check(const char *spec, struct reason *ret_reason);

/* NULL does nothing. */
void table_close(struct table *table);

/* All table types, ended by NULL. */
extern const struct table_type *const table_types[];

/* For the tables themselves: set the answer and say LOOKUP_DONE. */
enum progress lookup_found(struct lookup *lookup, struct span value);
enum progress lookup_absent(struct lookup *lookup);
__attribute__((format(printf, 2, 3))) enum progress lookup_failed(
        struct lookup *lookup, const char *format, ...);

#endif
