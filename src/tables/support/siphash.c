/* SPDX-License-Identifier: MIT */
#include "tables/support/siphash.h"

struct state {
        uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
        return word << bits | word >> (64 - bits);
}

static void mix(struct state *s)
{
        s->a += s->b;
        s->b = rotate(s->b, 13) ^ s->a;
        s->a = rotate(s->a, 32);
        s->c += s->d;
        s->d = rotate(s->d, 16) ^ s->c;
        s->a += s->d;
        s->d = rotate(s->d, 21) ^ s->a;
        s->c += s->b;
        s->b = rotate(s->b, 17) ^ s->c;
        s->c = rotate(s->c, 32);
}

static void add(struct state *s, uint64_t word)
{
        s->d ^= word;
        mix(s);
        s->a ^= word;
}

uint64_t siphash(const uint64_t seed[2], struct span bytes)
{
        struct state s = {
                .a = seed[0] ^ 0x736f6d6570736575u,
                .b = seed[1] ^ 0x646f72616e646f6du,
                .c = seed[0] ^ 0x6c7967656e657261u,
                .d = seed[1] ^ 0x7465646279746573u,
        };
        uint64_t word, last = (uint64_t)bytes.size << 56;
        size_t i = 0;

        for (; bytes.size - i >= sizeof(word); i += sizeof(word)) {
                memcpy(&word, bytes.data + i, sizeof(word));
                add(&s, word);
        }
        for (unsigned shift = 0; i < bytes.size; i++, shift += 8)
                last |= (uint64_t)(unsigned char)bytes.data[i] << shift;
        add(&s, last);
        s.c ^= 0xff;
        mix(&s);
        mix(&s);
        mix(&s);
        return s.a ^ s.b ^ s.c ^ s.d;
}
