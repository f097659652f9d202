/* SPDX-License-Identifier: MIT */
/*
 * A map's list of tables with the rules around them: which table is asked for
 * which key, and what is answered; at once, and with every table answering
 * later.
 */
#include "base/braces.h"
#include "base/events.h"
#include "fake_request.h"
#include "maps/map.h"
#include "support/check.h"
#include <errno.h>
#include <stdlib.h>
#include <uv.h>

static uv_loop_t loop;
static struct events *events;
static char warned[2000];

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        snprintf(warned, sizeof(warned), "%s", line);
}

static struct report report = {.say = say};

/* later:{TABLE} answers as the other table, in another turn of the loop. */
struct later_table {
        struct table table;
        struct table *other;
};

/* One of its answers on the way. */
struct errand {
        struct post post; /* first */
        struct lookup *asking;
};

static unsigned errands, cancelled;

static void come_back(struct post *post)
{
        struct lookup *asking = ((struct errand *)post)->asking;

        free(post);
        if (asking == NULL)
                return;
        errands--;
        asking->state = NULL;
        asking->finish(asking);
}

static enum progress start_later(struct table *table, struct lookup *lookup)
{
        struct later_table *later = (struct later_table *)table;
        void (*finish)(struct lookup *) = lookup->finish;
        struct errand *errand;

        lookup->finish = NULL;
        CHECK_INT(table_start(later->other, lookup), LOOKUP_DONE);
        lookup->finish = finish;
        if (finish == NULL)
                return LOOKUP_DONE;
        errand = malloc(sizeof(*errand));
        errand->post.run = come_back;
        errand->asking = lookup;
        lookup->state = errand;
        errands++;
        events_post(events, &errand->post);
        return LOOKUP_PENDING;
}

static void cancel_later(struct table *table, struct lookup *lookup)
{
        (void)table;
        ((struct errand *)lookup->state)->asking = NULL;
        errands--;
        cancelled++;
}

static void close_later(struct table *table)
{
        struct later_table *later = (struct later_table *)table;

        CHECK_INT(errands, 0);
        table_close(later->other);
        free(later);
}

static struct table *open_later(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        char *spec = strndup(argument + 1, strlen(argument) - 2);
        struct table *other = table_open(env, spec, ret_reason);
        struct later_table *later = malloc(sizeof(*later));

        free(spec);

        if (other == NULL) {
                free(later);
                return NULL;
        }
        later->table = *other;
        later->table.type = table_split(
                SPAN_LITERAL("later:x"), &(struct span){.data = NULL});
        later->table.pends = true;
        later->other = other;
        return &later->table;
}

static const struct table_type type_later = {
        .name = "later",
        .argument = "{TABLE}",
        .has_members = true,
        .leaves_keys = true,
        .open = open_later,
        .start = start_later,
        .cancel = cancel_later,
        .close = close_later,
};

extern const struct table_type table_type_fail, table_type_inline,
        table_type_map, table_type_pipemap, table_type_randmap,
        table_type_regexp, table_type_static, table_type_unionmap;

const struct table_type *const table_types[] = {&table_type_fail,
        &table_type_inline, &table_type_map, &table_type_pipemap,
        &table_type_randmap, &table_type_regexp, &table_type_static,
        &table_type_unionmap, &type_later, NULL};
const struct table_absent table_types_absent[] = {{NULL, NULL}};

struct search_case {
        const char *name;
        const char *search; /* NULL: exact */
        struct map_options options;
        struct map_options others[3]; /* maps of the same configuration */
        struct {
                const char *key, *reply;
        } answers[8];
};

/* Orders of keys; + is the recipient_delimiter where there is one. */
#define PLUS .recipient_delimiter = "+"
#define ABSENT "NOTFOUND "

