/* SPDX-License-Identifier: MIT */
/* socketmap explain: how a map comes to its answer, step by step. */
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/explain_postfix.h"
#include "cli/local.h"
#include "maps/order.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char usage[] =
        "usage: socketmap explain [-c FILE] MAP KEY...\n"
        "\n"
        "Says how the map MAP of a configuration answers each KEY: every step\n"
        "with its time, the bytes of the reply, and what Postfix makes of it.\n"
        "No daemon is asked: the tables are opened, as the user you are.\n"
        "\n"
        "  -c, --config FILE  the configuration\n"
        "                     (" CLI_CONFIG_FILE ")\n"
        "  -h, --help         print this\n"
        "\n"
        "Exit status: 0 something found, 1 nothing found, 2 wrong usage,\n"
        "75 TEMP, 78 the configuration is wrong.\n";

static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

/* Of a longer reply only the beginning is shown. */
#define SHOWN_MAX ((size_t)1000)

static double milliseconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Bytes that a terminal must not see are written as C does: control characters,
 * those of ISO 8859 too, and what is not UTF-8. */
static void print_bytes(struct span bytes)
{
        while (bytes.size > 0) {
                uint32_t character = 0;
                size_t size = utf8_decode(bytes, &character);
                bool shows = character >= ' ' && character < 0x7f;

                if (size > 1)
                        shows = character >= 0xa0;
                if (size == 0)
                        size = 1;
                if (shows)
                        fwrite(bytes.data, 1, size, stdout);
                for (size_t i = 0; i < size && !shows; i++)
                        printf("\\x%02x", (unsigned char)bytes.data[i]);
                bytes.data += size;
                bytes.size -= size;
        }
}

static void print_step(void *ctx, const char *text)
{
        const double *begin = ctx;

        printf("%9.3f ms  ", milliseconds() - *begin);
        print_bytes(span_of(text));
        putchar('\n');
}

static void print_key(struct span key)
{
        printf("key        \"");
        print_bytes(key);
        printf("\", %zu bytes%s\n", key.size,
                utf8_is_valid(key) ? "" : ", not UTF-8");
}

static void print_map(const struct config_map *map)
{
        printf("map        %s\n", map->name);
        printf("table      %s\n", map->secret ? "(secret)" : map->table);
        printf("search     %s\n", order_names[map->search]);
}

/* The reply is shown as it would leave, in its netstring. */
static void print_reply(
        const struct config_map *map, const struct socketmap_result *result)
{
        const char *status = socketmap_status_name(result->status);
        struct span text = {result->text, result->size};
        size_t size = strlen(status) + 1 + text.size;

        if (map->secret && result->status == SOCKETMAP_OK)
                text = SPAN_LITERAL("(secret)");
        printf("reply      %zu:%s ", size, status);
        if (text.size > SHOWN_MAX) {
                print_bytes((struct span){text.data, SHOWN_MAX});
                printf("...");
        } else {
                print_bytes(text);
        }
        printf(",\n");
}

static int explain(struct local *local, const char *text)
{
        const struct config_map *map = local_map(local);
        struct span key = span_of(text);
        double begin = milliseconds();
        struct trace trace = {print_step, &begin};
        struct socketmap_result result;

        print_key(key);
        local_ask(local, key, &trace, &result);
        print_step(&begin, "answered");
        print_reply(map, &result);
        printf("Postfix    %s\n",
                explain_postfix(result.status, result.size == 0, map->search));
        if (result.status == SOCKETMAP_OK)
                return CLI_FOUND;
        return result.status == SOCKETMAP_NOTFOUND ? CLI_NONE : CLI_TEMP;
}

static int explain_all(struct local *local, char **keys)
{
        int status = CLI_NONE;

        print_map(local_map(local));
        for (; *keys != NULL; keys++) {
                int one;

                putchar('\n');
                one = explain(local, *keys);
                if (one == CLI_TEMP || status == CLI_NONE)
                        status = one;
        }
        return status;
}

int explain_command(int argc, char **argv)
{
        const char *file = CLI_CONFIG_FILE;
        struct local *local;
        int option, status;

        while ((option = getopt_long(argc, argv, "+c:h", options, NULL)) !=
                -1) {
                switch (option) {
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
        status = local_open(file, argv[optind], &local);
        if (status != 0)
                return status;
        status = explain_all(local, argv + optind + 1);
        local_close(local);
        return status;
}
