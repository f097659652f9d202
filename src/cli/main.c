/* SPDX-License-Identifier: MIT */
/* socketmap: the command line. Finds the command and runs it. */
#include "cli/cli.h"

#include <errno.h>
#include <socketmap/base.h>
#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
        {"query", query_command, "look keys up, as postmap -q does"},
        {"bench", bench_command, "load a server and measure its answers"},
        {"explain", explain_command, "say how a map comes to its answer"},
        {"check", check_command, "say what is wrong with a configuration"},
        {"doctor", doctor_command, "find what is wrong with Postfix's side"},
};

static const struct command *find(const char *name)
{
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
                if (strcmp(commands[i].name, name) == 0)
                        return &commands[i];
        }
        return NULL;
}

static void print_help(FILE *stream)
{
        fputs("usage: socketmap COMMAND [OPTION...] ARGUMENT...\n\n", stream);
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
                fprintf(stream, "  %-8s%s\n", commands[i].name,
                        commands[i].summary);
        fputs("  help    tell about a command: socketmap help COMMAND\n\n"
              "  --help, --version\n",
                stream);
}

static int run(const struct command *command, int argc, char **argv)
{
        if (command != NULL)
                return command->run(argc, argv);
        complain("%s: no such command; try socketmap --help", argv[0]);
        return CLI_USAGE;
}

static int help(const char *name)
{
        char option[] = "--help";
        char *argv[] = {(char *)name, option, NULL};

        return run(find(name), 2, argv);
}

static int dispatch(int argc, char **argv)
{
        if (argc < 2) {
                print_help(stderr);
                return CLI_USAGE;
        }
        if (strcmp(argv[1], "--version") == 0) {
                printf("socketmap %s\n", socketmap_version());
                return 0;
        }
        if (strcmp(argv[1], "help") == 0 && argc > 2)
                return help(argv[2]);
        if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
                print_help(stdout);
                return 0;
        }
        return run(find(argv[1]), argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
        int status = dispatch(argc, argv);

        /* Output that went nowhere must not look like success. */
        errno = 0;
        if (fflush(stdout) != 0 || ferror(stdout)) {
                complain("standard output: %s",
                        strerror(errno != 0 ? errno : EIO));
                return CLI_OUTPUT;
        }
        return status;
}
