/* SPDX-License-Identifier: MIT */
/*
 * Rules in a file, a line each, or written in place: {{RULE}, {RULE}}. They are
 * tried in order; IF ... ENDIF around some of them has these tried only if it
 * matches. A rule that is wrong is skipped with a warning, as Postfix does.
 */
#ifndef TABLES_SUPPORT_RULES_H
#define TABLES_SUPPORT_RULES_H

#include "tables/table.h"

/* The beginning of every type's own rule. */
struct rule {
        size_t line; /* where it stands; in braces: its number */
        size_t miss; /* which rule to try next when it does not match */
        bool is_if;
};

struct rules;

struct lines;

/* Who reads rules, for those who parse one. */
struct rule_reader {
        const struct table_env *env; /* what the table is opened with */
        struct rules *rules;         /* those before this one */
        bool is_in_if;
        /* Its own. */
        const char *name;
        char in_place[40]; /* the name of rules without a file */
        struct lines *lines;
        size_t open_if;
};

struct rules_type {
        const char *name; /* of the table's type */
        size_t rule_size; /* of a rule, which begins with a struct rule */
        /* Whether text behind ENDIF makes it none. */
        bool endif_is_alone;
        /*
         * Parses a rule, or what stands behind IF (rule->is_if), into a rule
         * that is all zero. The text may be changed. Returns 1; 0 for a rule to
         * be skipped, after a warning; or a negative errno.
         */
        int (*parse)(const struct rule_reader *reader, char *text,
                struct rule *rule);
        /* Frees what a rule has, also a skipped one. */
        void (*fini)(const struct rules_type *type, struct rule *rule);
};

struct rules {
        const struct rules_type *type;
        char *name;  /* the file; NULL: written in place */
        void *items; /* count times the type's rule */
        size_t count;
        size_t capacity;
};

/* Warns of the rule that is being read. */
__attribute__((format(printf, 2, 3))) void rule_warn(
        const struct rule_reader *reader, const char *format, ...);

/*
 * Whether a table's argument can be rules: in braces, or a file's absolute
 * path. Returns 0, or -EINVAL with the reason.
 */
int rules_check(
        const char *type, const char *argument, struct reason *ret_reason);

/*
 * Writes rules in braces as lines, for the caller to free: so Postfix reads
 * them, too. Returns 0, or a negative errno with the reason.
 */
int rules_unfold(const char *type, const char *argument, char **ret_text,
        size_t *ret_size, struct reason *ret_reason);

/* Reads rules from what the argument says. Returns NULL with the reason. */
struct rules *rules_read(const struct table_env *env,
        const struct rules_type *type, const char *argument,
        struct reason *ret_reason);

/* NULL does nothing. */
void rules_free(struct rules *rules);

/*
 * Opens a table of rules by `read`, as settled_open does; of those in braces
 * with a NULL state.
 */
struct table *rules_open(const struct table_env *env, const char *argument,
        struct table *(*read)(const struct table_env *env, const char *argument,
                const struct file_state *state, struct reason *ret_reason),
        struct reason *ret_reason);

/* Tells the table which file its rules are from; state may be NULL: none. */
void rules_set_file(const struct rules *rules, const struct file_state *state,
        struct table *table, struct table_file *file);

/* Tells the lookup's trace that a rule matches. */
void rule_trace(const struct rules *rules, const struct rule *rule,
        const struct lookup *lookup);

/* "FILE:LINE", or "TYPE:{}:NUMBER", for messages; cut to the buffer. */
void rule_name(const struct rules *rules, const struct rule *rule, char *buffer,
        size_t size);

#endif
