/* SPDX-License-Identifier: MIT */
/* The configuration file of one table, by Postfix's rules. */
#include "base/cf.h"
#include "support/check.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct values {
        const char *hosts;
        const char *query;
        const char *password;
        uint64_t limit;
        bool is_local;
};

#define AT(member) .offset = offsetof(struct values, member)

static const struct cf_option options[] = {
        {"hosts", CF_TEXT, AT(hosts), .most = SIZE_MAX},
        {"query", CF_TEXT, AT(query), .least = 1, .most = 20,
                .fallback = "select"},
        {"password", CF_SECRET, AT(password), .most = SIZE_MAX},
        {"limit", CF_NUMBER, AT(limit), .least = 1, .most = 100,
                .fallback = "7"},
        {"local", CF_BOOL, AT(is_local)},
        {.name = NULL},
};

static struct arena arena;
static char said[1000];
static struct reason reason;
static struct values values;

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        CHECK_INT(severity, SEVERITY_WARNING);
        snprintf(
                said + strlen(said), sizeof(said) - strlen(said), "%s\n", line);
}

static struct report report = {.say = say};
static struct cf cf;

static int read_span(struct span text)
{
        cf = (struct cf){.file = "/t.cf",
                .options = options,
                .arena = &arena,
                .report = &report,
                .is_of_postfix = true};
        said[0] = '\0';
        reason = (struct reason){0, ""};
        return cf_load_text(&cf, text, &values, &reason);
}

/* Reads what must be right. */
static void read_well(const char *text)
{
        CHECK_INT(read_span(span_of(text)), 0);
        CHECK_STR(reason.text, "");
}

/* Returns why a file is refused. */
static const char *refusal(const char *text)
{
        CHECK_INT(read_span(span_of(text)), -EBADMSG);
        CHECK_INT(reason.code, -EBADMSG);
        return reason.text;
}

static void test_values(void)
{
        read_well("# comment\n"
                  "hosts = 127.0.0.1\n"
                  "# comment\n"
                  "  $host \"quoted\" \n"
                  "password=a#b = $c\r\n"
                  "limit =\t042\n"
                  "local = YES");
        CHECK_STR(values.hosts, "127.0.0.1  $host \"quoted\"");
        CHECK_STR(values.password, "a#b = $c");
        CHECK_INT(values.limit, 42);
        CHECK(values.is_local);
        CHECK_STR(values.query, "select");
        CHECK_STR(said, "");
}

static void test_left_out(void)
{
        read_well("");
        CHECK(values.hosts == NULL && values.password == NULL);
        CHECK_INT(values.limit, 7);
        CHECK(!values.is_local);
        read_well("hosts =");
        CHECK_STR(values.hosts, "");
}

static void test_8_bit(void)
{
        read_well("hosts = \xff\xe4 \x01");
        CHECK_STR(values.hosts, "\xff\xe4 \x01");
        CHECK_INT(read_span(SPAN_LITERAL("hosts = a\0b\nlimit = 5")), 0);
        CHECK_STR(values.hosts, "a");
        CHECK_INT(values.limit, 5);
        CHECK(strstr(said, "NUL") != NULL);
}

static void test_warnings(void)
{
        read_well("limit = x\nhost = a\nlimit = 5\npassword_fil = x\n"
                  "limit_file = x\n");
        CHECK_INT(values.limit, 5);
        CHECK_STR(said,
                "/t.cf:2:1: unknown key \"host\" is ignored; did you "
                "mean \"hosts\"?\n"
                "/t.cf:3:1: \"limit\" again: what line 1 says doesn't "
                "count\n"
                "/t.cf:4:1: unknown key \"password_fil\" is ignored; did "
                "you mean \"password_file\"?\n"
                "/t.cf:5:1: unknown key \"limit_file\" is ignored\n");
}

static int read_strictly(const char *text)
{
        struct cf strict = {.file = "/t.cf",
                .options = options,
                .arena = &arena,
                .report = &report};

        said[0] = '\0';
        return cf_load_text(&strict, span_of(text), &values, &reason);
}

static void test_strict(void)
{
        CHECK_INT(read_strictly("limit = 5\nlocl = no\n"), -EBADMSG);
        CHECK_INT(reason.code, -EBADMSG);
        CHECK_STR(reason.text,
                "/t.cf:2:1: unknown key \"locl\"; did you mean \"local\"?");
        CHECK_INT(read_strictly("what = 5\n"), -EBADMSG);
        CHECK_STR(reason.text, "/t.cf:1:1: unknown key \"what\"");
        CHECK_INT(read_strictly("limit = 5\nlimit = 6\n"), 0);
        CHECK_STR(said, "/t.cf:2:1: \"limit\" again: what line 1 says doesn't "
                        "count\n");
}

static const char *refusal_of(const char *text)
{
        CHECK_INT(cf_refuse(&cf, -EINVAL, text, &reason), -EBADMSG);
        CHECK_INT(reason.code, -EBADMSG);
        return reason.text;
}

/* What the reader of the values finds has a place, too. */
static void test_places(void)
{
        read_well("limit = 5\nhosts = a\n  b\nlimit =   6\nquery =\n # \n x\n");
        CHECK_STR(refusal_of("hosts: wrong"), "/t.cf:2:9: hosts: wrong");
        CHECK_STR(refusal_of("limit is wrong"), "/t.cf:4:11: limit is wrong");
        CHECK_STR(refusal_of("query: wrong"), "/t.cf:7:2: query: wrong");
        CHECK_STR(refusal_of("local: wrong"), "/t.cf: local: wrong");
        CHECK_STR(refusal_of("host: wrong"), "/t.cf: host: wrong");
        CHECK_STR(refusal_of(""), "/t.cf: ");
        CHECK_INT(cf_refuse(&cf, -ENOENT, "limit: x", &reason), -ENOENT);
        said[0] = '\0';
        cf_warn(&cf, "hosts: wrong");
        CHECK_STR(said, "/t.cf:2:9: hosts: wrong\n");
}

