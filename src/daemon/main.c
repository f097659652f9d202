/* SPDX-License-Identifier: MIT */
/* socketmapd: answers socketmap lookups from the tables of a configuration. */
#include "daemon/log.h"
#include "daemon/serve.h"

#include <getopt.h>
#include <socketmap/base.h>
#include <stdio.h>
#include <sysexits.h>

#define CONFIG_DEFAULT "/etc/socketmap/socketmapd.conf"

static const char usage[] =
        "usage: socketmapd [-c FILE]\n"
        "       socketmapd --help | --version\n"
        "\n"
        "Answers the socketmap lookups of Postfix and Sendmail.\n"
        "\n"
        "  -c, --config FILE  the configuration\n"
        "                     (" CONFIG_DEFAULT ")\n"
        "  -h, --help         print this and end\n"
        "  -V, --version      print the version and end\n";

static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
};

/* Returns the exit status. */
static int print(const char *text)
{
        return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EX_IOERR
                                                              : EX_OK;
}

static int print_version(void)
{
        char line[64];

        snprintf(line, sizeof(line), "socketmapd %s\n", socketmap_version());
        return print(line);
}

int main(int argc, char **argv)
{
        const char *file = CONFIG_DEFAULT;
        int option;

        log_open();
        while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) !=
                -1) {
                switch (option) {
                case 'c':
                        file = optarg;
                        break;
                case 'h':
                        return print(usage);
                case 'V':
                        return print_version();
                default:
                        fputs(usage, stderr);
                        return EX_USAGE;
                }
        }
        if (optind != argc) {
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR,
                        "unexpected argument: %s", argv[optind]);
                fputs(usage, stderr);
                return EX_USAGE;
        }
        return serve(file);
}