static const struct search_case cases[] = {
        {"a key is asked of all tables before the next key is", "virtual",
                {.table = "inline:{@d=catch}, inline:{u@d=user}", PLUS}, {{0}},
                {{"u+x@d", "OK user+x"}, {"v@d", "OK catch"}, {"v@e", ABSENT},
                        {"u@D", "OK user"}}},
        {"an error ends the search, if it is reached", "address",
                {.table = "inline:{u@d=1}, fail:broken, inline:{@d=2}"}, {{0}},
                {{"u@d", "OK 1"}, {"v@d", "TEMP broken"}, {"", "TEMP broken"}}},
        {"fail: is a pattern: it is asked for the whole key only", "address",
                {.table = "inline:{u@d=1}, fail:broken", PLUS}, {{0}},
                {{"u@d", "OK 1"}, {"u+x@d", "TEMP broken"}}},
        {"patterns are asked for the whole key only, as it is written",
                "address",
                {.table = "regexp:{ {/^@d$/ no} {/^U@d$/ yes} }", PLUS}, {{0}},
                {{"u@d", "OK yes"}, {"u+x@d", ABSENT}, {"v@d", ABSENT}}},
        {"any word of randmap is found, but by the whole key", "address",
                {.table = "inline:{@d=catch}, randmap:{x}", PLUS}, {{0}},
                {{"u@d", "OK x"}, {"u+y@d", "OK x"}}},
        {"the first table's value wins for one key", NULL,
                {.table = "inline:{a=1}, inline:{a=2,b=3}"}, {{0}},
                {{"a", "OK 1"}, {"b", "OK 3"}, {"c", ABSENT}, {"A", "OK 1"}}},
        {"a key without @", "virtual",
                {.table = "inline:{u=1, u@=2}", PLUS, .mydomains = "d"}, {{0}},
                {{"u", "OK 1"}, {"u+x", ABSENT}, {"u@d", "OK 1"},
                        {"u+x@d", "OK 1+x"}, {"u@e", ABSENT}}},
        {"an extension goes on", "virtual",
                {.table = "inline:{u@d=a@b, @d=c@e}", PLUS}, {{0}},
                {{"u+X@d", "OK a+X@b"}, {"u@d", "OK a@b"},
                        {"v+x@d", "OK c@e"}}},
        {"it does not if others are named", "virtual",
                {.table = "inline:{u@d=a@b}",
                        PLUS,
                        .propagate_unmatched_extensions = "generic canonical"},
                {{0}}, {{"u+x@d", "OK a@b"}}},
        {"it does if this one is", "generic",
                {.table = "inline:{u@d=a@b}",
                        PLUS,
                        .propagate_unmatched_extensions = "virtual,generic"},
                {{0}}, {{"u+x@d", "OK a+x@b"}}},
        {"a user is put before a domain if an extension is left out", "virtual",
                {.table = "inline:{@d=@other,u@e=@other}", PLUS}, {{0}},
                {{"u+x@e", "OK u+x@other"}, {"u@e", "OK @other"},
                        {"u+x@d", "OK @other"}}},
        {"only where addresses are rewritten", "address",
                {.table = "inline:{@d=@other, u@d=a@b}", PLUS}, {{0}},
                {{"v@d", "OK @other"}, {"u+x@d", "OK a@b"}}},
        {"another key is asked for", NULL,
                {.table = "inline:{u=1}", .query = "%u"}, {{0}},
                {{"u@d", "OK 1"}, {"u", "OK 1"}, {"@d", ABSENT}}},
        {"of each key of the search", "address",
                {.table = "inline:{x-d=1}", .query = "x-%d"}, {{0}},
                {{"u@d", "OK 1"}, {"u", ABSENT}}},
        {"some domains only", NULL,
                {.table = "static:x", .domain = "d, !inline:{f=1}, !g, e"},
                {{0}},
                {{"u@d", "OK x"}, {"u@E", "OK x"}, {"u@f", ABSENT},
                        {"u", ABSENT}, {"@d", ABSENT}}},
        {"a list of domains that fails is no domain that is not in it", NULL,
                {.table = "static:x", .domain = "d, fail:down"}, {{0}},
                {{"u@d", "OK x"}, {"u@e", "TEMP domain: fail:down: down"}}},
        {"other maps in a list of domains", NULL,
                {.table = "static:x", .domain = "!map:no, map:yes"},
                {{.name = "no", .table = "inline:{e=1}"},
                        {.name = "yes", .table = "static:1"}},
                {{"u@d", "OK x"}, {"u@e", ABSENT}}},
        {"another value is given", NULL,
                {.table = "inline:{u@d=host}", .result_format = "smtp:[%s]:%U"},
                {{0}}, {{"u@d", "OK smtp:[host]:u"}}},
        {"what the format makes nothing of is not there: others are asked",
                "address",
                {.table = "inline:{u@d=x}, inline:{u@d=a@b,@d=c@e}",
                        .result_format = "%d"},
                {{0}}, {{"u@d", "OK b"}, {"v@d", "OK e"}}},
        {"a failure after that is one", NULL,
                {.table = "inline:{u@d=x}, fail:broken", .result_format = "%d"},
                {{0}}, {{"u@d", "TEMP broken"}}},
        {"an empty value is a failure, and ends the search", NULL,
                {.table = "inline:{a=}, inline:{a=b}"}, {{0}},
                {{"a", "TEMP empty value in the table"}}},
        {"unless it is a value", "virtual",
                {.table = "inline:{a@b=}", .empty_value = true, PLUS}, {{0}},
                {{"a@b", "OK "}, {"a+x@b", "OK "}}},
        {"keys as they are", NULL, {.table = "inline:{A=1}", .fold = FOLD_NO},
                {{0}}, {{"A", "OK 1"}, {"a", ABSENT}}},
        {"patterns with folded keys", NULL,
                {.table = "regexp:{ {/A/i no} {/./ yes} }", .fold = FOLD_YES},
                {{0}}, {{"A", "OK yes"}}},
        {"another map with its own search", NULL,
                {.table = "inline:{u@d=mine}, map:other"},
                {{.name = "other",
                        .table = "inline:{u@d=a@b}",
                        PLUS,
                        .search = ORDER_VIRTUAL}},
                {{"u@d", "OK mine"}, {"U+x@d", "OK a+x@b"}, {"v@d", ABSENT}}},
        {"another map with a search is a pattern for those around it",
                "address", {.table = "map:other, inline:{@d=mine}"},
                {{.name = "other",
                        .table = "inline:{d=its}",
                        .search = ORDER_TRANSPORT}},
                {{"u@d", "OK its"}, {"u@e", ABSENT}}},
        {"without one it is not", "address", {.table = "map:other", PLUS},
                {{.name = "other", .table = "inline:{@d=its}"}},
                {{"u@d", "OK its"}, {"u+x@d", "OK its"}}},
        {"other maps in lists of lists", NULL,
                {.table = "unionmap:{map:a, pipemap:{map:b, map:a}}"},
                {{.name = "a",
                         .table = "inline:{u@d=1,w=2}",
                         .search = ORDER_ADDRESS},
                        {.name = "b",
                                .table = "inline:{u@d=w}",
                                .query = "%s"}},
                {{"u@d", "OK 1,2"}, {"w", "OK 2"}, {"v", ABSENT}}},
        {"its failure is a failure", NULL, {.table = "map:a, static:x"},
                {{.name = "a", .table = "inline:{b=1}, fail:broken"}},
                {{"b", "OK 1"}, {"c", "TEMP broken"}}},
};

