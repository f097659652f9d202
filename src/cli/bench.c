/* SPDX-License-Identifier: MIT */
/* socketmap bench: loads a server and measures its answers. */
#include "cli/cli.h"
#include "cli/load.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char usage[] =
        "usage: socketmap bench [OPTION...] ENDPOINT:NAME\n"
        "\n"
        "Asks the socketmap server at ENDPOINT (unix:PATH, inet:HOST:PORT)\n"
        "for random keys in its map NAME, as fast as it answers, and checks\n"
        "every reply.\n"
        "\n"
        "  -c COUNT    connections (default: 16)\n"
        "  -p COUNT    requests in flight on each connection (1)\n"
        "  -d SECONDS  how long (5)\n"
        "  -n COUNT    so many requests instead\n"
        "  -w SECONDS  before -d, load the server without counting (0)\n"
        "  -t SECONDS  give up when there is no reply for so long (10)\n"
        "  -k PATTERN  the keys: %d is a number (user%d@example.com)\n"
        "  -K COUNT    that many numbers, from 0 (1000000)\n"
        "  -f FILE     the keys, one a line, instead of -k and -K\n"
        "  -e PATTERN  the values to expect, %d is the number of the key\n"
        "              from 0; - alone is the key itself (any is right)\n"
        "  -E FILE     the bytes of FILE are the value to expect\n"
        "  -s SEED     for other random keys (1)\n"
        "  -P PID      the server's process, to tell its CPU time (known\n"
        "              without for a unix socket)\n"
        "  -m          tell the server's memory, too\n"
        "  -j          print one line of JSON\n"
        "\n"
        "Exit status: 0 every reply was right, 1 a wrong one, 2 wrong\n"
        "usage, 69 no connection, or lost, 70 no memory or descriptors,\n"
        "74 input or output failed, 75 no reply in time.\n";

struct bench {
        struct load_options load;
        struct keys_source keys;
        bool json;
};

static const double shares[] = {0.5, 0.9, 0.99, 0.999};
static const char *const share_names[] = {"p50", "p90", "p99", "p99.9"};

/* A share of the latencies, or the largest of all, in microseconds. */
static double latency(const struct load_result *result, double share)
{
        return (double)histogram_quantile(&result->latency, share) / 1000;
}

static double cpu_of_request(const struct load_result *result)
{
        if (result->requests == 0)
                return 0;
        return (double)result->cpu / 1000 / (double)result->requests;
}

static void print_json(const struct load_result *result, bool memory)
{
        double seconds = (double)result->nanoseconds / 1e9;

        printf("{\"requests\": %" PRIu64 ", \"wrong\": %" PRIu64
               ", \"seconds\": %.6f, \"rate\": %.1f",
                result->requests, result->wrong, seconds,
                (double)result->requests / seconds);
        for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
                printf(", \"%s_us\": %.3f", share_names[i],
                        latency(result, shares[i]));
        printf(", \"max_us\": %.3f", latency(result, 1));
        if (result->pid == 0)
                printf(", \"server_cpu_us\": null");
        else
                printf(", \"server_cpu_us\": %.4f", cpu_of_request(result));
        if (memory && result->pid == 0)
                printf(", \"memory_before\": null, \"memory_after\": null");
        else if (memory)
                printf(", \"memory_before\": %" PRIu64
                       ", \"memory_after\": %" PRIu64,
                        result->memory_before, result->memory_after);
        puts("}");
}

static void print_text(const struct load_result *result, bool memory)
{
        double seconds = (double)result->nanoseconds / 1e9;

        printf("requests    %" PRIu64 " in %.3f s, %" PRIu64 " wrong\n",
                result->requests, seconds, result->wrong);
        printf("rate        %.0f requests/s\n",
                (double)result->requests / seconds);
        printf("latency    ");
        for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
                printf(" %s %.1f,", share_names[i], latency(result, shares[i]));
        printf(" max %.1f microseconds\n", latency(result, 1));
        if (result->pid == 0) {
                puts("server      unknown process");
                return;
        }
        printf("server CPU  %.2f microseconds a request\n",
                cpu_of_request(result));
        if (memory)
                printf("server RSS  %" PRIu64 " kB before, %" PRIu64
                       " kB after\n",
                        result->memory_before / 1024,
                        result->memory_after / 1024);
}

