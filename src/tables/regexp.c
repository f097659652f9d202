/* SPDX-License-Identifier: MIT */
/*
 * regexp:FILE, regexp:{{RULE}, ...} - rules with the C library's regular
 * expressions: the longest of the leftmost matches. It has no limits and cannot
 * be stopped: what may take long is left to threads.
 */
#include "tables/support/patterns.h"
#include <errno.h>
#include <limits.h>
#include <regex.h>
#include <stdlib.h>

extern const struct table_type table_type_regexp;

struct pattern {
        regex_t regex; /* for the thread that asks */
        char *text;
        int flags;
        size_t number;
        bool has_references; /* \1: time may grow without bounds */
};

/*
 * glibc locks an expression while it is matched: a thread that never comes to
 * an end would stop all the others. So each has its own.
 */
struct copy {
        regex_t regex;
        bool is_made;
};

struct matcher {
        char *key; /* a copy, with a NUL behind it */
        size_t key_capacity;
        regmatch_t *groups;
        struct copy *copies; /* NULL: not in a thread */
        size_t copy_count;
};

static bool toggle_flag(
        const struct rule_reader *reader, char letter, unsigned *flags)
{
        (void)reader;
        switch (letter) {
        case 'i':
                *flags ^= REG_ICASE;
                return true;
        case 'm':
                *flags ^= REG_NEWLINE;
                return true;
        case 'x':
                *flags ^= REG_EXTENDED;
                return true;
        default:
                return false;
        }
}

/* Rather once too often: a backslash may be a protected one. */
static bool has_references(const char *text)
{
        for (; *text != '\0'; text++)
                if (text[0] == '\\' && text[1] >= '1' && text[1] <= '9')
                        return true;
        return false;
}

static void set_error(const regex_t *regex, int code, struct reason *ret_reason)
{
        char message[200];

        regerror(code, regex, message, sizeof(message));
        reason_set(ret_reason, "%s", message);
        if (code == REG_ESPACE)
                ret_reason->code = -ENOMEM;
}

static void *compile_pattern(const char *text, unsigned flags, bool captures,
        size_t number, unsigned *ret_groups, struct reason *ret_reason)
{
        struct pattern *pattern = calloc(1, sizeof(*pattern));
        int error;

        if (pattern != NULL)
                pattern->text = strdup(text);
        if (pattern == NULL || pattern->text == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "pattern");
                goto fail;
        }
        pattern->flags = (int)flags | (captures ? 0 : REG_NOSUB);
        pattern->number = number;
        pattern->has_references = has_references(text);
        error = regcomp(&pattern->regex, text, pattern->flags);
        if (error != 0) {
                set_error(&pattern->regex, error, ret_reason);
                goto fail;
        }
        *ret_groups = (unsigned)pattern->regex.re_nsub;
        return pattern;

fail:
        if (pattern != NULL)
                free(pattern->text);
        free(pattern);
        return NULL;
}

static void free_pattern(void *ctx)
{
        struct pattern *pattern = ctx;

        regfree(&pattern->regex);
        free(pattern->text);
        free(pattern);
}

static void end_matcher(void *ctx)
{
        struct matcher *matcher = ctx;

        for (size_t i = 0; i < matcher->copy_count; i++)
                if (matcher->copies[i].is_made)
                        regfree(&matcher->copies[i].regex);
        free(matcher->copies);
        free(matcher->groups);
        free(matcher->key);
        free(matcher);
}

static void *begin_matcher(size_t patterns, unsigned groups, bool in_thread)
{
        struct matcher *matcher = calloc(1, sizeof(*matcher));

        if (matcher == NULL)
                return NULL;
        matcher->groups = calloc((size_t)groups + 1, sizeof(*matcher->groups));
        if (matcher->groups == NULL)
                goto fail;
        if (in_thread) {
                matcher->copies =
                        calloc(patterns + 1, sizeof(*matcher->copies));
                if (matcher->copies == NULL)
                        goto fail;
                matcher->copy_count = patterns;
        }
        return matcher;

fail:
        end_matcher(matcher);
        return NULL;
}

/*
 * The size is told apart from the text (REG_STARTEND): a NUL in it is a byte
 * as others are. But nobody else expects a text without a NUL at its end.
 */
static int prepare(void *ctx, struct span key)
{
        struct matcher *matcher = ctx;
        char *copy;

        if (key.size >= INT_MAX)
                return -ENOMEM;
        if (key.size >= matcher->key_capacity) {
                copy = realloc(matcher->key, key.size + 1);
                if (copy == NULL)
                        return -ENOMEM;
                matcher->key = copy;
                matcher->key_capacity = key.size + 1;
        }
        if (key.size > 0)
                memcpy(matcher->key, key.data, key.size);
        matcher->key[key.size] = '\0';
        return 0;
}

