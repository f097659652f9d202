/* SPDX-License-Identifier: MIT */
/*
 * Every payload of up to 5 bytes over 16 interesting ones, as a request and as
 * a result, against a second way of splitting; and back to the same bytes.
 */
#include "codec_guard.h"
#include "support/check.h"

#include <errno.h>
#include <socketmap/protocol.h>

#define BYTES_MAX 5

/* The letters of the short words among them. */
static const unsigned char interesting[16] = "OKTEMPRokx \0,:\n\xff";

static struct guard guard;
static unsigned long inputs;

/* Where the first space is, or the size. */
static size_t find_space(const char *bytes, size_t size)
{
        size_t i = 0;

        while (i < size && bytes[i] != ' ')
                i++;
        return i;
}

static int check_request(const char *bytes, size_t size)
{
        size_t space = find_space(bytes, size);
        const char *name, *key;
        size_t name_size, key_size, wire_size;
        char wire[BYTES_MAX + 3];
        int r = socketmap_request_parse(
                bytes, size, &name, &name_size, &key, &key_size);

        if (space == size)
                return r == -EBADMSG;
        return r == 0 && name == bytes && name_size == space &&
               key == bytes + space + 1 && key_size == size - space - 1 &&
               socketmap_request_format(name, name_size, key, key_size, wire,
                       sizeof(wire), &wire_size) == 0 &&
               wire_size == size + 3 && memcmp(wire + 2, bytes, size) == 0;
}

/* Returns the status that these bytes begin with, up to `space`, or 0. */
static int find_status(const char *bytes, size_t space)
{
        char word[BYTES_MAX + 1] = "";

        memcpy(word, bytes, space);
        if (strlen(word) != space)
                return 0;
        if (strcmp(word, "OK") == 0)
                return SOCKETMAP_OK;
        if (strcmp(word, "TEMP") == 0)
                return SOCKETMAP_TEMP;
        return strcmp(word, "PERM") == 0 ? SOCKETMAP_PERM : 0;
}

static int check_result(const char *bytes, size_t size)
{
        size_t space = find_space(bytes, size);
        int status = find_status(bytes, space);
        struct socketmap_result result;
        char wire[BYTES_MAX + 4];
        size_t wire_size;
        int r = socketmap_result_parse(bytes, size, &result);

        if (status == 0)
                return r == -EPROTO;
        if (r != 0 || (int)result.status != status)
                return 0;
        r = socketmap_result_format(
                &result, 100, wire, sizeof(wire), &wire_size);
        if (memchr(result.text, '\0', result.size) != NULL)
                return r == -EINVAL;
        if (space == size)
                return r == 0 && result.size == 0 && wire_size == size + 4 &&
                       memcmp(wire + 2, bytes, size) == 0;
        return r == 0 && result.text == bytes + space + 1 &&
               result.size == size - space - 1 && wire_size == size + 3 &&
               memcmp(wire + 2, bytes, size) == 0;
}

static void check_all(unsigned char *input, size_t size)
{
        const char *bytes = guard_place(&guard, input, size);
        size_t i;

        inputs++;
        if (!check_request(bytes, size) || !check_result(bytes, size)) {
                CHECK(!"request and result are what they should be");
                printf("# bytes:");
                for (i = 0; i < size; i++)
                        printf(" %02x", input[i]);
                printf("\n");
        }
        if (size == BYTES_MAX)
                return;
        for (i = 0; i < sizeof(interesting); i++) {
                input[size] = interesting[i];
                check_all(input, size + 1);
        }
}

static void test_every_payload(void)
{
        unsigned char input[BYTES_MAX];

        check_all(input, 0);
        CHECK_INT(inputs, 1 + 16 + 256 + 4096 + 65536 + 1048576);
}

int main(void)
{
        guard_init(&guard, BYTES_MAX);
        RUN(test_every_payload);
        guard_fini(&guard);
        return check_done();
}
