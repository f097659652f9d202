/* SPDX-License-Identifier: MIT */
#include "tables/support/hosts.h"
#include "base/braces.h"
#include "tables/support/address.h"
#include <errno.h>
#include <sys/random.h>

/* Where a list of hosts is read. */
struct reader {
        struct arena *arena;
        struct reason *reason;
        size_t number; /* of the word, from 1 */
        bool may_hold_password;
};

static int refuse(
        const struct reader *reader, struct span word, const char *what)
{
        if (reader->may_hold_password)
                reason_set(reader->reason, "hosts: word %zu: %s",
                        reader->number, what);
        else
                reason_set(reader->reason, "hosts: \"%.*s\": %s",
                        (int)word.size, word.data, what);
        return -EINVAL;
}

static int refuse_memory(struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "hosts");
        return -ENOMEM;
}

static bool take_prefix(struct span *text, const char *prefix)
{
        size_t size = strlen(prefix);

        if (text->size < size || memcmp(text->data, prefix, size) != 0)
                return false;
        text->data += size;
        text->size -= size;
        return true;
}

static const char *find(struct span text, const char *what)
{
        return memmem(text.data, text.size, what, strlen(what));
}

static struct span until(struct span text, const char *end)
{
        return (struct span){text.data, (size_t)(end - text.data)};
}

/*
 * A URI as it may be shown: who logs in, and its options, are left out; and all
 * of it where these may be a password with a '?'.
 */
static const char *name_uri(struct span uri, struct arena *arena)
{
        const char *host = find(uri, "://") + 3, *end = uri.data + uri.size;
        const char *options = memchr(host, '?', (size_t)(end - host)), *at;
        size_t scheme = (size_t)(host - uri.data), size;
        char *name;

        if (options == NULL)
                options = end;
        at = memrchr(host, '@', (size_t)(options - host));
        if (at != NULL)
                host = at + 1;
        else if (memchr(options, '@', (size_t)(end - options)) != NULL)
                host = options;
        size = (size_t)(options - host);
        name = arena_bytes(arena, scheme + size + 1);
        if (name == NULL)
                return NULL;
        memcpy(name, uri.data, scheme);
        memcpy(name + scheme, host, size);
        name[scheme + size] = '\0';
        return name;
}

/* Splits "HOST", "HOST:PORT", "[ADDRESS]" or "[ADDRESS]:PORT". */
static bool split_inet(
        struct span text, struct span *ret_host, struct span *ret_port)
{
        struct span host = text, port = {NULL, 0};
        const char *end = memchr(text.data, ':', text.size);

        if (take_prefix(&host, "[")) {
                const char *bracket = memchr(host.data, ']', host.size);

                if (bracket == NULL)
                        return false;
                host = until(host, bracket);
                end = bracket + 1;
                if (end == text.data + text.size)
                        end = NULL;
                else if (*end != ':')
                        return false;
        } else if (end != NULL) {
                host = until(text, end);
        }
        if (end != NULL) {
                port.data = end + 1;
                port.size = (size_t)(text.data + text.size - port.data);
                if (port.size == 0 || find(port, ":") != NULL)
                        return false;
        }
        *ret_host = host;
        *ret_port = port;
        return host.size > 0;
}

/* Takes it to pieces, which stay NULL when there are none. */
static int copy_inet(const struct reader *reader, struct host *host,
        struct span name, struct span port)
{
        host->kind = HOST_INET;
        host->address = arena_copy(reader->arena, name);
        if (port.size > 0)
                host->port = arena_copy(reader->arena, port);
        return host->address == NULL || (port.size > 0 && host->port == NULL)
                       ? refuse_memory(reader->reason)
                       : 0;
}

static int parse_inet(const struct reader *reader, struct span word,
        struct span text, struct host *host)
{
        struct span name, port;
        int r;

        if (memchr(text.data, '@', text.size) != NULL)
                return refuse(reader, word,
                        "no names and passwords here: there are options for "
                        "them");
        if (text.size == 0 || !split_inet(text, &name, &port))
                return refuse(reader, word,
                        "expected HOST or HOST:PORT, an IPv6 address as "
                        "[ADDRESS]");
        r = copy_inet(reader, host, name, port);
        if (r == 0 && host->port != NULL && !address_port_is_good(host->port))
                return refuse(reader, word,
                        "expected a port up to 65535, or its name");
        return r;
}

static int parse_unix(const struct reader *reader, struct span word,
        struct span path, struct host *host)
{
        if (path.size == 0 || path.data[0] != '/')
                return refuse(reader, word, "expected an absolute path");
        host->kind = HOST_UNIX;
        host->address = arena_copy(reader->arena, path);
        return host->address != NULL ? 0 : refuse_memory(reader->reason);
}

static int parse_uri(
        const struct reader *reader, struct span word, struct host *host)
{
        host->kind = HOST_URI;
        host->address = arena_copy(reader->arena, word);
        host->name = name_uri(word, reader->arena);
        return host->address != NULL && host->name != NULL
                       ? 0
                       : refuse_memory(reader->reason);
}

static int parse_host(
        const struct reader *reader, struct span word, struct host *host)
{
        struct span text = word;
        bool is_unix;
        int r;

        if (memchr(word.data, '\0', word.size) != NULL)
                return refuse(reader, word, "a NUL byte");
        if (find(word, "://") != NULL)
                return parse_uri(reader, word, host);
        is_unix = take_prefix(&text, "unix:");
        if (!is_unix)
                take_prefix(&text, "inet:");
        /* Postfix tells them apart by the '/', whatever stands in front. */
        if (is_unix || (text.size > 0 && text.data[0] == '/'))
                r = parse_unix(reader, word, text, host);
        else
                r = parse_inet(reader, word, text, host);
        if (r < 0)
                return r;
        host->name = arena_copy(reader->arena, word);
        return host->name != NULL ? 0 : refuse_memory(reader->reason);
}

