/* SPDX-License-Identifier: MIT */
/*
 * Every input of up to 5 bytes over 16 interesting ones, at every split,
 * against the reference decoder, right before memory that can't be read.
 */
#include "codec_guard.h"
#include "codec_reference.h"
#include "support/check.h"

#include <socketmap/netstring.h>

#define BYTES_MAX 5

static const unsigned char interesting[16] = "0123589:, \0a-+\n\xff";
static const size_t limits[] = {0, 2, 9, 12, 131072};

static struct guard guard;
static unsigned long inputs;

static int agrees(
        const struct reference *reference, const char *bytes, size_t size)
{
        const char *payload = NULL;
        size_t length = 0, whole = 0;
        int r = socketmap_netstring_parse(bytes, size, (size_t)reference->limit,
                &payload, &length, &whole);

        if (r != reference_result(reference))
                return 0;
        if (r == 0)
                return payload == NULL && length == 0 &&
                       whole == size + reference->missing;
        if (r < 0)
                return payload == NULL && length == 0 && whole == 0;
        return payload == bytes + reference->header &&
               length == reference->length && whole == reference->fed;
}

/* Checks one input, given that all shorter beginnings have been checked. */
static void check_input(const unsigned char *input, size_t size, size_t limit)
{
        const char *bytes = guard_place(&guard, input, size);
        struct reference reference;
        size_t i;

        reference_init(&reference, limit);
        for (i = 0; i < size; i++)
                reference_feed(&reference, input[i]);
        if (!agrees(&reference, bytes, size)) {
                CHECK(!"the decoders agree");
                printf("# limit %zu, bytes:", limit);
                for (i = 0; i < size; i++)
                        printf(" %02x", input[i]);
                printf("\n");
        }
}

/*
 * A split of an input hands the decoder a shorter input, and those are all
 * here, too: each beginning is an input of its own.
 */
static void check_all(unsigned char *input, size_t size)
{
        size_t i;

        inputs++;
        for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
                check_input(input, size, limits[i]);
        if (size == BYTES_MAX)
                return;
        for (i = 0; i < sizeof(interesting); i++) {
                input[size] = interesting[i];
                check_all(input, size + 1);
        }
}

static void test_every_input(void)
{
        unsigned char input[BYTES_MAX];

        check_all(input, 0);
        CHECK_INT(inputs, 1 + 16 + 256 + 4096 + 65536 + 1048576);
}

int main(void)
{
        guard_init(&guard, BYTES_MAX);
        RUN(test_every_input);
        guard_fini(&guard);
        return check_done();
}
