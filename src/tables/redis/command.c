/* SPDX-License-Identifier: MIT */
#include "tables/redis/command.h"
#include "base/braces.h"
#include "tables/support/template.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

/* A letter, the digits of a size_t, and the line's end. */
#define HEAD_MAX ((size_t)24)

/*
 * What writes, waits for others to write, runs programs, changes what the
 * connection is, or is for administrators. In order, for bsearch.
 */
static const char *const refused[] = {"acl", "append", "asking", "auth",
        "bgrewriteaof", "bgsave", "bitfield", "bitop", "blmove", "blmpop",
        "blpop", "brpop", "brpoplpush", "bzmpop", "bzpopmax", "bzpopmin",
        "client", "cluster", "config", "copy", "debug", "decr", "decrby", "del",
        "discard", "eval", "evalsha", "exec", "expire", "expireat", "failover",
        "fcall", "flushall", "flushdb", "function", "geoadd", "georadius",
        "georadiusbymember", "geosearchstore", "getdel", "getex", "getset",
        "hdel", "hello", "hexpire", "hexpireat", "hgetdel", "hgetex", "hincrby",
        "hincrbyfloat", "hmset", "hpersist", "hpexpire", "hpexpireat", "hset",
        "hsetex", "hsetnx", "incr", "incrby", "incrbyfloat", "latency",
        "linsert", "lmove", "lmpop", "lpop", "lpush", "lpushx", "lrem", "lset",
        "ltrim", "memory", "migrate", "module", "monitor", "move", "mset",
        "msetnx", "multi", "persist", "pexpire", "pexpireat", "pfadd",
        "pfdebug", "pfmerge", "pfselftest", "psetex", "psubscribe", "psync",
        "publish", "punsubscribe", "quit", "readonly", "readwrite", "rename",
        "renamenx", "replconf", "replicaof", "reset", "restore",
        "restore-asking", "role", "rpop", "rpoplpush", "rpush", "rpushx",
        "sadd", "save", "script", "sdiffstore", "select", "sentinel", "set",
        "setbit", "setex", "setnx", "setrange", "shutdown", "sinterstore",
        "slaveof", "slowlog", "smove", "sort", "spop", "spublish", "srem",
        "ssubscribe", "subscribe", "sunionstore", "sunsubscribe", "swapdb",
        "sync", "unlink", "unsubscribe", "unwatch", "wait", "waitaof", "watch",
        "xack", "xadd", "xautoclaim", "xclaim", "xdel", "xgroup", "xread",
        "xreadgroup", "xsetid", "xtrim", "zadd", "zdiffstore", "zincrby",
        "zinterstore", "zmpop", "zpopmax", "zpopmin", "zrangestore", "zrem",
        "zremrangebylex", "zremrangebyrank", "zremrangebyscore", "zunionstore"};

static int compare(const void *name, const void *entry)
{
        return strcasecmp(name, *(const char *const *)entry);
}

static int refuse(const char *name, const char *why, struct reason *ret_reason)
{
        reason_set(ret_reason, "command: %s: %s", name, why);
        return -EINVAL;
}

/* Names of commands are in upper or lower case. */
static int check_name(const char *name, struct reason *ret_reason)
{
        static const char *const read_only[] = {"bitfield", "eval", "evalsha",
                "fcall", "georadius", "georadiusbymember", "sort"};

        for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++)
                if (strcasecmp(name, read_only[i]) == 0)
                        return refuse(name,
                                "it may write: there is another command, with "
                                "_RO behind this name",
                                ret_reason);
        if (bsearch(name, refused, sizeof(refused) / sizeof(refused[0]),
                    sizeof(refused[0]), compare) != NULL)
                return refuse(name,
                        "it does more than read, which is all that a table "
                        "is for",
                        ret_reason);
        return 0;
}

static int check_command(
        struct span name, struct arena *arena, struct reason *ret_reason)
{
        const char *copy = arena_copy(arena, name);

        if (copy == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "command");
                return -ENOMEM;
        }
        if (memchr(name.data, '%', name.size) != NULL)
                return refuse(
                        copy, "the command itself is of no key", ret_reason);
        return check_name(copy, ret_reason);
}

/* Words are separated by blanks alone: a comma may be part of a name. */
static bool next_word(struct span *rest, struct span *ret_word)
{
        size_t begin = 0, end;

        while (begin < rest->size && byte_is_space(rest->data[begin]))
                begin++;
        end = begin;
        while (end < rest->size && !byte_is_space(rest->data[end]))
                end++;
        *ret_word = (struct span){rest->data + begin, end - begin};
        *rest = (struct span){rest->data + end, rest->size - end};
        return end > begin;
}