/* Any seed will do: nobody gains by a guess. */
static uint64_t make_seed(const void *address)
{
        uint64_t seed = (uintptr_t)address;

        (void)!getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
        return seed | 1;
}

int hosts_parse(struct span text, uint64_t retry_interval, struct arena *arena,
        struct hosts *ret_hosts, struct reason *ret_reason)
{
        struct hosts hosts = {
                .retry_interval = retry_interval, .count = word_count(text)};
        struct reader reader = {.arena = arena, .reason = ret_reason};
        struct span word;

        if (hosts.count == 0) {
                reason_set(ret_reason, "hosts: there is none");
                return -EINVAL;
        }
        hosts.list = arena_alloc(arena, hosts.count * sizeof(*hosts.list));
        if (hosts.list == NULL)
                return refuse_memory(ret_reason);
        hosts.random = make_seed(hosts.list);
        reader.may_hold_password = memchr(text.data, '@', text.size) != NULL;
        while (word_next(&text, &word)) {
                struct host *host = &hosts.list[reader.number++];
                int r;

                *host = (struct host){.kind = HOST_INET};
                r = parse_host(&reader, word, host);
                if (r < 0)
                        return r;
        }
        *ret_hosts = hosts;
        return 0;
}

int hosts_belong(struct hosts *hosts, const struct table_env *env,
        const char *fallback, struct arena *arena)
{
        hosts->watcher = env->watcher;
        hosts->map = env->map != NULL ? arena_copy(arena, span_of(env->map))
                                      : fallback;
        return hosts->map != NULL ? 0 : -ENOMEM;
}

void hosts_watch(struct hosts *hosts)
{
        atomic_store_explicit(&hosts->is_watched, true, memory_order_relaxed);
}

/* A xorshift generator: only its spread matters. */
static size_t below(struct hosts *hosts, size_t count)
{
        hosts->random ^= hosts->random << 13;
        hosts->random ^= hosts->random >> 7;
        hosts->random ^= hosts->random << 17;
        return (size_t)((hosts->random >> 32) % count);
}

static uint64_t rests_until(const struct hosts *hosts, const struct host *host)
{
        if (!host->is_down)
                return 0;
        return host->down_since + (hosts->down == hosts->count
                                                  ? HOSTS_REST
                                                  : hosts->retry_interval);
}

/*
 * A host that works comes before one that has rested for long enough, unless
 * the order of the list counts.
 */
static size_t rank(const struct hosts *hosts, const struct host *host)
{
        if (hosts->is_in_order)
                return (size_t)(host - hosts->list);
        return 2 * (unsigned)host->kind + (host->is_down ? 1 : 0);
}

struct host *hosts_choose(struct hosts *hosts, uint64_t now)
{
        struct host *best = NULL;
        size_t equals = 0;

        for (size_t i = 0; i < hosts->count; i++) {
                struct host *host = &hosts->list[i];

                if (rests_until(hosts, host) > now)
                        continue;
                if (best != NULL && rank(hosts, host) > rank(hosts, best))
                        continue;
                if (best == NULL || rank(hosts, host) < rank(hosts, best))
                        equals = 0;
                /* Each of the equals is as probable as the others. */
                if (below(hosts, ++equals) == 0)
                        best = host;
        }
        return best;
}

struct host *hosts_choose_until(struct hosts *hosts, uint64_t now,
        uint64_t deadline, struct reason *ret_reason)
{
        struct host *host = now < deadline ? hosts_choose(hosts, now) : NULL;

        if (host == NULL && hosts->down > 0)
                *ret_reason = hosts->reason;
        else if (host == NULL)
                reason_set(ret_reason, "no time to connect");
        return host;
}

uint64_t hosts_rest_until(const struct hosts *hosts, uint64_t now)
{
        uint64_t first = UINT64_MAX;

        for (size_t i = 0; i < hosts->count; i++) {
                uint64_t until = rests_until(hosts, &hosts->list[i]);

                if (until < first)
                        first = until;
        }
        return first > now ? first : 0;
}

void hosts_tell(const struct hosts *hosts, const struct host *host,
        const struct reason *reason)
{
        if (hosts->watcher != NULL &&
                atomic_load_explicit(&hosts->is_watched, memory_order_relaxed))
                hosts->watcher->changed(hosts->map, host->name,
                        reason != NULL ? reason->text : NULL);
}

bool hosts_set_up(struct hosts *hosts, struct host *host)
{
        if (!host->is_down)
                return false;
        hosts->down--;
        host->is_down = false;
        return true;
}

bool hosts_set_down(struct hosts *hosts, struct host *host, uint64_t now,
        const struct reason *reason)
{
        bool was_down = host->is_down;

        if (!was_down)
                hosts->down++;
        host->is_down = true;
        host->down_since = now;
        reason_set(&hosts->reason, "%s: %s", host->name, reason->text);
        hosts->reason.code = reason->code;
        return !was_down;
}

void hosts_up(struct hosts *hosts, struct host *host)
{
        if (hosts_set_up(hosts, host))
                hosts_tell(hosts, host, NULL);
}

void hosts_down(struct hosts *hosts, struct host *host, uint64_t now,
        const struct reason *reason)
{
        if (hosts_set_down(hosts, host, now, reason))
                hosts_tell(hosts, host, reason);
}

void hosts_answered(
        struct hosts *hosts, struct host *host, uint64_t made, uint64_t now)
{
        if (made >= host->down_since ||
                now >= rests_until(hosts, host) + HOSTS_REST)
                hosts_up(hosts, host);
}
