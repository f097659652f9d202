/* SPDX-License-Identifier: MIT */
/* What the text of an option's value may be, and what becomes of it. */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "base/arena.h"
#include "base/report.h"
#include "config/numbers.h"
#include <stdbool.h>
#include <stdint.h>

/* What an option allows of all that its type can hold. */
struct value_range {
        uint64_t least, most;     /* numbers */
        const char *const *words; /* choices; ended by NULL */
};

struct value_input {
        const char *text; /* NULL: left out, and there is no fallback */
        struct value_range range;
        const char *directory; /* the absolute one of the file */
        struct arena *arena;   /* as long as the configuration */
        size_t wrong_at;       /* where in the text the error is */
};

struct value_type {
        const char *placeholder;   /* what stands for it in a listing */
        const struct units *units; /* of numbers; else NULL */
        /*
         * Sets *ret_value, whose C type stands below. Returns 0, or -EINVAL
         * with the reason and input->wrong_at, or -ENOMEM.
         */
        int (*parse)(struct value_input *input, void *ret_value,
                struct reason *ret_reason);
};

extern const struct value_type value_number;   /* uint64_t */
extern const struct value_type value_time;     /* uint64_t, milliseconds */
extern const struct value_type value_size;     /* uint64_t, bytes */
extern const struct value_type value_bool;     /* bool: yes or no */
extern const struct value_type value_choice;   /* int: which of the words */
extern const struct value_type value_text;     /* const char *, or NULL */
extern const struct value_type value_optional; /* the same, may be empty */
extern const struct value_type value_path;     /* the same, absolute */
extern const struct value_type value_mode;     /* mode_t, or -1 */
extern const struct value_type value_endpoint; /* struct config_endpoint */
extern const struct value_type value_table;    /* const char *, or NULL */
extern const struct value_type value_user;     /* struct config_user */
extern const struct value_type value_group;    /* struct config_group */
extern const struct value_type value_users;    /* struct config_users */
extern const struct value_type value_groups;   /* struct config_groups */
extern const struct value_type value_names;    /* struct config_list */
extern const struct value_type value_words;    /* const char *: a list of the
                                                * range's words */
extern const struct value_type value_networks; /* struct config_list */
extern const struct value_type value_levels;   /* struct config_area_levels */
extern const struct value_type value_traces;   /* struct config_traces */

/*
 * Refuses a path that is not absolute: it would be relative to wherever the
 * daemon was started, which whoever writes the file doesn't know. `path` lies
 * in input->text. Returns 0, or -EINVAL with the reason.
 */
int value_check_path(
        struct value_input *input, const char *path, struct reason *ret_reason);

/* The words of a list, and where each is in the text. */
struct value_words {
        const char *const *items;
        const size_t *offsets;
        size_t count;
};

/*
 * Splits a list, at commas and blanks. One that is left out has no words.
 * Returns 0, -EINVAL with the reason for one without a word, or -ENOMEM.
 */
int value_split(struct value_input *input, struct value_words *ret_words,
        struct reason *ret_reason);

/*
 * Whether a text that names tables holds some of their data, as in "static:x",
 * rather than only where it is.
 */
bool value_table_shows_data(const char *spec);

/* Returns which of the words it is, or -1. */
int value_find_word(struct span word, const char *const *words);

#endif
