/* SPDX-License-Identifier: MIT */
/* A valid configuration file becomes listeners and maps; near words. */
#include "config/config.h"
#include "config/nearest.h"
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

static void test_mode_has_a_fallback(void)
{
        size_t errors;
        struct config *config = read_text("[listen x]\nendpoint = unix:/x\n"
                                          "[map x]\ntable = static:x\n",
                &errors);

        CHECK(config != NULL);
        if (config == NULL)
                return;
        CHECK_INT(config->listeners->mode, 0660);
        config_free(config);
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
        RUN(test_mode_has_a_fallback);
        RUN(test_errors_give_nothing);
        RUN(test_nearest);
        return check_done();
}
