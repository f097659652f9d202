/* SPDX-License-Identifier: MIT */
/*
 * Rules of the form /PATTERN/FLAGS RESULT, and the libraries that match the
 * patterns.
 */
#ifndef TABLES_SUPPORT_PATTERN_RULE_H
#define TABLES_SUPPORT_PATTERN_RULE_H

#include "tables/support/result.h"
#include "tables/support/rules.h"

/* What compiles patterns, and what matches them: one library. */
struct pattern_engine {
        struct rules_type rules; /* first; parse and fini: those below */
        const struct table_type *type;
        unsigned flags;      /* of a pattern that has none */
        const char *letters; /* of the flags, for messages */
        bool has_second;     /* /A/!/B/: A and not B */
        /* One at the end of the line ends a pattern, whatever began it. */
        bool backslash_ends;
        /*
         * Turns a flag on or off. Returns false for an unknown one.
         */
        bool (*toggle)(
                const struct rule_reader *reader, char letter, unsigned *flags);
        /*
         * Compiles a pattern, the number-th of the table, some left out. No
         * one asks for its groups unless captures. Returns NULL with the
         * reason: -ENOMEM, or what is wrong with it.
         */
        void *(*compile)(const char *text, unsigned flags, bool captures,
                size_t number, unsigned *ret_groups, struct reason *ret_reason);
        void (*free)(void *pattern);
        /*
         * What a thread needs to match: numbers below `patterns`, groups up to
         * `groups`. in_thread: it may take its time. Returns NULL if there is
         * no memory.
         */
        void *(*begin)(size_t patterns, unsigned groups, bool in_thread);
        void (*end)(void *matcher);
        /*
         * Is told the key before patterns are matched with it. Returns 0 or
         * -ENOMEM.
         */
        int (*prepare)(void *matcher, struct span key);
        /*
         * Returns 1 or 0; -EAGAIN when it would take too long here, unless
         * in_thread; or another negative errno with the reason. `groups`: the
         * highest that is asked for.
         */
        int (*match)(void *matcher, const void *pattern, struct span key,
                unsigned groups, struct reason *ret_reason);
        /* What a group matched in the last match: part of `key`, or nothing. */
        struct span (*group)(
                const void *matcher, struct span key, unsigned number);
};

/* A rule of theirs. */
struct pattern_rule {
        struct rule rule;
        bool is_negated;
        bool is_second_negated;
        void *first;
        void *second; /* NULL: none */
        struct result result;
};

/* For the members of an engine's rules_type. */
int pattern_parse(
        const struct rule_reader *reader, char *text, struct rule *rule);
void pattern_fini(const struct rules_type *type, struct rule *rule);

#endif
