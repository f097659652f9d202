/* SPDX-License-Identifier: MIT */
/* socketmap check: looks at a configuration of socketmapd. */
#include "cli/cli.h"
#include "config/offline.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

static const char usage[] =
        "usage: socketmap check [-c FILE] [--open]\n"
        "\n"
        "Says what is wrong with a configuration of socketmapd.\n"
        "\n"
        "  -c, --config FILE  the configuration\n"
        "                     (" CLI_CONFIG_FILE ")\n"
        "  -o, --open         open the tables, too\n"
        "  -h, --help         print this\n";

static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"open", no_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

int check_command(int argc, char **argv)
{
        const char *file = CLI_CONFIG_FILE;
        bool opens = false;
        int option;

        while ((option = getopt_long(argc, argv, "c:oh", options, NULL)) !=
                -1) {
                switch (option) {
                case 'c':
                        file = optarg;
                        break;
                case 'o':
                        opens = true;
                        break;
                case 'h':
                        fputs(usage, stdout);
                        return 0;
                default:
                        fputs(usage, stderr);
                        return CLI_USAGE;
                }
        }
        if (optind != argc) {
                complain("unexpected argument: %s", argv[optind]);
                fputs(usage, stderr);
                return CLI_USAGE;
        }
        return offline_check(file, opens);
}
