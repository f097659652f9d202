/* SPDX-License-Identifier: MIT */
#include "tables/http/result.h"
#include "base/braces.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define JSON_PREFIX "json:"

/* What may be said to mean "not found". */
enum { VALUE_MISSING = 1, VALUE_NULL = 2, VALUE_EMPTY = 4, VALUE_FALSE = 8 };

static const struct {
        const char *word;
        unsigned bit;
        const char *is; /* as in "... is ...", of a value that is none */
} nothings[] = {
        {"missing", VALUE_MISSING, "missing in the reply"},
        {"null", VALUE_NULL, "null in the reply"},
        {"empty", VALUE_EMPTY, "empty in the reply"},
        {"false", VALUE_FALSE, NULL},
};

#define NOTHINGS (sizeof(nothings) / sizeof(nothings[0]))

static int parse_notfound(
        const char *text, unsigned *ret_bits, struct reason *ret_reason)
{
        struct span rest = span_of(text), word;
        unsigned bits = 0;

        while (word_next(&rest, &word)) {
                size_t i = 0;

                while (i < NOTHINGS &&
                        !span_equal(word, span_of(nothings[i].word)))
                        i++;
                if (i == NOTHINGS) {
                        reason_set(ret_reason,
                                "notfound_result: \"%.*s\" is none of missing, "
                                "null, empty, false",
                                (int)word.size, word.data);
                        return -EINVAL;
                }
                bits |= nothings[i].bit;
        }
        *ret_bits = bits;
        return 0;
}

static int parse_pointer(const char *text, struct arena *arena,
        struct http_result *result, struct reason *ret_reason)
{
        struct reason why;
        int r = json_pointer_parse(
                span_of(text), arena, &result->pointer, &why);

        if (r < 0) {
                reason_set(ret_reason, "result: %s", why.text);
                ret_reason->code = r;
        }
        return r;
}

int http_result_parse(const char *result, const char *notfound,
        struct arena *arena, struct http_result *ret_result,
        struct reason *ret_reason)
{
        struct http_result parsed = {.text = result};
        size_t prefix = strlen(JSON_PREFIX);
        int r = parse_notfound(notfound, &parsed.notfound, ret_reason);

        if (r < 0)
                return r;
        if (strcmp(result, "body") == 0) {
                parsed.kind = HTTP_RESULT_BODY;
        } else if (strcmp(result, "status") == 0) {
                parsed.kind = HTTP_RESULT_STATUS;
        } else if (strncmp(result, JSON_PREFIX, prefix) == 0) {
                parsed.kind = HTTP_RESULT_JSON;
                r = parse_pointer(result + prefix, arena, &parsed, ret_reason);
        } else {
                reason_set(ret_reason,
                        "result: \"%s\" is none of body, json:POINTER, status",
                        result);
                r = -EINVAL;
        }
        if (r == 0)
                *ret_result = parsed;
        return r;
}

/* What the answer is made of, and of whom. */
struct answering {
        const struct http_result *result;
        const char *name;
        const struct db_common *common;
        struct lookup *lookup;
};

/* There is a reply, but nothing in it: whoever configured it knows why. */
static void answer_nothing(const struct answering *answering, unsigned what)
{
        struct lookup *lookup = answering->lookup;
        size_t i = 0;

        while (nothings[i].bit != what)
                i++;
        if ((answering->result->notfound & what) != 0) {
                lookup_trace(lookup, "notfound_result: %s", nothings[i].word);
                lookup_absent(lookup);
                return;
        }
        lookup_failed(lookup,
                "%s: %s is %s: if that means \"not found\", write "
                "notfound_result = %s",
                answering->name, answering->result->text, nothings[i].is,
                nothings[i].word);
}

static void answer_text(const struct answering *answering, struct span text)
{
        struct db_rows rows;

        db_rows_init(&rows, answering->common, answering->lookup);
        if (db_rows_add(&rows, text) == 0)
                db_rows_answer(&rows);
}

/* A page for people, say, that tells of an error, has several lines. */
static void answer_body(const struct answering *answering, struct span body)
{
        struct span text = body.size > 0 ? trim(body) : body;

        if (text.size == 0)
                answer_nothing(answering, VALUE_EMPTY);
        else if (memchr(text.data, '\n', text.size) != NULL)
                lookup_failed(answering->lookup,
                        "%s: the body has more than one line: it is no value",
                        answering->name);
        else
                answer_text(answering, text);
}

