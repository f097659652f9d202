/* SPDX-License-Identifier: MIT */
/*
 * The configuration file of one table, in the form of Postfix's *_table(5):
 * "key = value" lines, read by the rules that Postfix has for them, so that its
 * files are read unchanged. Of two values for one key the last counts, '$' and
 * quotes mean nothing, numbers have no units.
 */
#ifndef BASE_CF_H
#define BASE_CF_H

#include "base/arena.h"
#include "base/report.h"
#include <stdbool.h>
#include <stdint.h>

enum cf_type {
        CF_TEXT,   /* const char * */
        CF_NUMBER, /* uint64_t: plain digits */
        CF_BOOL,   /* bool: yes or no, upper or lower case */
        /*
         * const char *, never shown. There is a NAME_file, too, which names a
         * file or a credential that holds it (base/secret.h).
         */
        CF_SECRET
};

/* What a table can be told. A list ends with a NULL name. */
struct cf_option {
        const char *name;
        enum cf_type type;
        size_t offset;        /* of the value in the table's struct */
        uint64_t least, most; /* of a number; of a text's bytes */
        const char *fallback; /* NULL: NULL, 0 or false */
        const char *summary;  /* one line for the manual */
};

/* What the file says of an option. */
struct cf_entry {
        const char *text; /* NULL: nothing */
        size_t line, column;
};

/* A file of a table: who reads it sets the first group. */
struct cf {
        const char *file; /* borrowed, as long as anybody asks for places */
        const struct cf_option *options;
        struct arena *arena;   /* of what lives on */
        struct report *report; /* for the same time */
        /* Postfix ignores unknown keys: a warning. Else they are wrong. */
        bool is_of_postfix;

        struct cf_entry *entries;      /* one for each option, */
        struct cf_entry *secret_files; /* ... and of its NAME_file */
};

/*
 * Reads the file into a struct. Returns 0, or a negative errno with the reason:
 * -EBADMSG for what is wrong in the file. cf_load_text: from memory, under the
 * file's name.
 */
int cf_load(struct cf *cf, void *ret_values, struct reason *ret_reason);
int cf_load_text(struct cf *cf, struct span text, void *ret_values,
        struct reason *ret_reason);

/*
 * Where an option stands: the one whose name `text` begins with, as in
 * "hosts: there is none"; the file alone when it says nothing of that.
 */
struct place cf_place(const struct cf *cf, const char *text);

/*
 * For whoever looks further into the values: sets the reason, with the place in
 * front that the text is about, as above, and returns its code. What is wrong
 * in the file (-EINVAL) is not wrong in the table's argument: -EBADMSG.
 */
int cf_refuse(const struct cf *cf, int code, const char *text,
        struct reason *ret_reason);
int cf_refuse_memory(const char *file, struct reason *ret_reason);

/* Warns of what the text is about, as above. */
void cf_warn(const struct cf *cf, const char *text);

#endif
