/* SPDX-License-Identifier: MIT */
/* socketmap query: looks keys up, as postmap -q does. */
#include "cli/cli.h"
#include "cli/local.h"

#include <errno.h>
#include <getopt.h>
#include <socketmap/client.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
        "usage: socketmap query [-t SECONDS] ENDPOINT:NAME KEY...\n"
        "       socketmap query -c FILE MAP KEY...\n"
        "\n"
        "Asks the socketmap server at ENDPOINT (unix:PATH, inet:HOST:PORT)\n"
        "for each KEY in its map NAME and prints the values found, one a\n"
        "line. The key - stands for the lines of standard input; what is\n"
        "found of them is printed as key, TAB, value.\n"
        "\n"
        "  -t SECONDS  wait so long for each answer (default: 10)\n"
        "  -c FILE     ask the map MAP of this configuration of socketmapd,\n"
        "              without a daemon\n"
        "\n"
        "Exit status: 0 something found, 1 nothing found, 2 wrong usage,\n"
        "69 no connection, 74 input or output failed, 75 TEMP, TIMEOUT or\n"
        "no answer, 78 PERM. The reason is on standard error.\n"
        "\n"
        "After TEMP, TIMEOUT and PERM the other keys are still asked for;\n"
        "with no answer at all it ends at once. Of several statuses the\n"
        "worst is returned: 74, 69, 78, 75, 0, 1 in this order. PERM is\n"
        "worse than TEMP because trying again doesn't cure it.\n";

struct query {
        struct socketmap_client *client; /* a server is asked, */
        const char *name;
        struct local *local; /* ... or a configuration */
        unsigned timeout;
        int status;
};

/* Keeps the worst status seen so far. */
static void note(struct query *query, int status)
{
        static const int order[] = {CLI_NONE, CLI_FOUND, CLI_TEMP, CLI_PERM,
                CLI_NO_CONNECTION, CLI_OUTPUT};
        size_t i;

        for (i = 0; order[i] != status && order[i] != query->status; i++)
                continue;
        if (order[i] == query->status)
                query->status = status;
}

/* Whether an error says that there was a server, but no usable answer. */
static bool is_silence(int error)
{
        return error == -ETIMEDOUT || error == -ECONNRESET ||
               error == -EPROTO || error == -EMSGSIZE || error == -ENOMEM;
}

static void print_value(const char *key, size_t key_size, bool with_key,
        const struct socketmap_result *result)
{
        if (with_key) {
                fwrite(key, 1, key_size, stdout);
                putchar('\t');
        }
        fwrite(result->text, 1, result->size, stdout);
        putchar('\n');
}

/* Asks for one key. Returns whether to go on with others. */
static bool ask(
        struct query *query, const char *key, size_t size, bool with_key)
{
        struct socketmap_error error = {0};
        struct socketmap_result result = {0};
        int r = 0;

        if (query->local != NULL)
                local_ask(
                        query->local, (struct span){key, size}, NULL, &result);
        else
                r = socketmap_client_lookup(
                        query->client, query->name, key, size, &result, &error);
        if (r < 0) {
                complain("%.200s: %s", key, error.text);
                note(query, is_silence(r) ? CLI_TEMP : CLI_NO_CONNECTION);
                return false;
        }
        switch (result.status) {
        case SOCKETMAP_OK:
                print_value(key, size, with_key, &result);
                note(query, ferror(stdout) ? CLI_OUTPUT : CLI_FOUND);
                return !ferror(stdout);
        case SOCKETMAP_NOTFOUND:
                return true;
        default:
                complain("%.200s: %s %.*s", key,
                        socketmap_status_name(result.status),
                        result.size > 500 ? 500 : (int)result.size,
                        result.text);
                note(query,
                        result.status == SOCKETMAP_PERM ? CLI_PERM : CLI_TEMP);
                return true;
        }
}

static bool ask_lines(struct query *query)
{
        char *line = NULL;
        size_t room = 0;
        ssize_t size;
        bool go_on = true;

        errno = 0;
        while (go_on && (size = getline(&line, &room, stdin)) >= 0) {
                if (size > 0 && line[size - 1] == '\n')
                        line[--size] = '\0';
                go_on = ask(query, line, (size_t)size, true);
                errno = 0;
        }
        if (go_on && !feof(stdin)) {
                complain("standard input: %s", strerror(errno));
                note(query, CLI_OUTPUT);
                go_on = false;
        }
        free(line);
        return go_on;
}

static int ask_all(struct query *query, char **keys)
{
        for (bool go_on = true; go_on && *keys != NULL; keys++) {
                if (strcmp(*keys, "-") == 0)
                        go_on = ask_lines(query);
                else
                        go_on = ask(query, *keys, strlen(*keys), false);
        }
        return query->status;
}

static int run_local(
        struct query *query, const char *file, const char *map, char **keys)
{
        int status = local_open(file, map, &query->local);

        if (status == 0)
                status = ask_all(query, keys);
        local_close(query->local);
        return status;
}

static int run(struct query *query, char *map, char **keys)
{
        const char *endpoint;
        struct socketmap_error error = {0};
        int r = map_split(map, &endpoint, &query->name);

        if (r < 0)
                return CLI_USAGE;
        r = socketmap_client_new(endpoint, &query->client, &error);
        if (r < 0) {
                complain("%s", error.text);
                return r == -ENOMEM ? CLI_INTERNAL : CLI_USAGE;
        }
        socketmap_client_set_timeout(query->client, query->timeout);
        r = ask_all(query, keys);
        socketmap_client_free(query->client);
        return r;
}

int query_command(int argc, char **argv)
{
        static const struct option options[] = {
                {"help", no_argument, NULL, 'h'}, {0}};
        struct query query = {.timeout = 10000, .status = CLI_NONE};
        const char *file = NULL;
        int option;

        while ((option = getopt_long(argc, argv, "+c:t:", options, NULL)) !=
                -1) {
                switch (option) {
                case 't':
                        if (seconds_parse('t', optarg, &query.timeout) < 0)
                                return CLI_USAGE;
                        break;
                case 'c':
                        file = optarg;
                        break;
                case 'h':
                        fputs(usage, stdout);
                        return 0;
                default:
                        fputs(usage, stderr);
                        return CLI_USAGE;
                }
        }
        if (argc - optind < 2) {
                fputs(usage, stderr);
                return CLI_USAGE;
        }
        if (file != NULL)
                return run_local(&query, file, argv[optind], argv + optind + 1);
        return run(&query, argv[optind], argv + optind + 1);
}