/* Returns "later:{TABLE} later:{TABLE}...". */
static char *make_later(const char *list)
{
        struct span rest = span_of(list), word;
        char *all = strdup("");

        while (word_next(&rest, &word)) {
                char *more;

                if (asprintf(&more, "%s later:{%.*s}", all, (int)word.size,
                            word.data) < 0)
                        abort();
                free(all);
                all = more;
        }
        return all;
}

static int number_of(const char *search)
{
        int i = 0;

        while (search != NULL && strcmp(order_names[i], search) != 0)
                i++;
        return i;
}

static struct map *open_case(const struct search_case *one, const char *table)
{
        struct table_env env = {.report = &report, .events = events};
        struct map_options maps[4] = {one->options};
        struct directory *directory;
        struct reason reason;
        struct map *map;
        size_t count = 1;

        maps[0].name = "m";
        maps[0].table = table;
        maps[0].search = number_of(one->search);
        for (; one->others[count - 1].name != NULL; count++)
                maps[count] = one->others[count - 1];
        directory = directory_new(maps, count);
        warned[0] = '\0';
        map = map_open(&env, &maps[0], directory, &reason);
        directory_unref(directory);
        if (map == NULL)
                printf("# %s: %s\n", table, reason.text);
        CHECK(map != NULL);
        return map;
}

/* Asks, and runs the loop until there is a reply. Returns whether it waited. */
static bool ask(struct map *map, struct socketmap_request *request)
{
        map_lookup(request, map);
        if (request->replies > 0)
                return false;
        while (request->replies == 0)
                uv_run(&loop, UV_RUN_ONCE);
        return true;
}

