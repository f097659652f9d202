/* SPDX-License-Identifier: MIT */
/* What ldap tables are made of, as far as it needs no server. */
#include "support/check.h"
#include "tables/ldap/link.h"
#include "tables/ldap/quote.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;
static struct reason reason;
static unsigned warnings;

static void count(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)line;
        warnings += severity == SEVERITY_WARNING;
}

static struct report report = {.say = count};

static void check_quote(
        template_quote *quote, struct span text, const char *expected)
{
        struct span quoted;

        CHECK_INT(quote(NULL, text, &arena, &quoted), 0);
        CHECK(span_equal(quoted, span_of(expected)));
        if (!span_equal(quoted, span_of(expected)))
                printf("# %.*s\n", (int)quoted.size, quoted.data);
}

static void test_filter(void)
{
        static const char *const texts[][2] = {{"", ""}, {"a@b", "a@b"},
                {"*", "\\2A"}, {")(", "\\29\\28"}, {"\\", "\\5C"},
                {"\\2a", "\\5C2a"}, {"a*b*", "a\\2Ab\\2A"},
                {" a,b=\xc3\xa4", " a,b=\xc3\xa4"}};

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                check_quote(
                        ldap_quote_filter, span_of(texts[i][0]), texts[i][1]);
        check_quote(ldap_quote_filter, (struct span){"a\0*", 3}, "a\\00\\2A");
}

static void test_name(void)
{
        static const char *const texts[][2] = {{"", ""}, {"a@b", "a@b"},
                {"a,ou=b", "a\\2Cou=b"}, {" #x ", "\\20\\23x\\20"},
                {"+\";<>\\\t", "\\2B\\22\\3B\\3C\\3E\\5C\\09"}, {"*()", "*()"}};

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                check_quote(ldap_quote_dn, span_of(texts[i][0]), texts[i][1]);
        check_quote(ldap_quote_dn, (struct span){"\0", 1}, "\\00");
}

static int parse(const char *text, struct ldap_servers *ret_servers)
{
        const struct place place = {"x.cf", 1, 15};

        warnings = 0;
        return ldap_servers_parse(ret_servers, span_of(text), 1389, 60000,
                &arena, &report, &place, &reason);
}

static void check_server(
        const char *text, const char *host, const char *port, bool is_tls)
{
        struct ldap_servers servers = {.count = 0};

        CHECK_INT(parse(text, &servers), 0);
        CHECK_INT(servers.count, 1);
        if (servers.count != 1)
                return;
        CHECK(!servers.list[0].address.is_unix);
        CHECK_STR(servers.list[0].address.host, host);
        CHECK_STR(servers.list[0].address.port, port);
        CHECK(servers.list[0].is_tls == is_tls);
        CHECK_INT(warnings, 0);
}

static void check_socket(const char *text, const char *path)
{
        struct ldap_servers servers = {.count = 0};

        CHECK_INT(parse(text, &servers), 0);
        CHECK_INT(servers.count, 1);
        if (servers.count != 1)
                return;
        CHECK(servers.list[0].address.is_unix);
        CHECK_STR(servers.list[0].address.path, path);
}

static void test_servers(void)
{
        check_server("h", "h", "1389", false);
        check_server(" h , ", "h", "1389", false);
        check_server("h:2", "h", "2", false);
        check_server("ldap://h", "h", "389", false);
        check_server("ldap://h:7/", "h", "7", false);
        check_server("LDAPS://h", "h", "636", true);
        check_server("ldap://[::1]:7", "::1", "7", false);
        check_server("[::1]:7", "::1", "7", false);
        check_server("[::1]", "::1", "389", false);
        check_server("ldap://", "localhost", "389", false);
        check_server("ldap:///dc=x", "localhost", "389", false);
        check_socket("ldapi://%2Fa%2Fb", "/a/b");
        check_socket("ldapi:///", "/var/run/slapd/ldapi");
}

static void test_server_mistakes(void)
{
        static const char *const texts[] = {
                "ldap://[x", "ldap://h:x", "ldapi://a", "ldap://h:99999999999"};
        struct ldap_servers servers;
        char *text;
        char path[300];

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                CHECK_INT(parse(texts[i], &servers), -EINVAL);
                CHECK_INT(warnings, 1);
                CHECK(asprintf(&text, "a %s,ldap://b", texts[i]) > 0);
                CHECK_INT(parse(text, &servers), 0);
                CHECK_INT(servers.count, 2);
                CHECK_INT(servers.shared.hosts.count, 2);
                CHECK_INT(warnings, 1);
                free(text);
        }
        CHECK_INT(parse("", &servers), -EINVAL);
        snprintf(path, sizeof(path), "ldapi://%%2F%0*d", 108, 0);
        CHECK_INT(parse(path, &servers), -EINVAL);
        snprintf(path, sizeof(path), "ldap://%0*d", 256, 0);
        CHECK_INT(parse(path, &servers), -EINVAL);
}

static char mail[] = "mail", name_in_english[] = "cn;lang-en";
static char *names[] = {mail, name_in_english, NULL};
static const struct ldap_attributes attributes = {.names = names, .end = 2};

static int read_link(const char *text, struct ldap_query *ret_query)
{
        return ldap_link_read(&attributes, span_of(text), &arena, ret_query);
}

static void check_attributes(
        const char *asked, const char *first, const char *second)
{
        struct ldap_query query;
        char text[100];

        snprintf(text, sizeof(text), "ldap:///cn=x?%s", asked);
        CHECK_INT(read_link(text, &query), first != NULL ? 1 : 0);
        if (first == NULL)
                return;
        CHECK_STR(query.attributes[0], first);
        if (second != NULL)
                CHECK_STR(query.attributes[1], second);
        CHECK(query.attributes[second != NULL ? 2 : 1] == NULL);
}

static void test_links(void)
{
        struct ldap_query query;

        CHECK_INT(read_link("cn=x,dc=y", &query), 1);
        CHECK_STR(query.base, "cn=x,dc=y");
        CHECK(query.attributes == names);
        CHECK_INT(read_link("ldap://h/dc=y??sub?(a=b)", &query), 1);
        CHECK_STR(query.base, "dc=y");
        CHECK_STR(query.filter, "(a=b)");
        CHECK(query.attributes == names);
        CHECK_INT(read_link("ldap://[x", &query), -EBADMSG);
        CHECK_INT(ldap_link_read(&attributes, (struct span){"cn=\0x", 5},
                          &arena, &query),
                -EBADMSG);
        check_attributes("", "mail", "cn;lang-en");
        check_attributes("MAIL", "mail", NULL);
        check_attributes("mail;x", "mail;x", NULL);
        check_attributes("cn,mail", "cn;lang-en", "mail");
        check_attributes("cn;lang-de", NULL, NULL);
        check_attributes("mailbox,c,maild", NULL, NULL);
}

int main(void)
{
        arena_init(&arena, NULL, 0, SIZE_MAX);
        RUN(test_filter);
        RUN(test_name);
        RUN(test_servers);
        RUN(test_server_mistakes);
        RUN(test_links);
        arena_fini(&arena);
        return check_done();
}
