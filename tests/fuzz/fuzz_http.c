/* SPDX-License-Identifier: MIT */
/*
 * HTTP: a key, a newline, a JSON pointer, a newline, a reply. Whatever they
 * are, a key arrives at the server as it is, in a URL and in a body; and no
 * reply means "not found", as nothing was said to mean that.
 */
#include "fuzz.h"

#include "tables/http/body.h"
#include "tables/http/result.h"
#include "tables/http/url.h"

#include <errno.h>
#include <stdlib.h>

static struct span take_line(struct span *rest)
{
        const char *newline =
                rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
        size_t size =
                newline != NULL ? (size_t)(newline - rest->data) : rest->size;
        struct span line = {rest->data, size};

        size += newline != NULL;
        rest->data += size;
        rest->size -= size;
        return line;
}

static void check_url(struct span key, struct arena *arena)
{
        size_t at = 0;
        struct span quoted;

        REQUIRE(http_url_quote(NULL, key, arena, &quoted) == 0);
        for (size_t i = 0; i < quoted.size; i++, at++) {
                char byte = quoted.data[i];

                REQUIRE(byte > ' ' && byte < '\177');
                REQUIRE(memchr("/?#&=+:@\"'<>\\", byte, 13) == NULL);
                if (byte == '%') {
                        char code[3] = {quoted.data[i + 1], quoted.data[i + 2]};

                        byte = (char)strtoul(code, NULL, 16);
                        i += 2;
                }
                REQUIRE(at < key.size && byte == key.data[at]);
        }
        REQUIRE(at == key.size);
}

static void check_body(struct span key, struct arena *arena)
{
        struct reason reason = {.code = 0};
        struct http_body body;
        struct span text;
        json_t *document, *array;
        int r;

        REQUIRE(http_body_parse("[\"%s\"]", "application/json", arena, &body,
                        &reason) == 0);
        r = template_expand_key(
                &body.template, key, body.quote, NULL, arena, &text);
        REQUIRE(r == 1 || r == -EILSEQ || (r == 0 && key.size == 0));
        if (r != 1)
                return;
        array = json_loadb(text.data, text.size, JSON_ALLOW_NUL, NULL);
        REQUIRE(json_array_size(array) == 1);
        document = json_array_get(array, 0);
        REQUIRE(json_string_length(document) == key.size);
        REQUIRE(memcmp(json_string_value(document), key.data, key.size) == 0);
        json_decref(array);
}

static void check_reply(struct span pointer, struct span reply,
        const struct db_common *common, struct arena *arena)
{
        struct reason reason = {.code = 0};
        struct http_result result;
        struct lookup lookup = {
                .key = SPAN_LITERAL("k"), .arena = arena, .deadline = 0};
        char *text = malloc(pointer.size + 6);
        int r;

        memcpy(text, "json:", 5);
        memcpy(text + 5, pointer.data, pointer.size);
        text[pointer.size + 5] = '\0';
        r = http_result_parse(text, "", arena, &result, &reason);
        REQUIRE(r == 0 || (r == -EINVAL && *reason.text != '\0'));
        if (r == 0) {
                http_result_answer(
                        &result, "server", common, 200, reply, &lookup);
                REQUIRE(lookup.answer == ANSWER_FOUND ||
                        lookup.answer == ANSWER_FAILED);
                REQUIRE(lookup.answer != ANSWER_FOUND || lookup.value.size > 0);
        }
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span rest = {(const char *)data, size};
        struct span key = take_line(&rest), pointer = take_line(&rest);
        const struct db_common_options options = {.query = "%s"};
        struct table_env env = {.report = NULL};
        struct reason reason;
        struct db_common *common = db_common_open(&env, &options, &reason);
        struct arena arena;

        REQUIRE(common != NULL);
        arena_init(&arena, NULL, 0, SIZE_MAX);
        check_url(key, &arena);
        check_body(key, &arena);
        check_reply(pointer, rest, common, &arena);
        arena_fini(&arena);
        db_common_close(common);
        return 0;
}