static int parse_words(struct span text, struct template *words,
        struct arena *arena, struct reason *ret_reason)
{
        struct reason why;
        struct span word;

        while (next_word(&text, &word)) {
                int r = template_parse(
                        word, TEMPLATE_QUERY, arena, words++, &why);

                if (r < 0) {
                        reason_set(ret_reason, "command: %s", why.text);
                        ret_reason->code = r;
                        return r;
                }
        }
        return 0;
}

int redis_command_parse(struct span text, struct arena *arena,
        struct redis_command *ret_command, struct reason *ret_reason)
{
        struct redis_command command = {.count = 0};
        struct span rest = text, word, name = {NULL, 0};
        struct template *words;
        int r;

        for (; next_word(&rest, &word); command.count++)
                if (command.count == 0)
                        name = word;
        if (command.count == 0) {
                reason_set(ret_reason, "command: there is none");
                return -EINVAL;
        }
        r = check_command(name, arena, ret_reason);
        if (r < 0)
                return r;
        words = arena_alloc(arena, command.count * sizeof(*words));
        if (words == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "command");
                return -ENOMEM;
        }
        command.words = words;
        command.is_hash = name.size == strlen("hgetall") &&
                          strncasecmp(name.data, "hgetall", name.size) == 0;
        *ret_command = command;
        return parse_words(text, words, arena, ret_reason);
}

static void put_byte(struct bytes *out, char byte)
{
        out->data[out->size++] = byte;
}

/* There is room for HEAD_MAX. */
static void put_head(struct bytes *out, char letter, size_t number)
{
        char digits[HEAD_MAX];
        size_t count = 0;

        put_byte(out, letter);
        do
                digits[count++] = (char)('0' + number % 10);
        while ((number /= 10) > 0);
        while (count > 0)
                put_byte(out, digits[--count]);
        put_byte(out, '\r');
        put_byte(out, '\n');
}

static int put_count(struct bytes *out, size_t count)
{
        if (bytes_reserve(out, HEAD_MAX) < 0)
                return -ENOMEM;
        put_head(out, '*', count);
        return 0;
}

static int put_word(struct bytes *out, struct span word)
{
        if (word.size > SIZE_MAX / 2 ||
                bytes_reserve(out, word.size + 2 * HEAD_MAX) < 0)
                return -ENOMEM;
        put_head(out, '$', word.size);
        if (word.size > 0)
                memcpy(out->data + out->size, word.data, word.size);
        out->size += word.size;
        put_byte(out, '\r');
        put_byte(out, '\n');
        return 0;
}

/* What is not whole is taken back: it would begin the next command. */
int redis_command_write(const struct redis_command *command, struct span key,
        struct arena *arena, struct bytes *out)
{
        size_t before = out->size;
        int r = put_count(out, command->count);

        for (size_t i = 0; i < command->count && r == 0; i++) {
                struct span word = {NULL, 0};

                if (template_expand_key(&command->words[i], key, NULL, NULL,
                            arena, &word) < 0)
                        r = -ENOMEM;
                else
                        r = put_word(out, word);
        }
        if (r < 0)
                out->size = before;
        return r;
}

int redis_words_write(const struct span *words, size_t count, struct bytes *out)
{
        size_t before = out->size;
        int r = put_count(out, count);

        for (size_t i = 0; i < count && r == 0; i++)
                r = put_word(out, words[i]);
        if (r < 0)
                out->size = before;
        return r;
}

/* Appends a word in quotes; the command's own name without them. */
static int show_word(struct bytes *line, struct span word)
{
        bool is_name = line->size == 0;

        if (word.size > SIZE_MAX / 2 || bytes_reserve(line, word.size + 3) < 0)
                return -ENOMEM;
        if (!is_name) {
                put_byte(line, ' ');
                put_byte(line, '"');
        }
        if (word.size > 0)
                memcpy(line->data + line->size, word.data, word.size);
        line->size += word.size;
        if (!is_name)
                put_byte(line, '"');
        return 0;
}

const char *redis_command_show(const struct redis_command *command,
        struct span key, struct arena *arena)
{
        struct bytes line = {.data = NULL};
        const char *text = NULL;
        int r = 0;

        for (size_t i = 0; i < command->count && r == 0; i++) {
                struct span word = {NULL, 0};

                r = template_expand_key(
                        &command->words[i], key, NULL, NULL, arena, &word);
                if (r >= 0)
                        r = show_word(&line, word);
        }
        if (r == 0)
                text = arena_copy(arena, (struct span){line.data, line.size});
        bytes_free(&line);
        return text;
}