static void test_refusals(void)
{
        CHECK_STR(refusal("\nhosts\n"), "/t.cf:2:6: expected KEY = VALUE");
        CHECK_STR(refusal("hosts x = y\n"), "/t.cf:1:6: expected KEY = VALUE");
        CHECK_STR(refusal("= y\n"), "/t.cf:1:1: expected KEY = VALUE");
        CHECK_STR(
                refusal("limit = 5s"), "/t.cf:1:9: limit: not a plain number");
        CHECK_STR(refusal("limit ="), "/t.cf:1:8: limit: not a plain number");
        CHECK_STR(
                refusal("limit = -1"), "/t.cf:1:9: limit: not a plain number");
        CHECK_STR(refusal("limit = 0"),
                "/t.cf:1:9: limit: a number out of range");
        CHECK_STR(refusal("limit = 101"),
                "/t.cf:1:9: limit: a number out of range");
        CHECK_STR(refusal("limit = 18446744073709551617"),
                "/t.cf:1:9: limit: a number out of range");
        CHECK_STR(refusal("local = true"),
                "/t.cf:1:9: local: neither yes nor no");
        CHECK_STR(refusal("query ="), "/t.cf:1:8: query: empty");
        CHECK_STR(refusal("query = 123456789012345678901"),
                "/t.cf:1:9: query: a text of a wrong length");
}

/* Writes a file for a secret, and reads a configuration that names it. */
static int read_secret(struct span secret, bool by_name)
{
        char directory[] = "/tmp/test_cf-XXXXXX", file[64], text[128];
        FILE *stream;
        int r;

        CHECK(mkdtemp(directory) != NULL);
        snprintf(file, sizeof(file), "%s/pass", directory);
        stream = fopen(file, "w");
        CHECK(stream != NULL);
        if (stream == NULL)
                return -1;
        fwrite(secret.data, 1, secret.size, stream);
        fclose(stream);
        setenv("CREDENTIALS_DIRECTORY", directory, 1);
        snprintf(text, sizeof(text), "password_file = %s",
                by_name ? "pass" : file);
        r = read_span(span_of(text));
        unsetenv("CREDENTIALS_DIRECTORY");
        unlink(file);
        rmdir(directory);
        return r;
}

static void test_secrets(void)
{
        CHECK_INT(read_secret(SPAN_LITERAL("se cret#\n"), false), 0);
        CHECK_STR(values.password, "se cret#");
        CHECK_INT(read_secret(SPAN_LITERAL("\xe4 x\r\n"), true), 0);
        CHECK_STR(values.password, "\xe4 x");
        CHECK_INT(read_secret(SPAN_LITERAL("two\nlines\n"), true), -EBADMSG);
        CHECK(strstr(reason.text, "two") == NULL);
        CHECK_INT(read_secret(SPAN_LITERAL("\n"), true), -EBADMSG);
        CHECK_INT(read_secret(SPAN_LITERAL("nul\0"), true), -EBADMSG);
        CHECK_INT(read_span(SPAN_LITERAL("password_file = pass")), -ENOENT);
        CHECK_STR(reason.text, "/t.cf:1:17: password_file: no credentials were "
                               "passed (CREDENTIALS_DIRECTORY)");
        setenv("CREDENTIALS_DIRECTORY", "/nonexistent", 1);
        CHECK_INT(read_span(SPAN_LITERAL("password_file = S3CRET")), -ENOENT);
        CHECK(strstr(reason.text, "S3CRET") == NULL);
        unsetenv("CREDENTIALS_DIRECTORY");
        CHECK_STR(refusal("password_file = S3CRET/"),
                "/t.cf:1:17: password_file: expected an absolute path, or the "
                "name of a credential");
        CHECK_STR(refusal("password_file = /dev/zero"),
                "/t.cf:1:17: password_file: /dev/zero: not a regular file");
        CHECK_INT(read_span(SPAN_LITERAL("password_file = /tmp/none/x")),
                -ENOENT);
        refusal("password_file = a/b");
        CHECK_STR(refusal("password_file = /x\npassword = x"),
                "/t.cf:1:17: password: here and in a file of its own");
}

static void test_files(void)
{
        char file[] = "/tmp/test_cf-XXXXXX";
        struct cf small = {.file = file,
                .options = options,
                .arena = &arena,
                .report = &report};
        int fd = mkstemp(file);

        CHECK(fd >= 0);
        CHECK_INT(write(fd, "limit = 9", 9), 9);
        close(fd);
        CHECK_INT(cf_load(&small, &values, &reason), 0);
        CHECK_INT(values.limit, 9);
        CHECK_INT(truncate(file, (off_t)1 << 40), 0);
        CHECK_INT(cf_load(&small, &values, &reason), -EBADMSG);
        unlink(file);
        CHECK_INT(cf_load(&small, &values, &reason), -ENOENT);
}

int main(void)
{
        arena_init(&arena, NULL, 0, SIZE_MAX);
        RUN(test_values);
        RUN(test_left_out);
        RUN(test_8_bit);
        RUN(test_warnings);
        RUN(test_strict);
        RUN(test_places);
        RUN(test_refusals);
        RUN(test_secrets);
        RUN(test_files);
        arena_fini(&arena);
        return check_done();
}