static bool is_empty_string(const json_t *value)
{
        return json_is_string(value) && json_string_length(value) == 0;
}

/* As rows of a database are skipped, so are such elements of a list. */
static bool is_empty(const json_t *value)
{
        size_t i;
        json_t *element;

        if (!json_is_array(value))
                return is_empty_string(value);
        json_array_foreach(
                value, i, element) if (!json_is_null(element) &&
                                       !is_empty_string(element)) return false;
        return true;
}

/* The shortest text that is read as the same number. */
static int write_real(double number, char *text, size_t size)
{
        int length = 0;

        for (int digits = 15; digits <= 17; digits++) {
                length = snprintf(text, size, "%.*g", digits, number);
                if (strtod(text, NULL) == number)
                        break;
        }
        return length;
}

/* Adds a string, number or boolean. Returns 0, or the lookup has failed. */
static int add_value(const struct answering *answering, struct db_rows *rows,
        const json_t *value)
{
        char text[64];
        int size = 0;

        switch (json_typeof(value)) {
        case JSON_STRING:
                return db_rows_add(rows, (struct span){json_string_value(value),
                                                 json_string_length(value)});
        case JSON_INTEGER:
                size = snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
                        json_integer_value(value));
                break;
        case JSON_REAL:
                size = write_real(json_real_value(value), text, sizeof(text));
                break;
        case JSON_TRUE:
        case JSON_FALSE:
                size = snprintf(text, sizeof(text), "%s",
                        json_is_true(value) ? "true" : "false");
                break;
        case JSON_NULL:
                return 0;
        case JSON_OBJECT:
        case JSON_ARRAY:
        default:
                lookup_failed(answering->lookup,
                        "%s: %s is neither a value nor a list of values",
                        answering->name, answering->result->text);
                return -EBADMSG;
        }
        return db_rows_add(rows, (struct span){text, (size_t)size});
}

static void answer_value(const struct answering *answering, const json_t *value)
{
        struct db_rows rows;
        size_t i;
        json_t *element;

        db_rows_init(&rows, answering->common, answering->lookup);
        if (!json_is_array(value)) {
                if (add_value(answering, &rows, value) == 0)
                        db_rows_answer(&rows);
                return;
        }
        json_array_foreach(value, i,
                element) if (add_value(answering, &rows, element) < 0) return;
        db_rows_answer(&rows);
}

static void answer_document(const struct answering *answering, json_t *document)
{
        json_t *value = NULL;
        int r = json_pointer_find(
                &answering->result->pointer, document, &value);

        if (r < 0)
                lookup_failed(answering->lookup,
                        "%s: the reply has another form than %s",
                        answering->name, answering->result->text);
        else if (r == 0)
                answer_nothing(answering, VALUE_MISSING);
        else if (json_is_null(value))
                answer_nothing(answering, VALUE_NULL);
        else if (is_empty(value))
                answer_nothing(answering, VALUE_EMPTY);
        else if (json_is_false(value) &&
                 (answering->result->notfound & VALUE_FALSE) != 0)
                answer_nothing(answering, VALUE_FALSE);
        else
                answer_value(answering, value);
}

static void answer_json(const struct answering *answering, struct span body)
{
        const size_t flags =
                JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
        json_error_t error;
        json_t *document = json_loadb(
                body.size > 0 ? body.data : "", body.size, flags, &error);

        if (document == NULL) {
                lookup_failed(answering->lookup,
                        "%s: the reply is no JSON: %s (byte %d)",
                        answering->name, error.text, error.position);
                return;
        }
        answer_document(answering, document);
        json_decref(document);
}

void http_result_answer(const struct http_result *result, const char *name,
        const struct db_common *common, long status, struct span body,
        struct lookup *lookup)
{
        const struct answering answering = {
                .result = result,
                .name = name,
                .common = common,
                .lookup = lookup,
        };
        char number[24];

        switch (result->kind) {
        case HTTP_RESULT_JSON:
                answer_json(&answering, body);
                break;
        case HTTP_RESULT_STATUS:
                snprintf(number, sizeof(number), "%ld", status);
                answer_text(&answering, span_of(number));
                break;
        case HTTP_RESULT_BODY:
        default:
                answer_body(&answering, body);
                break;
        }
}
