/* SPDX-License-Identifier: MIT */
#include "tables/support/pattern_rule.h"
#include "base/braces.h"
#include <errno.h>

/* A pattern as it is written. */
struct source {
        const char *text; /* NULL: there is none */
        unsigned flags;
        bool is_negated;
};

static const struct pattern_engine *engine_of(const struct rules_type *type)
{
        return (const struct pattern_engine *)type;
}

static char *skip_space(char *at)
{
        while (byte_is_space(*at))
                at++;
        return at;
}

/* Takes "!" off, as often as it stands there. */
static bool take_negation(char **text)
{
        bool is_negated = false;

        for (; **text == '!' || byte_is_space(**text); (*text)++)
                if (**text == '!')
                        is_negated = !is_negated;
        return is_negated;
}

/* Returns the next delimiter that no backslash protects, or NULL. */
static char *find_delimiter(char *at, char delimiter, bool backslash_ends)
{
        for (; *at != '\0'; at++) {
                if (*at == '\\' && at[1] == '\0')
                        return backslash_ends ? at : NULL;
                if (*at == '\\')
                        at++;
                else if (*at == delimiter)
                        return at;
        }
        return NULL;
}

static bool take_flags(
        const struct rule_reader *reader, char **text, struct source *source)
{
        const struct pattern_engine *engine = engine_of(reader->rules->type);

        source->flags = engine->flags;
        for (; **text != '\0' && !byte_is_space(**text); (*text)++) {
                if (engine->has_second && **text == '!')
                        break;
                if (!engine->toggle(reader, **text, &source->flags)) {
                        rule_warn(reader,
                                "unknown flag '%c', expected any of %s: rule "
                                "skipped",
                                **text, engine->letters);
                        return false;
                }
        }
        return true;
}

/* Takes a pattern off the text. Returns false after a warning. */
static bool take_pattern(
        const struct rule_reader *reader, char **text, struct source *source)
{
        char delimiter, *end;

        source->is_negated = take_negation(text);
        delimiter = **text;
        if (delimiter == '\0') {
                rule_warn(reader, "no pattern: rule skipped");
                return false;
        }
        source->text = *text + 1;
        end = find_delimiter(*text + 1, delimiter,
                engine_of(reader->rules->type)->backslash_ends);
        if (end == NULL) {
                rule_warn(reader,
                        "the pattern does not end: expected another '%c'; "
                        "rule skipped",
                        delimiter);
                return false;
        }
        *end = '\0';
        *text = end + 1;
        return take_flags(reader, text, source);
}

/* Returns 1, or as a rules_type's parse does. */
static int compile(const struct rule_reader *reader,
        const struct source *source, bool captures, bool is_second,
        unsigned *ret_groups, void **ret_pattern)
{
        struct reason reason;

        *ret_pattern = engine_of(reader->rules->type)
                               ->compile(source->text, source->flags, captures,
                                       2 * reader->rules->count + is_second,
                                       ret_groups, &reason);
        if (*ret_pattern != NULL)
                return 1;
        if (reason.code == -ENOMEM)
                return -ENOMEM;
        rule_warn(reader, "%s: rule skipped", reason.text);
        return 0;
}

static int parse_result(const struct rule_reader *reader, const char *text,
        struct pattern_rule *rule)
{
        struct reason reason;

        if (*text == '\0')
                rule_warn(reader, "no result: the value is empty, an error "
                                  "where an address is looked up");
        if (result_parse(&rule->result, span_of(text), &reason) < 0) {
                if (reason.code == -ENOMEM)
                        return -ENOMEM;
                rule_warn(reader, "%s: rule skipped", reason.text);
                return 0;
        }
        if (rule->result.groups > 0 && rule->is_negated) {
                rule_warn(reader,
                        "$%u in the result of a negated pattern, "
                        "which matches nothing: rule skipped",
                        rule->result.groups);
                return 0;
        }
        if (rule->result.groups > 0 && reader->env->no_substitution) {
                rule_warn(reader,
                        "$%u is not allowed here: a sender could choose where "
                        "mail goes; rule skipped",
                        rule->result.groups);
                return 0;
        }
        return 1;
}

static int compile_rule(const struct rule_reader *reader,
        const struct source *first, const struct source *second,
        struct pattern_rule *rule)
{
        unsigned groups;
        int result = compile(reader, first, rule->result.groups > 0, false,
                &groups, &rule->first);

        if (result <= 0)
                return result;
        if (rule->result.groups > groups) {
                rule_warn(reader,
                        "$%u, but the pattern has %u group%s: rule skipped",
                        rule->result.groups, groups, groups == 1 ? "" : "s");
                return 0;
        }
        if (second->text == NULL)
                return 1;
        return compile(reader, second, false, true, &groups, &rule->second);
}

static int parse_match(
        const struct rule_reader *reader, char *text, struct pattern_rule *rule)
{
        struct source first = {.text = NULL}, second = {.text = NULL};
        int result;

        if (!take_pattern(reader, &text, &first))
                return 0;
        if (engine_of(reader->rules->type)->has_second && *text == '!' &&
                !take_pattern(reader, &text, &second))
                return 0;
        rule->is_negated = first.is_negated;
        rule->is_second_negated = second.is_negated;
        result = parse_result(reader, skip_space(text), rule);
        if (result <= 0)
                return result;
        return compile_rule(reader, &first, &second, rule);
}

static int parse_if(
        const struct rule_reader *reader, char *text, struct pattern_rule *rule)
{
        struct source source;
        unsigned groups;

        if (!take_pattern(reader, &text, &source))
                return 0;
        text = skip_space(text);
        if (*text != '\0')
                rule_warn(reader,
                        "text behind IF: ignored; rules begin at the "
                        "beginning of their line, also behind IF: \"%s\"",
                        text);
        rule->is_negated = source.is_negated;
        return compile(reader, &source, true, false, &groups, &rule->first);
}

static bool is_alphanumeric(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z');
}

int pattern_parse(
        const struct rule_reader *reader, char *text, struct rule *rule)
{
        struct pattern_rule *pattern = (struct pattern_rule *)rule;

        if (rule->is_if)
                return parse_if(reader, text, pattern);
        if (!is_alphanumeric(*text))
                return parse_match(reader, text, pattern);
        rule_warn(reader, "expected /PATTERN/ RESULT, IF or ENDIF: rule "
                          "skipped");
        return 0;
}

void pattern_fini(const struct rules_type *type, struct rule *rule)
{
        const struct pattern_engine *engine = engine_of(type);
        struct pattern_rule *pattern = (struct pattern_rule *)rule;

        if (pattern->first != NULL)
                engine->free(pattern->first);
        if (pattern->second != NULL)
                engine->free(pattern->second);
        result_fini(&pattern->result);
}
