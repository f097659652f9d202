/* SPDX-License-Identifier: MIT */
#include "hostile.h"
#include <stdio.h>
#include <stdlib.h>

/* What means something to some query language, path, shell or protocol. */
static const char *const words[] = {"'", "''", "\"", "\\", "\\'", "\\\"", "`",
        "%", "%%", "%s", "%n", "%u", "%d", "%99999999s", "$", "$1", "${x}",
        "$(x)", "*", "?", "(", ")", ")(", "*)(uid=*", "(|(a=b)", "&", "|", "||",
        ";", "; --", "--", "#", "/*", "*/", "' or '1'='1",
        "'; drop table users; --", "\" or \"\"=\"", "1 union select 1",
        "x' or 1=1 limit 1 --", "{", "}", "{{", "}}", "[", "]", "[1.2.3.4]",
        "[::1]", "<", ">", "<>", "=", "==", "!", "!=", "~", "^", "@", "@@",
        "a@b@c", ",", ".", "..", "../", "../../etc/passwd", "/", "//",
        "/etc/passwd", ":", "::", "+", "-", "_", "LIKE", "NULL", "null", "true",
        "0", "-1", "1e999", "0x0", "99999999999999999999", "*3\r\n$3",
        "GET / HTTP/1.1\r\n\r\n", "a\r\nSET x y", "\r\n", "\n", "\r", "\t", " ",
        "  ", " a", "a ", "a b", "\v", "\f", "\033[2J", "\a", "\b", "\177",
        "\xc2\x80", "\xc2\xa0", "\xe2\x80\xa8", "\xe2\x80\xae", "\xef\xbb\xbf",
        "\xef\xbf\xbe", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xc3\x9f",
        "\xc4\xb0", "\xcc\x87", "\xe1\xba\x9e", "\xef\xac\x83", "\x80", "\xbf",
        "\xc0\x80", "\xc0\xaf", "\xc1\x81", "\xc3", "\xc3(", "\xe0\x80\x80",
        "\xe2\x82", "\xed\xa0\x80", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "\xfe\xff", ""};

static const size_t sizes[] = {63, 64, 255, 256, 511, 512, 1365, 1366, 4095,
        4096, 4097, 65535, 65536, 131000};

static const char *const fillings[] = {
        "a", "A", "'", "\\", "\xc3\x84", "\xce\x90", "\xff", "%", "\"", "\0"};

/* Each word alone, beside others, and around a NUL. */
static void each_word(void (*each)(void *ctx, struct span key), void *ctx)
{
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                char key[200];
                int size;

                each(ctx, span_of(words[i]));
                size = snprintf(
                        key, sizeof(key), "hostile%s@example.org", words[i]);
                each(ctx, (struct span){key, (size_t)size});
                size = snprintf(key, sizeof(key), "%s%ca", words[i], '\0');
                each(ctx, (struct span){key, (size_t)size});
        }
}

static void each_filling(void (*each)(void *ctx, struct span key), void *ctx)
{
        for (size_t i = 0; i < sizeof(fillings) / sizeof(fillings[0]); i++)
                for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
                        size_t unit = strlen(fillings[i]);
                        char *key = malloc(sizes[j]);

                        if (unit == 0)
                                unit = 1;
                        for (size_t k = 0; k < sizes[j]; k++)
                                key[k] = fillings[i][k % unit];
                        each(ctx, (struct span){key, sizes[j]});
                        free(key);
                }
}

void hostile_keys(void (*each)(void *ctx, struct span key), void *ctx)
{
        each_word(each, ctx);
        each_filling(each, ctx);
        for (int byte = 0; byte < 256; byte++) {
                char key[3] = {'x', (char)byte, 'y'};

                each(ctx, (struct span){key, 3});
                each(ctx, (struct span){key + 1, 1});
        }
}