/* Takes one option with a number. Returns 0 or -EINVAL. */
static int set_number(struct bench *bench, char option, const char *text)
{
        uint64_t number, max = UINT64_MAX;
        int r;

        if (option == 'c' || option == 'p')
                max = 1000000;
        else if (option == 'P')
                max = INT32_MAX;
        r = count_parse(option, text, max, &number);
        if (r < 0)
                return r;
        if (option == 'c')
                bench->load.connections = (unsigned)number;
        else if (option == 'p')
                bench->load.depth = (unsigned)number;
        else if (option == 'n')
                bench->load.requests = number;
        else if (option == 'K')
                bench->keys.count = number;
        else if (option == 's')
                bench->load.seed = number;
        else
                bench->load.pid = (pid_t)number;
        return 0;
}

/* Takes one option. Returns 0 or -EINVAL. */
static int set_option(struct bench *bench, int option, const char *text)
{
        switch (option) {
        case 'd':
                return seconds_parse('d', text, &bench->load.duration);
        case 'w':
                return seconds_parse('w', text, &bench->load.warmup);
        case 't':
                return seconds_parse('t', text, &bench->load.timeout);
        case 'k':
                bench->keys.pattern = text;
                return 0;
        case 'f':
                bench->keys.file = text;
                return 0;
        case 'e':
                bench->keys.value = text;
                return 0;
        case 'E':
                bench->keys.value_file = text;
                return 0;
        case 'm':
                bench->load.memory = true;
                return 0;
        case 'j':
                bench->json = true;
                return 0;
        case '?':
                return -EINVAL;
        default:
                return set_number(bench, (char)option, text);
        }
}

/* One descriptor a connection: takes as many as this process may have. */
static void raise_descriptors(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &limit);
        }
}

static int status_of(int error, const struct load_result *result)
{
        switch (error) {
        case 0:
        case -EPROTO:
                return result->wrong == 0 ? CLI_FOUND : CLI_NONE;
        case -EINVAL:
                return CLI_USAGE;
        case -ETIMEDOUT:
                return CLI_TEMP;
        case -ENOMEM:
        case -EMFILE:
        case -ENFILE:
                return CLI_INTERNAL;
        default:
                return CLI_NO_CONNECTION;
        }
}

static int run(const struct bench *bench)
{
        struct load_result *result = malloc(sizeof(*result));
        struct keys keys;
        int r;

        if (result == NULL)
                return CLI_INTERNAL;
        r = keys_init(&keys, &bench->keys);
        if (r < 0) {
                free(result);
                return r == -ENOMEM ? CLI_INTERNAL : CLI_OUTPUT;
        }
        raise_descriptors();
        r = load_run(&bench->load, &keys, result);
        if (r == 0 && bench->json)
                print_json(result, bench->load.memory);
        else if (r == 0)
                print_text(result, bench->load.memory);
        r = status_of(r, result);
        keys_fini(&keys);
        free(result);
        return r;
}

int bench_command(int argc, char **argv)
{
        static const struct option options[] = {
                {"help", no_argument, NULL, 'h'}, {0}};
        struct bench bench = {.load = {.connections = 16,
                                      .depth = 1,
                                      .timeout = 10000,
                                      .seed = 1},
                .keys = {.pattern = "user%d@example.com", .count = 1000000}};
        int option;

        while ((option = getopt_long(argc, argv,
                        "+c:p:d:n:w:t:k:K:f:e:E:s:P:mj", options, NULL)) !=
                -1) {
                if (option == 'h') {
                        fputs(usage, stdout);
                        return 0;
                }
                if (set_option(&bench, option, optarg) < 0)
                        return CLI_USAGE;
        }
        if (argc - optind != 1 ||
                (bench.load.requests != 0 &&
                        (bench.load.duration != 0 || bench.load.warmup != 0)) ||
                (bench.keys.value != NULL && bench.keys.value_file != NULL)) {
                fputs(usage, stderr);
                return CLI_USAGE;
        }
        if (bench.load.requests == 0 && bench.load.duration == 0)
                bench.load.duration = 5000;
        if (map_split(argv[optind], &bench.load.endpoint, &bench.load.name) < 0)
                return CLI_USAGE;
        return run(&bench);
}
