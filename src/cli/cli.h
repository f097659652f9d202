/* SPDX-License-Identifier: MIT */
/* What the commands of the command line share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdint.h>

/* Exit statuses; the numbers above 2 are those of sysexits.h. */
enum {
        CLI_FOUND = 0,
        CLI_NONE = 1,  /* query: no key found; bench: a wrong reply */
        CLI_USAGE = 2, /* the command line is wrong */
        CLI_NO_CONNECTION = 69,
        CLI_INTERNAL = 70, /* no memory, no descriptors */
        CLI_OUTPUT = 74,   /* standard output can't be written, or an
                              input file can't be read */
        CLI_TEMP = 75,     /* TEMP, TIMEOUT, or no answer */
        CLI_PERM = 78,
        CLI_CONFIG = 78 /* the configuration is wrong */
};

/* The configuration that is meant when none is named. */
#define CLI_CONFIG_FILE "/etc/socketmap/socketmapd.conf"

/* A command: `run` gets its own name as argv[0], returns an exit status. */
struct command {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *summary;
};

int query_command(int argc, char **argv);
int bench_command(int argc, char **argv);
int explain_command(int argc, char **argv);
int check_command(int argc, char **argv);
int doctor_command(int argc, char **argv);

/*
 * Prints one line to stderr, "socketmap: " before it; control bytes in what a
 * server or a file says are replaced.
 */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/*
 * Splits "ENDPOINT:NAME" in place at its last colon, as Postfix does. The name
 * may be empty. Returns 0, or -EINVAL after a complaint.
 */
int map_split(char *text, const char **ret_endpoint, const char **ret_name);

/*
 * Parse what an option was given: seconds ("2", "0.5"; up to a day) as
 * milliseconds, and a whole number from 1 to max. Return 0, or -EINVAL after a
 * complaint that names the option.
 */
int seconds_parse(char option, const char *text, unsigned *ret_milliseconds);
int count_parse(
        char option, const char *text, uint64_t max, uint64_t *ret_count);

#endif
