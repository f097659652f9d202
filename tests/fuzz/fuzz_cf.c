/* SPDX-License-Identifier: MIT */
/* The configuration file of one table: any bytes. */
#include "fuzz.h"

#include "base/cf.h"

#include <errno.h>
#include <string.h>

struct values {
        const char *hosts;
        const char *password;
        uint64_t limit;
        bool is_local;
};

static const struct cf_option options[] = {
        {"hosts", CF_TEXT, offsetof(struct values, hosts), .least = 1,
                .most = 20, .fallback = "here"},
        {"password", CF_SECRET, offsetof(struct values, password),
                .most = SIZE_MAX},
        {"limit", CF_NUMBER, offsetof(struct values, limit), .least = 3,
                .most = 9, .fallback = "4"},
        {"local", CF_BOOL, offsetof(struct values, is_local), .least = 0},
        {.name = NULL},
};

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        REQUIRE(severity == SEVERITY_WARNING);
        REQUIRE(strchr(line, '\n') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct report report = {.say = say};
        struct reason reason = {.code = 0};
        struct values values = {.limit = 0};
        struct arena arena;
        struct cf cf = {.file = "fuzz.cf",
                .options = options,
                .arena = &arena,
                .report = &report,
                .is_of_postfix = size % 2 == 0};
        int r;

        /* What other files hold is no matter of these bytes. */
        if (memmem(data, size, "password_file", strlen("password_file")) !=
                NULL)
                return 0;
        arena_init(&arena, NULL, 0, SIZE_MAX);
        r = cf_load_text(
                &cf, (struct span){(const char *)data, size}, &values, &reason);
        REQUIRE(r == reason.code);
        REQUIRE(r == 0 || (r == -EBADMSG && *reason.text != '\0'));
        if (r == 0) {
                REQUIRE(values.limit >= 3 && values.limit <= 9);
                REQUIRE(strlen(values.hosts) >= 1);
                REQUIRE(strlen(values.hosts) <= 20);
                REQUIRE(cf_refuse(&cf, -EINVAL, "hosts: x", &reason) ==
                        -EBADMSG);
        }
        REQUIRE(report.errors == 0);
        arena_fini(&arena);
        return 0;
}
