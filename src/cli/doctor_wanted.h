/* SPDX-License-Identifier: MIT */
/* Options of a map that say what Postfix has parameters for. */
#ifndef CLI_DOCTOR_WANTED_H
#define CLI_DOCTOR_WANTED_H

#include <stdbool.h>

struct doctor;
struct parameter;

struct wanted {
        const char *option;    /* ours */
        const char *parameter; /* Postfix's */
        const char *effect;    /* of a value that is not Postfix's */
        /*
         * Returns what the option should be for the tables of a parameter, in
         * the doctor's arena; NULL: it means nothing there.
         */
        const char *(*value)(
                struct doctor *doctor, const struct parameter *parameter);
        /*
         * Returns whether `ours` (NULL: none) does the same as that value,
         * which is not NULL.
         */
        bool (*agrees)(struct doctor *doctor, const struct parameter *parameter,
                const char *ours);
};

/* Ended by one without an option. */
extern const struct wanted wanted_options[];

#endif