/* Returns the thread's own copy, or NULL with the reason. */
static const regex_t *copy_of(struct matcher *matcher,
        const struct pattern *pattern, struct reason *ret_reason)
{
        struct copy *copy = &matcher->copies[pattern->number];
        int error;

        if (copy->is_made)
                return &copy->regex;
        error = regcomp(&copy->regex, pattern->text, pattern->flags);
        if (error != 0) {
                set_error(&copy->regex, error, ret_reason);
                return NULL;
        }
        copy->is_made = true;
        return &copy->regex;
}

static int match_pattern(void *ctx, const void *ctx_pattern, struct span key,
        unsigned groups, struct reason *ret_reason)
{
        struct matcher *matcher = ctx;
        const struct pattern *pattern = ctx_pattern;
        const regex_t *regex = &pattern->regex;
        int error;

        if (matcher->copies == NULL && pattern->has_references)
                return -EAGAIN;
        if (matcher->copies != NULL)
                regex = copy_of(matcher, pattern, ret_reason);
        if (regex == NULL)
                return ret_reason->code;
        matcher->groups[0] = (regmatch_t){0, (regoff_t)key.size};
        error = regexec(regex, matcher->key, groups > 0 ? groups + 1 : 0,
                matcher->groups, REG_STARTEND);
        if (error == 0 || error == REG_NOMATCH)
                return error == 0;
        set_error(regex, error, ret_reason);
        return ret_reason->code;
}

static struct span get_group(const void *ctx, struct span key, unsigned number)
{
        const struct matcher *matcher = ctx;
        regmatch_t group = matcher->groups[number];

        if (group.rm_so < 0 || group.rm_eo <= group.rm_so)
                return (struct span){NULL, 0};
        return (struct span){
                key.data + group.rm_so, (size_t)(group.rm_eo - group.rm_so)};
}

static const struct pattern_engine engine = {
        .rules = {.name = "regexp",
                .rule_size = sizeof(struct pattern_rule),
                .parse = pattern_parse,
                .fini = pattern_fini},
        .type = &table_type_regexp,
        .flags = REG_EXTENDED | REG_ICASE,
        .letters = "i, m, x",
        .has_second = true,
        .backslash_ends = true,
        .toggle = toggle_flag,
        .compile = compile_pattern,
        .free = free_pattern,
        .begin = begin_matcher,
        .end = end_matcher,
        .prepare = prepare,
        .match = match_pattern,
        .group = get_group,
};

static struct table *read_regexp(const struct table_env *env,
        const char *argument, const struct file_state *state,
        struct reason *ret_reason)
{
        return patterns_read(&engine, env, argument, state, ret_reason);
}

static int check_regexp(const char *argument, struct reason *ret_reason)
{
        return rules_check("regexp", argument, ret_reason);
}

static struct table *open_regexp(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        if (check_regexp(argument, ret_reason) < 0)
                return NULL;
        return rules_open(env, argument, read_regexp, ret_reason);
}

static const char manual[] =
        "A file with one rule a line, as\n"
        ".Xr regexp_table 5\n"
        "describes it, or the rules themselves,\n"
        ".Li regexp:{{ Ns Ar RULE Ns Li }, { Ns Ar RULE Ns Li }} .\n"
        "They match the longest of the leftmost texts.\n"
        "They are tried in their order, each on the whole key as it was sent,\n"
        "byte by byte; the first one that matches gives the value.\n"
        "A rule that is wrong is skipped with a warning.\n"
        ".Pp\n"
        "Keys of more than 512 bytes, and those that come to a rule with a\n"
        "back-reference\n"
        ".Pq Li \\e1 ,\n"
        "go to the table's threads.\n"
        "Such a match has no limits, and cannot be stopped: at its deadline the\n"
        "lookup is answered, but the thread is lost until the match ends.\n"
        "Patterns of\n"
        ".Cm pcre\n"
        "have a limit.\n"
        ".Pp\n"
        "With\n"
        ".Cm search = transport\n"
        "and searches by sender, rules with\n"
        ".Li $1\n"
        "are skipped, as in Postfix.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = regexp:/etc/postfix/virtual.regexp\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map virtual]\n"
        "table = regexp:/etc/postfix/virtual.regexp\n"
        "search = virtual\n"
        ".Ed\n";

const struct table_type table_type_regexp = {
        .name = "regexp",
        .summary = "rules with the C library's regular expressions",
        .argument = "FILE|{{RULE}...}",
        .manual = manual,
        .check = check_regexp,
        .open = open_regexp,
        .start = patterns_start,
        .cancel = patterns_cancel,
        .close = patterns_close,
};