/* Returns how many of the answers came later. */
static unsigned check_answers(const struct search_case *one, const char *table)
{
        struct map *map = open_case(one, table);
        unsigned later = 0;

        for (size_t i = 0; map != NULL && one->answers[i].key != NULL; i++) {
                struct socketmap_request request = {
                        .key = span_of(one->answers[i].key),
                        .remaining = 60000};

                later += ask(map, &request);
                CHECK_STR(request.reply, one->answers[i].reply);
                CHECK_INT(request.replies, 1);
                CHECK_INT(request.holds, request.releases);
        }
        map_unref(map);
        uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_STR(warned, "");
        return later;
}

static void test_at_once(void)
{
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                printf("# %s\n", cases[i].name);
                CHECK_INT(check_answers(&cases[i], cases[i].options.table), 0);
        }
}

static void test_later(void)
{
        unsigned later = 0;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char *table = make_later(cases[i].options.table);

                printf("# %s\n", cases[i].name);
                later += check_answers(&cases[i], table);
                free(table);
        }
        CHECK(later > 40);
}

/* Opens a map that cannot be opened; returns the reason, "TEMP: " before it if
 * it is no mistake. */
static const char *why_not(const struct map_options *maps, size_t count)
{
        static char text[400];
        struct table_env env = {.report = &report, .events = events};
        struct directory *directory = directory_new(maps, count);
        struct reason reason = {.text = ""};
        struct map *map = map_open(&env, &maps[0], directory, &reason);
        struct socketmap_request request = {.key = SPAN_LITERAL("k")};

        if (map != NULL) {
                map_lookup(&request, map);
                snprintf(text, sizeof(text), "%s", request.reply);
        } else {
                snprintf(text, sizeof(text), "%s", reason.text);
        }
        map_unref(map);
        directory_unref(directory);
        return text;
}

static void test_rings(void)
{
        const struct map_options ring[] = {{.name = "a", .table = "map:b"},
                {.name = "b", .table = "static:x, unionmap:{map:c}"},
                {.name = "c", .table = "static:x", .domain = "map:a"}};
        const struct map_options self = {.name = "a", .table = "later:{map:a}"};
        const struct map_options none = {.name = "a", .table = "map:b"};
        const struct map_options twice[] = {
                {.name = "a", .table = "map:b, map:b, map:c"},
                {.name = "b", .table = "map:c"},
                {.name = "c", .table = "static:x"}};

        CHECK_STR(why_not(ring, 3),
                "domain: map:a: map:a: [map a] is made of itself");
        CHECK_STR(why_not(&self, 1), "map:a: [map a] is made of itself");
        CHECK_STR(why_not(&none, 1), "map:b: there is no [map b]");
        CHECK_STR(why_not(twice, 3), "OK x");
}

/* Maps in maps are tables inside of each other, too. */
static void test_depth(void)
{
        struct map_options maps[20];
        char names[20][20], tables[20][20];

        for (size_t count = TABLE_DEPTH_MAX - 1; count < 20; count++) {
                for (size_t i = 0; i < count; i++) {
                        snprintf(names[i], sizeof(names[i]), "m%zu", i);
                        snprintf(tables[i], sizeof(tables[i]), "map:m%zu",
                                i + 1);
                        maps[i] = (struct map_options){
                                .name = names[i], .table = tables[i]};
                }
                maps[count - 1].table = "static:x";
                CHECK_STR(why_not(maps, count),
                        count <= TABLE_DEPTH_MAX ? "OK x"
                        : count == TABLE_DEPTH_MAX + 1
                                ? "static: more than 16 tables inside of each "
                                  "other"
                                : "map: more than 16 tables inside of each "
                                  "other");
        }
}

/* Wherever a lookup is on its way, it can be cancelled. */
static void test_cancel(void)
{
        const struct search_case one = {.search = "virtual",
                .options = {.recipient_delimiter = "+"},
                .others = {{.name = "other",
                        .table = "inline:{x=y} later:{inline:{x=y}}",
                        .search = ORDER_VIRTUAL,
                        .result_format = "%s"}}};
        const char *table = "inline:{x=y}, unionmap:{inline:{x=y},"
                            "pipemap:{static:u+x@d,map:other}}, "
                            "later:{unionmap:{inline:{x=y}}}";
        struct map *map = open_case(&one, table);
        struct socketmap_request request = {
                .key = SPAN_LITERAL("u+x@d"), .remaining = 60000};
        unsigned turns = 0;

        do {
                cancelled = 0;
                request.replies = 0;
                map_lookup(&request, map);
                for (unsigned i = 0; i < turns && request.replies == 0; i++)
                        uv_run(&loop, UV_RUN_ONCE);
                map_cancel(map);
                CHECK_INT(errands, 0);
                CHECK_INT(request.holds, request.releases);
                CHECK_INT(cancelled, request.replies == 0);
                turns++;
        } while (request.replies == 0);
        map_unref(map);
        uv_run(&loop, UV_RUN_NOWAIT);
}

