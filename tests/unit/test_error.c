/* SPDX-License-Identifier: MIT */
/* The error text, and the version. */
#include "lib/error.h"
#include "support/check.h"

#include <errno.h>

static void test_set(void)
{
        struct socketmap_error error;

        CHECK_INT(error_set(&error, -ENOENT, "%s: %d", "text", 42), -ENOENT);
        CHECK_INT(error.code, -ENOENT);
        CHECK_STR(error.text, "text: 42");
}

static void test_none(void)
{
        CHECK_INT(error_set(NULL, -EINVAL, "%s", "nobody asks"), -EINVAL);
}

static void test_cut(void)
{
        struct socketmap_error error;
        char text[300];

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        CHECK_INT(error_set(&error, -EIO, "%s", text), -EIO);
        CHECK_INT(strlen(error.text), sizeof(error.text) - 1);
}

/* It stays one line, and shows other alphabets. */
static void test_controls(void)
{
        struct socketmap_error error;

        CHECK_INT(error_set(&error, -EIO, "a\nb\r\t%s", "\x1b\x7f\xc3\xa9"),
                -EIO);
        CHECK_STR(error.text, "a?b????\xc3\xa9");
}

static void test_version(void)
{
        CHECK_STR(socketmap_version(), PROJECT_VERSION);
}

int main(void)
{
        RUN(test_set);
        RUN(test_none);
        RUN(test_cut);
        RUN(test_controls);
        RUN(test_version);
        return check_done();
}
