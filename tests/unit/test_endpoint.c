/* SPDX-License-Identifier: MIT */
/* Endpoints in Postfix's notation, and the errors that name them. */
#include "lib/endpoint.h"
#include "support/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>

static void test_unix(void)
{
        struct endpoint endpoint;

        CHECK_INT(endpoint_parse("unix:/run/x.sock", &endpoint, NULL), 0);
        CHECK_INT(endpoint.family, AF_UNIX);
        CHECK_INT(endpoint.unix_address.sun_family, AF_UNIX);
        CHECK_STR(endpoint.unix_address.sun_path, "/run/x.sock");
        CHECK_INT(endpoint_parse("local:private/x", &endpoint, NULL), 0);
        CHECK_INT(endpoint.family, AF_UNIX);
        CHECK_STR(endpoint.unix_address.sun_path, "private/x");
        CHECK_INT(endpoint_parse("unix:a:b [c]", &endpoint, NULL), 0);
        CHECK_STR(endpoint.unix_address.sun_path, "a:b [c]");
}

static void test_unix_path_length(void)
{
        struct endpoint endpoint;
        struct socketmap_error error;
        char text[120] = "unix:";

        memset(text + 5, 'p', 107);
        CHECK_INT(endpoint_parse(text, &endpoint, NULL), 0);
        CHECK_STR(endpoint.unix_address.sun_path, text + 5);

        text[5 + 107] = 'p';
        CHECK_INT(endpoint_parse(text, &endpoint, &error), -ENAMETOOLONG);
        CHECK_INT(error.code, -ENAMETOOLONG);
        CHECK(strstr(error.text, "107") != NULL);
        CHECK(strstr(error.text, "108") != NULL);
        CHECK(strstr(error.text, "unix:ppp") != NULL);
}

static void check_inet(const char *text, const char *host, const char *port)
{
        struct endpoint endpoint;

        CHECK_INT(endpoint_parse(text, &endpoint, NULL), 0);
        CHECK_INT(endpoint.family, AF_UNSPEC);
        CHECK_STR(endpoint.host, host);
        CHECK_STR(endpoint.port, port);
}

static void test_inet(void)
{
        check_inet("inet:mail.example.org:10700", "mail.example.org", "10700");
        check_inet("inet:127.0.0.1:25", "127.0.0.1", "25");
        check_inet("inet:25", "localhost", "25");
        check_inet("inet:0", "localhost", "0");
        check_inet("inet:65535", "localhost", "65535");
        check_inet("inet:smtp", "localhost", "smtp");
        check_inet("inet:localhost:http-alt", "localhost", "http-alt");
        check_inet("inet:[::1]:25", "::1", "25");
        check_inet("inet:[fe80::1%lo]:0", "fe80::1%lo", "0");
        check_inet("inet:[127.0.0.1]:25", "127.0.0.1", "25");
}

static void check_invalid(const char *text, const char *expected)
{
        struct endpoint endpoint = {.family = -7, .host = "h", .port = "p"};
        struct socketmap_error error = {0};

        CHECK_INT(endpoint_parse(text, &endpoint, &error), -EINVAL);
        CHECK_INT(error.code, -EINVAL);
        if (strncmp(error.text, text, strlen(text)) != 0 ||
                strstr(error.text, expected) == NULL) {
                printf("# \"%s\" should name \"%s\"\n", error.text, text);
                CHECK(!"the error names text and expectation");
        }
        CHECK_INT(endpoint.family, -7);
        CHECK_STR(endpoint.host, "h");
        CHECK_STR(endpoint.port, "p");
        CHECK_INT(endpoint_parse(text, &endpoint, NULL), -EINVAL);
}

