/* SPDX-License-Identifier: MIT */
/*
 * The configuration file of one table, in the form of Postfix's *_table(5):
 * "key = value" lines, read by the rules that Postfix has for them, so that its
 * files are read unchanged. Unknown keys are warned of, of two values for one
 * key the last counts, '$' and quotes mean nothing, numbers have no units.
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

/*
 * Reads a file into a struct. What lives on lives in the arena. Returns 0, or a
 * negative errno with the reason: -EBADMSG for what is wrong in the file.
 */
int cf_read(const char *file, const struct cf_option *options,
        struct arena *arena, struct report *report, void *ret_values,
        struct reason *ret_reason);

/*
 * For whoever looks further into the values: sets the reason, with the file's
 * name in front, and returns its code. What is wrong in the file (-EINVAL) is
 * not wrong in the table's argument: -EBADMSG.
 */
int cf_refuse(const char *file, int code, const char *text,
        struct reason *ret_reason);
int cf_refuse_memory(const char *file, struct reason *ret_reason);

/* As cf_read, from memory, under the name `file`. */
int cf_read_text(const char *file, struct span text,
        const struct cf_option *options, struct arena *arena,
        struct report *report, void *ret_values, struct reason *ret_reason);

#endif
