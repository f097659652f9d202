/* SPDX-License-Identifier: MIT */
/*
 * Addresses, search orders and their results: the first byte chooses the order,
 * the second one the options; then a key, a line feed, and a value.
 */
#include "fuzz.h"

#include "maps/propagate.h"
#include "maps/rfc822.h"

#include <errno.h>
#include <string.h>

static const char *const delimiters[] = {"", "+", "-", "+-"};

/* Memory is linear in what comes in. */
static void begin(struct arena *arena, size_t size)
{
        arena_init(arena, NULL, 0, 65536 + 256 * size);
}

static void check_quoting(struct span internal)
{
        struct span external, again;
        struct arena arena;

        begin(&arena, internal.size);
        REQUIRE(address_quote(internal, ADDRESS_WHOLE, &arena, &external) == 0);
        REQUIRE(external.size >= internal.size);
        REQUIRE(address_unquote(external, &arena, &again) == 0);
        REQUIRE(span_equal(again, internal));
        REQUIRE(address_unquote(internal, &arena, &again) == 0);
        REQUIRE(again.size <= internal.size);
        arena_fini(&arena);
}

static void check_list(struct span list, struct span extension)
{
        struct rfc822_address *address;
        struct arena arena;
        struct span result;
        size_t size = 0;
        int r;

        begin(&arena, list.size);
        REQUIRE(rfc822_addresses(list, &arena, &address) == 0);
        for (; address != NULL; address = address->next)
                size += address->internal.size;
        /* Nothing comes from nowhere but a blank behind a comma. */
        REQUIRE(size <= 2 * list.size);
        arena_fini(&arena);

        begin(&arena, list.size);
        r = propagate_extension(list, extension, &arena, &result);
        REQUIRE(r == 0 || r == -EBADMSG || r == -ENOMEM);
        if (r == 0)
                REQUIRE(result.size >= extension.size);
        arena_fini(&arena);
}

static void check_candidate(const struct candidate *candidate,
        const struct order_options *options, struct span value)
{
        struct span result;
        struct arena arena;
        int r;

        if (candidate->is_stripped) {
                REQUIRE(!candidate->is_full);
                REQUIRE(candidate->local.size > 0);
                REQUIRE(candidate->extension.size > 0);
                REQUIRE(memchr(options->address.recipient_delimiter.data,
                                candidate->extension.data[0],
                                options->address.recipient_delimiter.size) !=
                        NULL);
        }
        begin(&arena, candidate->key.size + value.size);
        r = propagate_result(candidate, true, value, &arena, &result);
        REQUIRE(r == 0 || r == -EBADMSG || r == -ENOMEM);
        REQUIRE(candidate->is_stripped || span_equal(result, value));
        arena_fini(&arena);
}

static void check_order(enum order order, const struct order_options *options,
        struct span key, struct span value)
{
        struct candidates candidates;
        struct candidate candidate;
        struct arena arena;
        size_t count = 0;
        int r;

        begin(&arena, key.size);
        candidates_init(&candidates, order, options, key, &arena);
        while ((r = candidates_next(&candidates, &candidate)) == 1) {
                if (count++ == 0)
                        REQUIRE(candidate.key.data == key.data &&
                                span_equal(candidate.key, key) &&
                                candidate.is_full);
                else
                        REQUIRE(candidate.key.size > 0);
                check_candidate(&candidate, options, value);
        }
        REQUIRE(r == 0 || (r == -E2BIG && key.size > 2048));
        REQUIRE(count >= 1 && count <= key.size + 12);
        arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct span mine[] = {
                SPAN_LITERAL("mine"), SPAN_LITERAL("[127.0.0.1]")};
        struct order_options options = {.mydomains = mine, .mydomain_count = 2};
        struct span key, value;
        const char *end;

        if (size < 2)
                return 0;
        options.address.recipient_delimiter = span_of(delimiters[data[1] & 3]);
        options.address.owner_request_special = (data[1] & 4) != 0;
        options.parents = (enum order_parents)((data[1] >> 3) % 3);
        key = (struct span){(const char *)data + 2, size - 2};
        end = memchr(data + 2, '\n', size - 2);
        value = key;
        if (end != NULL) {
                key.size = (size_t)(end - key.data);
                value.data = end + 1;
                value.size -= key.size + 1;
        }
        check_quoting(key);
        check_list(value, SPAN_LITERAL("+ext"));
        check_order((enum order)(data[0] % (ORDER_REQUIRETLS + 1)), &options,
                key, value);
        return 0;
}