static void test_invalid(void)
{
        check_invalid("", "unix:PATH");
        check_invalid("/run/x.sock", "unix:PATH");
        check_invalid("tcp:localhost:25", "inet:HOST:PORT");
        check_invalid("localhost:25", "inet:PORT");
        check_invalid("UNIX:/run/x", "unix:PATH");
        check_invalid("unix", "unix:PATH");
        check_invalid("unix:", "path");
        check_invalid("local:", "path");
        check_invalid("inet:", "port");
        check_invalid("inet:host:", "port");
        check_invalid("inet::25", "host");
        check_invalid("inet:[]:25", "host");
        check_invalid("inet:[::1]:", "port");
        check_invalid("inet:[::1]", "inet:[ADDRESS]:PORT");
        check_invalid("inet:[::1]25", "inet:[ADDRESS]:PORT");
        check_invalid("inet:[::1:25", "inet:[ADDRESS]:PORT");
        check_invalid("inet:::1:25", "inet:[ADDRESS]:PORT");
        check_invalid("inet:a:b:25", "inet:[ADDRESS]:PORT");
        check_invalid("inet:[::1]:25:26", "inet:[ADDRESS]:PORT");
}

static void test_invalid_port(void)
{
        check_invalid("inet:65536", "65535");
        check_invalid("inet:host:99999999999999999999999", "65535");
        check_invalid("inet:host:-1", "65535");
        check_invalid("inet:host:+25", "65535");
        check_invalid("inet:host: 25", "65535");
        check_invalid("inet:host:25 ", "65535");
        check_invalid("inet:host:sm tp", "65535");
        check_invalid("inet:host:a-service-name-of-32-characters-", "65535");
}

static void test_host_length(void)
{
        struct endpoint endpoint;
        struct socketmap_error error;
        char text[300] = "inet:";

        memset(text + 5, 'h', 255);
        memcpy(text + 5 + 255, ":25", 4);
        CHECK_INT(endpoint_parse(text, &endpoint, NULL), 0);
        CHECK_INT(strlen(endpoint.host), 255);
        memcpy(text + 5 + 255, "h:25", 5);
        CHECK_INT(endpoint_parse(text, &endpoint, &error), -ENAMETOOLONG);
        CHECK(strstr(error.text, "255") != NULL);
        CHECK(strstr(error.text, "256") != NULL);
}

/* Formats into memory of exactly the right size, and of one byte less. */
static void check_format(
        const void *address, size_t length, const char *expected)
{
        size_t size = strlen(expected) + 1;
        char *buffer = malloc(size);

        CHECK_INT(endpoint_format(address, (socklen_t)length, buffer, size), 0);
        CHECK_STR(buffer, expected);
        CHECK_INT(endpoint_format(address, (socklen_t)length, buffer, size - 1),
                -ENOBUFS);
        free(buffer);
}

static void test_format_unix(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        size_t offset = offsetof(struct sockaddr_un, sun_path);
        char expected[120] = "unix:";

        memcpy(address.sun_path, "/run/x.sock", 12);
        check_format(&address, sizeof(address), "unix:/run/x.sock");
        check_format(&address, offset + 11, "unix:/run/x.sock");
        check_format(&address, offset, "unix:");
        memcpy(address.sun_path, "\0abstract", 9);
        check_format(&address, offset + 9, "unix:");

        memset(address.sun_path, 'p', sizeof(address.sun_path));
        memset(expected + 5, 'p', sizeof(address.sun_path));
        check_format(&address, sizeof(address), expected);
}

static void test_format_inet(void)
{
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(25)};
        struct sockaddr_in6 v6 = {
                .sin6_family = AF_INET6, .sin6_port = htons(65535)};
        struct sockaddr unknown = {.sa_family = AF_MAX};
        char buffer[64];

        v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        check_format(&v4, sizeof(v4), "inet:127.0.0.1:25");
        v6.sin6_addr = in6addr_loopback;
        check_format(&v6, sizeof(v6), "inet:[::1]:65535");
        CHECK_INT(endpoint_format(
                          &unknown, sizeof(unknown), buffer, sizeof(buffer)),
                -EAFNOSUPPORT);
}

int main(void)
{
        RUN(test_unix);
        RUN(test_unix_path_length);
        RUN(test_inet);
        RUN(test_invalid);
        RUN(test_invalid_port);
        RUN(test_host_length);
        RUN(test_format_unix);
        RUN(test_format_inet);
        return check_done();
}
