/* SPDX-License-Identifier: MIT */
/* What to run, as Postfix's master.cf writes commands: words, no shell. */
#ifndef TABLES_EXEC_COMMAND_H
#define TABLES_EXEC_COMMAND_H

#include "base/arena.h"
#include "base/report.h"

/* In an arena. */
struct exec_command {
        const char *path; /* absolute, of the program */
        char **arguments; /* ended by NULL, as the next */
        char **environment;
        const char *directory; /* absolute */
};

/*
 * Splits at blanks, and takes {words with blanks} out of their braces. The
 * program is looked for if it is named without a slash. Returns 0, or a
 * negative errno with the reason: -EINVAL for what is wrong by itself.
 */
int exec_command_parse(const char *text, struct arena *arena,
        struct exec_command *command, struct reason *ret_reason);

/*
 * Sets the environment: PATH, what LANG and TZ are here, and then the words:
 * NAME=VALUE, or NAME for what that is here. Returns as above.
 */
int exec_command_set_environment(const char *text, struct arena *arena,
        struct exec_command *command, struct reason *ret_reason);

#endif
