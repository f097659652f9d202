/* SPDX-License-Identifier: MIT */
#include "tables/support/rules.h"
#include "base/braces.h"
#include "base/lines.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* As the innermost IF without an ENDIF. */
#define NO_RULE SIZE_MAX

static struct rule *rule_at(const struct rules *rules, size_t i)
{
        return (struct rule *)((char *)rules->items +
                               i * rules->type->rule_size);
}

void rule_warn(const struct rule_reader *reader, const char *format, ...)
{
        struct place place = lines_place(reader->lines, 0);
        char text[1000];
        va_list arguments;

        place.column = 0;
        va_start(arguments, format);
        if (vsnprintf(text, sizeof(text), format, arguments) < 0)
                text[0] = '\0';
        va_end(arguments);
        report_at(reader->env->report, SEVERITY_WARNING, &place, "%s", text);
}

/* Makes room for one more rule, all zero. */
static int reserve(struct rules *rules)
{
        size_t size = rules->type->rule_size, capacity;
        void *items;

        if (rules->count == rules->capacity) {
                capacity = rules->capacity > 0 ? rules->capacity : 16;
                if (capacity > SIZE_MAX / 2 / size)
                        return -ENOMEM;
                capacity *= 2;
                items = realloc(rules->items, capacity * size);
                if (items == NULL)
                        return -ENOMEM;
                rules->items = items;
                rules->capacity = capacity;
        }
        memset(rule_at(rules, rules->count), 0, size);
        return 0;
}

/*
 * Adds a rule. An IF has in `miss` the one around it, until its ENDIF is found.
 */
static int add_rule(struct rule_reader *reader, char *text, bool is_if)
{
        struct rules *rules = reader->rules;
        struct rule *rule;
        int result = reserve(rules);

        if (result < 0)
                return result;
        rule = rule_at(rules, rules->count);
        rule->line = lines_place(reader->lines, 0).line;
        rule->is_if = is_if;
        rule->miss = rules->count + 1;
        reader->is_in_if = reader->open_if != NO_RULE;
        result = rules->type->parse(reader, text, rule);
        if (result <= 0) {
                rules->type->fini(rules->type, rule);
                return result;
        }
        if (is_if) {
                rule->miss = reader->open_if;
                reader->open_if = rules->count;
        }
        rules->count++;
        return 0;
}

static void add_endif(struct rule_reader *reader, const char *behind)
{
        struct rule *rule;

        if (*behind != '\0' && reader->rules->type->endif_is_alone) {
                rule_warn(reader, "text behind ENDIF: line ignored, the IF "
                                  "goes on");
                return;
        }
        if (reader->open_if == NO_RULE) {
                rule_warn(reader, "ENDIF without an IF: ignored");
                return;
        }
        if (*behind != '\0')
                rule_warn(reader, "text behind ENDIF: ignored");
        rule = rule_at(reader->rules, reader->open_if);
        reader->open_if = rule->miss;
        rule->miss = reader->rules->count;
}

/* What no ENDIF ends goes on to the end of all. */
static void end_ifs(struct rule_reader *reader)
{
        while (reader->open_if != NO_RULE) {
                struct rule *rule = rule_at(reader->rules, reader->open_if);
                struct place place = {reader->name, rule->line, 0};

                report_at(reader->env->report, SEVERITY_WARNING, &place,
                        "IF without an ENDIF: it goes on to the end");
                reader->open_if = rule->miss;
                rule->miss = reader->rules->count;
        }
}

static bool is_alphanumeric(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z');
}

/* Whether the text begins with a word; then *text goes on behind it. */
static bool take_word(char **text, const char *word)
{
        size_t size = strlen(word);

        if (strncasecmp(*text, word, size) != 0 ||
                is_alphanumeric((*text)[size]))
                return false;
        *text += size;
        while (byte_is_space(**text))
                (*text)++;
        return true;
}

static int add_line(struct rule_reader *reader, char *text)
{
        if (take_word(&text, "if"))
                return add_rule(reader, text, true);
        if (!take_word(&text, "endif"))
                return add_rule(reader, text, false);
        add_endif(reader, text);
        return 0;
}

static int add_lines(struct rule_reader *reader, struct reason *ret_reason)
{
        char *text;
        size_t size;
        int result;

        for (;;) {
                result = lines_next(reader->lines, reader->env->report, &text,
                        &size, ret_reason);
                if (result <= 0)
                        break;
                result = add_line(reader, text);
                if (result < 0) {
                        reason_set_errno(
                                ret_reason, result, "%s", reader->name);
                        return result;
                }
        }
        end_ifs(reader);
        return result;
}

static int read_file(
        struct rule_reader *reader, const char *file, struct reason *ret_reason)
{
        reader->name = file;
        reader->rules->name = strdup(file);
        if (reader->rules->name == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", file);
                return -ENOMEM;
        }
        reader->lines = lines_open(file, ret_reason);
        if (reader->lines == NULL)
                return ret_reason->code;
        return add_lines(reader, ret_reason);
}

static int read_braces(struct rule_reader *reader, const char *argument,
        struct reason *ret_reason)
{
        const char *type = reader->rules->type->name;
        char *text;
        struct span all;
        int result = rules_unfold(type, argument, &text, &all.size, ret_reason);

        if (result < 0)
                return result;
        all.data = text;
        snprintf(reader->in_place, sizeof(reader->in_place), "%s:{}", type);
        reader->name = reader->in_place;
        reader->lines = lines_open_text(reader->name, all, ret_reason);
        result = reader->lines == NULL ? ret_reason->code
                                       : add_lines(reader, ret_reason);
        free(text);
        return result;
}

struct rules *rules_read(const struct table_env *env,
        const struct rules_type *type, const char *argument,
        struct reason *ret_reason)
{
        struct rules *rules = calloc(1, sizeof(*rules));
        struct rule_reader reader = {
                .env = env, .rules = rules, .open_if = NO_RULE};
        int result;

        if (rules == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", type->name);
                return NULL;
        }
        rules->type = type;
        if (argument[0] == '{')
                result = read_braces(&reader, argument, ret_reason);
        else
                result = read_file(&reader, argument, ret_reason);
        lines_close(reader.lines);
        if (result == 0)
                return rules;
        rules_free(rules);
        return NULL;
}

void rules_free(struct rules *rules)
{
        if (rules == NULL)
                return;
        for (size_t i = 0; i < rules->count; i++)
                rules->type->fini(rules->type, rule_at(rules, i));
        free(rules->items);
        free(rules->name);
        free(rules);
}

void rule_name(const struct rules *rules, const struct rule *rule, char *buffer,
        size_t size)
{
        const char *name = rules->name;

        snprintf(buffer, size, "%s%s:%zu",
                name != NULL ? name : rules->type->name,
                name != NULL ? "" : ":{}", rule->line);
}

void rule_trace(const struct rules *rules, const struct rule *rule,
        const struct lookup *lookup)
{
        char name[200];

        if (lookup->trace == NULL)
                return;
        rule_name(rules, rule, name, sizeof(name));
        lookup_trace(lookup, "%s matches", name);
}
