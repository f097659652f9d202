/* SPDX-License-Identifier: MIT */
/* A valid configuration file becomes listeners and maps; near words. */
#include "base/nearest.h"
#include "config/config.h"
#include "support/check.h"

#include <stdlib.h>
#include <unistd.h>

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        printf("# %s\n", line);
}

static struct config *read_text(const char *text, size_t *ret_errors)
{
        char file[] = "/tmp/test_config-XXXXXX";
        struct report report = {.say = say};
        struct config *config;
        int fd = mkstemp(file);

        CHECK(fd >= 0);
        CHECK_INT(write(fd, text, strlen(text)), (long long)strlen(text));
        close(fd);
        config = config_read(file, &report);
        unlink(file);
        *ret_errors = report.errors;
        return config;
}

static void test_sections_in_order(void)
{
        size_t errors;
        struct config *config = read_text("# comment\n"
                                          "[listen one]\n"
                                          "endpoint=inet:127.0.0.1:0\n"
                                          "\n"
                                          "[map b]\n"
                                          "table = static:{\n"
                                          "# between the two\n"
                                          "   x }\n"
                                          "[listen two]\r\n"
                                          "mode = 0600\r\n"
                                          "endpoint = unix:/a b\r\n"
                                          "[ map   a]b ]\n"
                                          "table = static:y",
                &errors);

        CHECK_INT(errors, 0);
        CHECK(config != NULL);
        if (config == NULL)
                return;
        CHECK_STR(config->listeners->name, "one");
        CHECK_STR(config->listeners->endpoint.text, "inet:127.0.0.1:0");
        CHECK_STR(config->listeners->next->name, "two");
        CHECK_STR(config->listeners->next->endpoint.text, "unix:/a b");
        CHECK_INT(config->listeners->next->mode, 0600);
        CHECK(config->listeners->next->next == NULL);
        CHECK_STR(config->maps->name, "b");
        CHECK_STR(config->maps->next->name, "a]b");
        CHECK(config->maps->next->next == NULL);
        config_free(config);
}

static void test_fallbacks(void)
{
        size_t errors;
        struct config *config = read_text("[listen x]\nendpoint = unix:/x\n"
                                          "[map x]\ntable = static:x\n",
                &errors);

        CHECK(config != NULL);
        if (config == NULL)
                return;
        CHECK_INT(config->server.request_size, 131072);
        CHECK_INT(config->server.deadline, 4000);
        CHECK(config->server.user.name == NULL);
        CHECK(config->server.control == NULL);
        CHECK_INT(config->log.level, CONFIG_LOG_INFO);
        CHECK_INT(config->log.levels[CONFIG_AREA_LIFE], CONFIG_LOG_INFO);
        CHECK_INT(config->listeners->mode, 0660);
        CHECK_INT(config->listeners->directory_mode, (mode_t)-1);
        CHECK_INT(config->listeners->allow_users.count, 0);
        CHECK_INT(config->listeners->backlog, 0);
        CHECK_INT(config->maps->workers, 4);
        CHECK(config->maps->auto_reload && !config->maps->secret);
        CHECK(config->maps->canary == NULL);
        config_free(config);
}

static void test_defaults(void)
{
        size_t errors;
        struct config *config =
                read_text("[map a]\ntable = static:x\nworkers = 2\n"
                          "[defaults]\nworkers = 9\nauto_reload = no\n"
                          "[listen x]\nendpoint = unix:/x\n"
                          "[log]\nlog_levels = life:debug\nlog_level = error\n"
                          "[map b]\ntable = static:x\nauto_reload = yes\n",
                        &errors);

        CHECK(config != NULL);
        if (config == NULL)
                return;
        CHECK_INT(config->maps->workers, 2);
        CHECK(!config->maps->auto_reload);
        CHECK_INT(config->maps->next->workers, 9);
        CHECK(config->maps->next->auto_reload);
        CHECK_INT(config->maps->table_place.line, 2);
        CHECK_INT(config->log.levels[CONFIG_AREA_LIFE], CONFIG_LOG_DEBUG);
        CHECK_INT(config->log.levels[CONFIG_AREA_TABLE], CONFIG_LOG_ERROR);
        config_free(config);
}

