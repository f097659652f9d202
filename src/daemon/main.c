/* SPDX-License-Identifier: MIT */
/* socketmapd: answers socketmap lookups from the tables of a configuration. */
#include "config/offline.h"
#include "daemon/activation.h"
#include "daemon/log.h"
#include "daemon/serve.h"

#include <getopt.h>
#include <socketmap/base.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define CONFIG_DEFAULT "/etc/socketmap/socketmapd.conf"

static const char usage[] =
        "usage: socketmapd [-c FILE] [--takeover | --stdio]\n"
        "       socketmapd [-c FILE] --check[=open] | --dump-config\n"
        "       socketmapd --help | --help-options | --version\n"
        "\n"
        "Answers the socketmap lookups of Postfix and Sendmail.\n"
        "\n"
        "  -c, --config FILE  the configuration\n"
        "                     (" CONFIG_DEFAULT ")\n"
        "      --takeover     take the place of the socketmapd that runs\n"
        "      --stdio        serve one client, on stdin and stdout\n"
        "      --check        say what is wrong with the configuration, end\n"
        "      --check=open   ... after opening its tables\n"
        "      --dump-config  print what it sets, and where, and end\n"
        "      --help-options print what it can set and end\n"
        "  -h, --help         print this and end\n"
        "  -V, --version      print the version and end\n";

/* Options without a letter. */
enum {
        OPTION_TAKEOVER = 256,
        OPTION_STDIO,
        OPTION_CHECK,
        OPTION_DUMP_CONFIG,
        OPTION_HELP_OPTIONS
};

static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"takeover", no_argument, NULL, OPTION_TAKEOVER},
        {"stdio", no_argument, NULL, OPTION_STDIO},
        {"check", optional_argument, NULL, OPTION_CHECK},
        {"dump-config", no_argument, NULL, OPTION_DUMP_CONFIG},
        {"help-options", no_argument, NULL, OPTION_HELP_OPTIONS},
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

/* Serves with what the service manager has passed. */
static int serve_activated(const char *file, enum serve_mode mode)
{
        int status, r = activation_start();

        if (r < 0) {
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "LISTEN_FDS: %s",
                        strerror(-r));
                return EX_USAGE;
        }
        status = serve(file, mode);
        activation_stop();
        return status;
}

static int check(const char *file)
{
        return offline_check(file, false);
}

static int check_open(const char *file)
{
        return offline_check(file, true);
}

/* Instead of serving; returns an exit status. */
typedef int action_fn(const char *file);

/* Returns what --check[=open] asks for, or NULL. */
static action_fn *parse_check(const char *argument)
{
        if (argument == NULL)
                return check;
        return strcmp(argument, "open") == 0 ? check_open : NULL;
}

static int refuse(void)
{
        fputs(usage, stderr);
        return EX_USAGE;
}

int main(int argc, char **argv)
{
        const char *file = CONFIG_DEFAULT;
        enum serve_mode mode = SERVE_LISTENERS;
        action_fn *action = NULL;
        int option;

        log_open();
        while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) !=
                -1) {
                switch (option) {
                case 'c':
                        file = optarg;
                        break;
                case OPTION_TAKEOVER:
                        mode = SERVE_INSTEAD;
                        break;
                case OPTION_STDIO:
                        mode = SERVE_STDIO;
                        break;
                case OPTION_CHECK:
                        action = parse_check(optarg);
                        if (action == NULL)
                                return refuse();
                        break;
                case OPTION_DUMP_CONFIG:
                        action = offline_dump;
                        break;
                case OPTION_HELP_OPTIONS:
                        return offline_help_options();
                case 'h':
                        return print(usage);
                case 'V':
                        return print_version();
                default:
                        return refuse();
                }
        }
        if (optind != argc) {
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR,
                        "unexpected argument: %s", argv[optind]);
                return refuse();
        }
        return action != NULL ? action(file) : serve_activated(file, mode);
}
