/* SPDX-License-Identifier: MIT */
/* socketmap doctor: what is wrong between Postfix and us, and the cure. */
#include "cli/doctor.h"

#include "cli/cli.h"
#include "cli/doctor_uses.h"
#include "cli/text.h"

#include "config/config.h"

#include <getopt.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CONFIG_DEFAULT "/etc/socketmap/socketmapd.conf"

/* Far more than any configuration needs. */
#define MEMORY_MAX ((size_t)256 * 1024 * 1024)

static const char usage[] =
        "usage: socketmap doctor [OPTION...]\n"
        "\n"
        "Looks for what is wrong between Postfix and socketmapd: sockets that\n"
        "a chrooted daemon can't see, modes, names of maps, parameters that\n"
        "take no socketmap, keys that Postfix would look for and our map\n"
        "doesn't. Prints each finding, and the line that helps. As root it\n"
        "tries everything as Postfix's own user.\n"
        "\n"
        "  -c FILE         socketmapd's configuration\n"
        "                  (" CONFIG_DEFAULT ")\n"
        "  --postfix DIR   Postfix's configuration directory (its default)\n"
        "  --suggest       print the sections, too, that would serve the\n"
        "                  tables that Postfix opens itself\n";

struct options {
        const char *file;
        const char *postfix; /* NULL: the default one */
        bool suggest;
};

/* Nothing that could move a terminal's cursor. */
static void print_line(const char *text)
{
        for (; *text != '\0'; text++)
                putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?'
                                                                    : *text);
        putchar('\n');
}

void doctor_find(struct doctor *doctor, const char *fix, const char *text, ...)
{
        va_list args;

        va_start(args, text);
        print_line(text_format_list(&doctor->arena, text, args));
        va_end(args);
        print_line(text_format(&doctor->arena, "  fix: %s", fix));
        doctor->findings++;
}

const char *doctor_fix_listener(struct doctor *doctor,
        const struct config_listener *listener, const char *text, ...)
{
        const char *line;
        va_list args;

        va_start(args, text);
        line = text_format_list(&doctor->arena, text, args);
        va_end(args);
        return text_format(&doctor->arena, "%s: [listen %s] %s", doctor->file,
                listener->name, line);
}

const struct config_map *doctor_find_map(
        const struct doctor *doctor, const char *name)
{
        const struct config_map *map, *other = NULL;

        for (map = doctor->config->maps; map != NULL; map = map->next) {
                if (strcmp(map->name, name) == 0)
                        return map;
                if (strcmp(map->name, "*") == 0)
                        other = map;
        }
        return other;
}

const char *doctor_fix_map(struct doctor *doctor, const char *map,
        const char *option, const char *value)
{
        return text_format(&doctor->arena, "%s: [map %s] %s =%s%s",
                doctor->file, map, option, *value != '\0' ? " " : "", value);
}

bool doctor_counts(const struct doctor *doctor, const struct use *use)
{
        const struct use *other;

        if (use->map == NULL)
                return false;
        if (use->parameter != NULL)
                return true;
        /* A name for what is used, as $name, by others. */
        for (other = doctor->uses; other != NULL; other = other->next)
                if (other->parameter != NULL &&
                        strcmp(other->table, use->table) == 0)
                        return false;
        return true;
}

/* Finds who Postfix's daemons are. Returns whether they are somebody. */
static bool find_user(struct doctor *doctor)
{
        const char *name = postconf_get(doctor->postconf, "mail_owner");
        const struct passwd *entry = getpwnam(name);

        doctor->postfix.directory =
                postconf_get(doctor->postconf, "queue_directory");
        if (entry == NULL) {
                doctor_find(doctor, "main.cf: mail_owner = postfix",
                        "mail_owner = %s: there is no such user", name);
                return false;
        }
        doctor->postfix.name = name;
        doctor->postfix.uid = entry->pw_uid;
        doctor->postfix.gid = entry->pw_gid;
        return true;
}