/* What doesn't fit together, each alone between what does. */
static void test_checks(void)
{
        static const struct {
                const char *listener;
                size_t errors;
        } cases[] = {
                {"endpoint = inet:0.0.0.0:1", 1},
                {"endpoint = inet:[::]:1", 1},
                {"endpoint = inet:example.org:1", 1},
                {"endpoint = inet:128.0.0.1:1", 1},
                {"endpoint = inet:127.9.9.9:1", 0},
                {"endpoint = inet:[::1]:1", 0},
                {"endpoint = inet:localhost:1", 0},
                {"endpoint = inet:1", 0},
                {"endpoint = inet:0.0.0.0:1\nallow_networks = ::/0", 0},
                {"endpoint = systemd:x", 0},
                {"endpoint = systemd:x\nmode = 0600", 1},
                {"endpoint = fd:3\nbacklog = 3", 1},
                {"endpoint = inet:1\nowner = root\nallow_users = 0", 2},
                {"endpoint = unix:/y\nallow_networks = ::/0", 1},
                {"endpoint = unix:/y\ndirectory_owner = 0", 1},
                {"endpoint = unix:/y\ndirectory_owner = 0\n"
                 "directory_mode = 0755",
                        0},
                {"endpoint = local:/x", 1},
                {"endpoint = unix:/y\nmap_allow = x", 0},
                {"endpoint = unix:/y\nmap_allow = y", 1},
                {"endpoint = unix:/y\n[log]\ntrace = x:y x", 0},
                {"endpoint = unix:/y\n[log]\ntrace = y", 1},
                {"endpoint = unix:/y\n[server]\nuser = 54321", 1},
                {"endpoint = unix:/y\n[server]\nuser = 54321\ngroup = 1", 0},
        };
        char text[400];
        size_t errors;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                snprintf(text, sizeof(text),
                        "[listen x]\nendpoint = unix:/x\n"
                        "[map x]\ntable = static:x\n"
                        "[listen z]\n%s\n",
                        cases[i].listener);
                config_free(read_text(text, &errors));
                if (errors != cases[i].errors)
                        printf("# %s\n", cases[i].listener + 11);
                CHECK_INT(errors, cases[i].errors);
        }
}

static void test_errors_give_nothing(void)
{
        size_t errors;

        CHECK(read_text("[listen x]\nendpoint = unix:/x\n"
                        "[map x]\ntable = static:x\n"
                        "[map x]\ntable = static:x\nmode = 1\n",
                      &errors) == NULL);
        CHECK_INT(errors, 2);
}

static const char *nearest(const char *word)
{
        struct nearest found = {0};

        nearest_add(&found, span_of(word), "endpoint");
        nearest_add(&found, span_of(word), "mode");
        nearest_add(&found, span_of(word), "model");
        return found.word != NULL ? found.word : "";
}

static void test_nearest(void)
{
        CHECK_STR(nearest("endpiont"), "endpoint");
        CHECK_STR(nearest("endpoints"), "endpoint");
        CHECK_STR(nearest("enpont"), "endpoint");
        CHECK_STR(nearest("ndpnt"), "");
        CHECK_STR(nearest("mdoe"), "mode");
        CHECK_STR(nearest("modl"), "mode");
        CHECK_STR(nearest("nodel"), "model");
        CHECK_STR(nearest("code"), "mode");
        CHECK_STR(nearest("cope"), "");
        CHECK_STR(nearest(""), "");
        CHECK_STR(nearest("modemodemodemodemodemodemodemodemode"), "");
}

int main(void)
{
        RUN(test_sections_in_order);
        RUN(test_fallbacks);
        RUN(test_defaults);
        RUN(test_checks);
        RUN(test_errors_give_nothing);
        RUN(test_nearest);
        return check_done();
}
