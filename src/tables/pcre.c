/* SPDX-License-Identifier: MIT */
/*
 * pcre:FILE, pcre:{{RULE}, ...} - rules with regular expressions as Perl has
 * them, in bytes. Only what matches fast is matched where others wait: a
 * pattern that needs many steps is tried again on a thread.
 */
#include "tables/pcre/code.h"
#include "tables/support/patterns.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

extern const struct table_type table_type_pcre;

/*
 * Steps a pattern may take where others wait: 1 ms at the most. The library
 * counts them anew wherever in the key a match could begin, so each place gets
 * its share.
 */
#define STEPS_INLINE ((size_t)30000)

/* Memory for a match, in KiB; the library's default is 20 GB. */
#define HEAP_INLINE 256
#define HEAP_THREAD 65536

/* The stack of a match by compiled machine code, in bytes. */
#define STACK_LEAST ((size_t)32 * 1024)
#define STACK_MOST ((size_t)1024 * 1024)

struct matcher {
        pcre2_match_context *context;
        pcre2_match_data *data; /* of the last match */
        pcre2_jit_stack *stack; /* NULL: the machine's, a little of it */
        unsigned groups;
        bool in_thread;
        struct pcre_bytes bytes; /* of the key */
        int count; /* of groups that `data` has, group 0 included */
};

static bool toggle_flag(
        const struct rule_reader *reader, char letter, unsigned *flags)
{
        static const struct {
                char letter;
                uint32_t flag;
        } known[] = {
                {'i', PCRE2_CASELESS},
                {'m', PCRE2_MULTILINE},
                {'s', PCRE2_DOTALL},
                {'x', PCRE2_EXTENDED},
                {'A', PCRE2_ANCHORED},
                {'E', PCRE2_DOLLAR_ENDONLY},
                {'U', PCRE2_UNGREEDY},
        };

        if (letter == 'X') {
                rule_warn(reader, "flag 'X': PCRE2 has none, ignored");
                return true;
        }
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                if (known[i].letter == letter) {
                        *flags ^= known[i].flag;
                        return true;
                }
        return false;
}

static void *compile_pattern(const char *text, unsigned flags, bool captures,
        size_t number, unsigned *ret_groups, struct reason *ret_reason)
{
        (void)captures;
        (void)number;
        return pcre_compile(text, flags, ret_groups, ret_reason);
}

static void free_pattern(void *pattern)
{
        pcre_free(pattern);
}

static void end_matcher(void *ctx)
{
        struct matcher *matcher = ctx;

        pcre2_match_data_free(matcher->data);
        pcre2_match_context_free(matcher->context);
        pcre2_jit_stack_free(matcher->stack);
        free(matcher);
}

static void *begin_matcher(size_t patterns, unsigned groups, bool in_thread)
{
        struct matcher *matcher = calloc(1, sizeof(*matcher));

        (void)patterns;
        if (matcher == NULL)
                return NULL;
        matcher->groups = groups;
        matcher->in_thread = in_thread;
        matcher->data = pcre2_match_data_create(groups + 1, NULL);
        matcher->context = pcre2_match_context_create(NULL);
        if (matcher->data == NULL || matcher->context == NULL) {
                end_matcher(matcher);
                return NULL;
        }
        pcre2_set_heap_limit(
                matcher->context, in_thread ? HEAP_THREAD : HEAP_INLINE);
        if (in_thread) {
                /* Without it less is matched by machine code, that is all. */
                matcher->stack =
                        pcre2_jit_stack_create(STACK_LEAST, STACK_MOST, NULL);
                pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
        }
        return matcher;
}

/* What a slow match took is not kept. Returns 0 or -ENOMEM. */
static int begin_anew(struct matcher *matcher)
{
        pcre2_match_data_free(matcher->data);
        matcher->data = pcre2_match_data_create(matcher->groups + 1, NULL);
        return matcher->data == NULL ? -ENOMEM : 0;
}

static int match_with(struct matcher *matcher, const pcre2_code *code,
        struct span key, uint32_t options)
{
        const char *text = key.size > 0 ? key.data : "";

        return pcre2_match(code, (PCRE2_SPTR)text, key.size, 0, options,
                matcher->data, matcher->context);
}

/* Whether a match was ended because of what it takes. */
static bool is_limit(int code)
{
        return code == PCRE2_ERROR_MATCHLIMIT ||
               code == PCRE2_ERROR_DEPTHLIMIT ||
               code == PCRE2_ERROR_HEAPLIMIT ||
               code == PCRE2_ERROR_JIT_STACKLIMIT;
}