/* Returns our map behind a use; NULL when it is no map of ours. */
static const struct config_map *find_ours(
        struct doctor *doctor, const struct use *use)
{
        struct looker looker = doctor->postfix;
        const char *path, *real = NULL;
        struct view views[VIEWS_MAX];

        if (!doctor_counts(doctor, use))
                return NULL;
        use_views(doctor->postconf, use, views);
        looker.chrooted = views[0].chrooted;
        path = endpoint_path(use->endpoint);
        if (path != NULL)
                real = endpoint_real_path(&looker, path, &doctor->arena);
        if (endpoint_find_listener(doctor->config, real, use->endpoint) == NULL)
                return NULL;
        return doctor_find_map(doctor, use->map);
}

static void check_postfix(struct doctor *doctor, struct use *uses)
{
        bool has_user = find_user(doctor);

        doctor->uses = uses;
        for (struct use *use = uses; use != NULL; use = use->next)
                use->ours = find_ours(doctor, use);

        for (const struct use *use = doctor->uses; use != NULL;
                use = use->next) {
                if (!doctor_counts(doctor, use))
                        continue;
                doctor_check_place(doctor, use);
                if (doctor_check_text(doctor, use) && has_user)
                        doctor_check_reach(doctor, use);
        }
        doctor_check_searches(doctor);
        doctor_check_lists(doctor);
        doctor_check_agreement(doctor);
}

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        puts(line);
}

/* Returns whether there is a Postfix; asked for by name there must be one. */
static bool read_postfix(const struct options *options, struct arena *arena,
        struct postconf *postconf)
{
        struct reason reason;

        if (postconf_read(options->postfix, arena, postconf, &reason) == 0)
                return true;
        complain("%s", reason.text);
        if (options->postfix == NULL)
                complain("no configuration of Postfix: only listeners are "
                         "checked");
        return false;
}

static int examine(const struct options *options, struct doctor *doctor)
{
        struct report report = {.say = say};
        struct config *config = config_read(options->file, &report);
        struct postconf *postconf =
                text_room(&doctor->arena, sizeof(*postconf));
        const struct config_listener *listener;

        if (config == NULL)
                return CLI_NONE;
        doctor->config = config;
        if (read_postfix(options, &doctor->arena, postconf)) {
                doctor->postconf = postconf;
                check_postfix(doctor, uses_find(postconf, &doctor->arena));
        } else if (options->postfix != NULL) {
                config_free(config);
                return CLI_USAGE;
        }
        for (listener = config->listeners; listener != NULL;
                listener = listener->next)
                doctor_check_listener(doctor, listener);
        if (options->suggest && doctor->postconf != NULL)
                doctor_suggest(doctor);
        config_free(config);
        return doctor->findings == 0 ? CLI_FOUND : CLI_NONE;
}

static int parse(int argc, char **argv, struct options *options)
{
        static const struct option known[] = {{"help", no_argument, NULL, 'h'},
                {"postfix", required_argument, NULL, 'p'},
                {"suggest", no_argument, NULL, 's'}, {0}};
        int option;

        while ((option = getopt_long(argc, argv, "c:", known, NULL)) != -1) {
                switch (option) {
                case 'c':
                        options->file = optarg;
                        break;
                case 'p':
                        options->postfix = optarg;
                        break;
                case 's':
                        options->suggest = true;
                        break;
                case 'h':
                        fputs(usage, stdout);
                        return CLI_FOUND;
                default:
                        fputs(usage, stderr);
                        return CLI_USAGE;
                }
        }
        if (optind == argc)
                return -1;
        fputs(usage, stderr);
        return CLI_USAGE;
}

int doctor_command(int argc, char **argv)
{
        struct options options = {.file = CONFIG_DEFAULT};
        struct doctor doctor = {.file = NULL};
        int status = parse(argc, argv, &options);

        if (status >= 0)
                return status;
        doctor.file = options.file;
        arena_init(&doctor.arena, NULL, 0, MEMORY_MAX);
        status = examine(&options, &doctor);
        arena_fini(&doctor.arena);
        return status;
}