/* The map may have other content meanwhile; what has begun ends as it began. */
static void test_adopted(void)
{
        const struct search_case one = {
                .search = "virtual", .options = {.recipient_delimiter = "+"}};
        const struct map_options other = {.name = "m", .table = "static:new"};
        struct table_env env = {.report = &report, .events = events};
        struct map *map = open_case(&one, "later:{inline:{@d=old@e}}");
        struct socketmap_request request = {
                .key = SPAN_LITERAL("u+x@d"), .remaining = 60000};

        map_lookup(&request, map);
        content_unref(map_adopt(map, content_open(&env, &other, NULL)));
        while (request.replies == 0)
                uv_run(&loop, UV_RUN_ONCE);
        CHECK_STR(request.reply, "OK old@e");
        CHECK_INT(request.releases, 1);
        request.replies = 0;
        map_lookup(&request, map);
        CHECK_STR(request.reply, "OK new");
        map_unref(map);
        uv_run(&loop, UV_RUN_NOWAIT);
}

/* What a map goes on with is of the same tables as it names. */
static void test_kept(void)
{
        struct table_env env = {.report = &report, .events = events};
        struct map_options maps[] = {{.name = "a", .table = "map:b"},
                {.name = "b", .table = "inline:{k=v}"}};
        struct directory *directory = directory_new(maps, 2);
        struct socketmap_request request = {.key = SPAN_LITERAL("k")};
        struct reason reason;
        struct map *map = map_open(&env, &maps[0], directory, &reason), *next;

        CHECK(map_is_same(map, &maps[0], directory));
        directory_unref(directory);
        maps[1].canary = "none"; /* it cannot be opened: no harm is done */
        maps[1].table = "regexp:/nonexistent";
        directory = directory_new(maps, 2);
        CHECK(!map_is_same(map, &maps[0], directory));
        next = map_reopen(&env, &maps[0], directory, map, &reason);
        directory_unref(directory);
        map_lookup(&request, next);
        CHECK_STR(
                request.reply, "TEMP /nonexistent: No such file or directory");
        map_unref(map);
        map_unref(next);
}

/* The last test. What waits when the events end is cancelled, wherever it is.
 */
static void test_end(void)
{
        const struct search_case one = {.name = "end"};
        const struct map_options other = {.name = "m", .table = "static:new"};
        struct table_env env = {.report = &report, .events = events};
        struct map *map = open_case(&one, "later:{static:old}");
        struct socketmap_request requests[] = {
                {.key = SPAN_LITERAL("a"), .remaining = 60000},
                {.key = SPAN_LITERAL("b"), .remaining = 60000}};

        map_lookup(&requests[0], map);
        map_lookup(&requests[1], map);
        content_unref(map_adopt(map, content_open(&env, &other, NULL)));
        cancelled = 0;
        events_free(events);
        CHECK_INT(cancelled, 2);
        CHECK_INT(requests[0].replies + requests[1].replies, 0);
        CHECK_INT(requests[0].releases, 1);
        CHECK_INT(requests[1].releases, 1);
        map_unref(map);
}

/* Keeps the loop waiting, which the events don't. */
static void do_nothing(uv_timer_t *timer)
{
        (void)timer;
}

int main(void)
{
        uv_timer_t timer;

        uv_loop_init(&loop);
        events = events_new(&loop);
        uv_timer_init(&loop, &timer);
        uv_timer_start(&timer, do_nothing, 1000, 1000);
        RUN(test_at_once);
        RUN(test_later);
        RUN(test_rings);
        RUN(test_depth);
        RUN(test_cancel);
        RUN(test_adopted);
        RUN(test_kept);
        RUN(test_end);
        uv_close((uv_handle_t *)&timer, NULL);
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_INT(uv_loop_close(&loop), 0);
        return check_done();
}