static int prepare(void *ctx, struct span key)
{
        struct matcher *matcher = ctx;

        matcher->bytes = pcre_bytes_of(key);
        if (!matcher->in_thread)
                pcre2_set_match_limit(matcher->context,
                        (uint32_t)(STEPS_INLINE / (key.size + 1)));
        return 0;
}

static int match_in_thread(
        struct matcher *matcher, const pcre2_code *code, struct span key)
{
        int result;

        if (begin_anew(matcher) < 0)
                return PCRE2_ERROR_NOMEMORY;
        result = match_with(matcher, code, key, 0);
        if (result == PCRE2_ERROR_JIT_STACKLIMIT)
                result = match_with(matcher, code, key, PCRE2_NO_JIT);
        return result;
}

static int match_pattern(void *ctx, const void *ctx_pattern, struct span key,
        unsigned groups, struct reason *ret_reason)
{
        struct matcher *matcher = ctx;
        const struct pcre_code *pattern = ctx_pattern;
        char message[200];

        (void)groups;
        if (!pcre_may_match(pattern, &matcher->bytes, key))
                return 0;
        matcher->count = matcher->in_thread
                                 ? match_in_thread(matcher, pattern->code, key)
                                 : match_with(matcher, pattern->code, key, 0);
        if (matcher->count >= 0)
                return 1;
        if (matcher->count == PCRE2_ERROR_NOMATCH)
                return 0;
        if (!matcher->in_thread && is_limit(matcher->count))
                return -EAGAIN;
        reason_set(ret_reason, "%s",
                pcre_message(matcher->count, message, sizeof(message)));
        return ret_reason->code;
}

static struct span get_group(const void *ctx, struct span key, unsigned number)
{
        const struct matcher *matcher = ctx;
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(matcher->data);
        size_t from = ends[2 * (size_t)number],
               to = ends[2 * (size_t)number + 1];

        /* A count of 0: there are more groups than anybody asks for. */
        if (matcher->count > 0 && number >= (unsigned)matcher->count)
                return (struct span){NULL, 0};
        if (from == PCRE2_UNSET || to == PCRE2_UNSET || from >= to)
                return (struct span){NULL, 0};
        return (struct span){key.data + from, to - from};
}

static const struct pattern_engine engine = {
        .rules = {.name = "pcre",
                .rule_size = sizeof(struct pattern_rule),
                .parse = pattern_parse,
                .fini = pattern_fini},
        .type = &table_type_pcre,
        .flags = PCRE2_CASELESS | PCRE2_DOTALL,
        .letters = "i, m, s, x, A, E, U",
        .toggle = toggle_flag,
        .compile = compile_pattern,
        .free = free_pattern,
        .begin = begin_matcher,
        .end = end_matcher,
        .prepare = prepare,
        .match = match_pattern,
        .group = get_group,
};

static struct table *read_pcre(const struct table_env *env,
        const char *argument, const struct file_state *state,
        struct reason *ret_reason)
{
        return patterns_read(&engine, env, argument, state, ret_reason);
}

static int check_pcre(const char *argument, struct reason *ret_reason)
{
        return rules_check("pcre", argument, ret_reason);
}

static struct table *open_pcre(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        if (check_pcre(argument, ret_reason) < 0)
                return NULL;
        return rules_open(env, argument, read_pcre, ret_reason);
}

static const char manual[] =
        "A file with one rule a line, as\n"
        ".Xr pcre_table 5\n"
        "describes it, or the rules themselves,\n"
        ".Li pcre:{{ Ns Ar RULE Ns Li }, { Ns Ar RULE Ns Li }} .\n"
        "They are tried in their order, each on the whole key as it was sent,\n"
        "byte by byte; the first one that matches gives the value.\n"
        "A rule that is wrong is skipped with a warning.\n"
        ".Pp\n"
        "Short keys are matched at once, as long as that takes about a\n"
        "millisecond.\n"
        "Keys of more than 512 bytes, and what takes longer, go to the table's\n"
        "threads.\n"
        "A pattern that takes more than 10,000,000 steps there, or 64 MiB of\n"
        "memory, is answered TEMP; Postfix goes on with the next rule.\n"
        ".Pp\n"
        "With\n"
        ".Cm search = transport\n"
        "and searches by sender, rules with\n"
        ".Li $1\n"
        "are skipped, as in Postfix.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = pcre:/etc/postfix/virtual.pcre\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map virtual]\n"
        "table = pcre:/etc/postfix/virtual.pcre\n"
        "search = virtual\n"
        ".Ed\n";

const struct table_type table_type_pcre = {
        .name = "pcre",
        .summary = "rules with regular expressions as Perl has them",
        .argument = "FILE|{{RULE}...}",
        .manual = manual,
        .check = check_pcre,
        .open = open_pcre,
        .start = patterns_start,
        .cancel = patterns_cancel,
        .close = patterns_close,
};
