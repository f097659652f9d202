/* SPDX-License-Identifier: MIT */
#include "maps/candidates.h"
#include "maps/order_walk.h"
#include <errno.h>
#include <stdint.h>

/* L: local part, X: extension, D: domain. */
enum step {
        STEP_END,
        STEP_KEY,
        STEP_PARSE,         /* the key's other form, if it is an address */
        STEP_STRIPPED,      /* L@D */
        STEP_LOCAL,         /* LX; skips itself and the next for others' D */
        STEP_LOCAL_BARE,    /* L */
        STEP_AT_DOMAIN,     /* @D */
        STEP_LOCAL_AT,      /* LX@ */
        STEP_LOCAL_AT_BARE, /* L@ */
        STEP_DOMAIN,        /* D begins a walk */
        STEP_PARENTS,       /* the parents of a name do */
        STEP_NAME,          /* of one that is no address */
        STEP_CLIENT,        /* likewise, or the networks of an address */
        STEP_WALK
};

static const unsigned char plan_exact[] = {STEP_KEY, STEP_END};
static const unsigned char plan_address[] = {STEP_KEY, STEP_PARSE,
        STEP_STRIPPED, STEP_LOCAL, STEP_LOCAL_BARE, STEP_AT_DOMAIN, STEP_END};
static const unsigned char plan_transport[] = {
        STEP_KEY, STEP_PARSE, STEP_STRIPPED, STEP_DOMAIN, STEP_WALK, STEP_END};
static const unsigned char plan_access_mail[] = {STEP_KEY, STEP_PARSE,
        STEP_STRIPPED, STEP_DOMAIN, STEP_WALK, STEP_LOCAL_AT,
        STEP_LOCAL_AT_BARE, STEP_END};
static const unsigned char plan_client[] = {
        STEP_KEY, STEP_CLIENT, STEP_WALK, STEP_END};
static const unsigned char plan_name[] = {
        STEP_KEY, STEP_NAME, STEP_WALK, STEP_END};
static const unsigned char plan_parents[] = {
        STEP_KEY, STEP_PARENTS, STEP_WALK, STEP_END};

static const unsigned char end[] = {STEP_END};

static const struct {
        const unsigned char *plan;
        bool wants_internal; /* each key in the external, then this form */
        enum order_parents parents;
} orders[] = {
        [ORDER_EXACT] = {plan_exact, false, 0},
        [ORDER_VIRTUAL] = {plan_address, false, 0},
        [ORDER_CANONICAL] = {plan_address, false, 0},
        [ORDER_GENERIC] = {plan_address, false, 0},
        [ORDER_ADDRESS] = {plan_address, true, 0},
        [ORDER_TRANSPORT] = {plan_transport, true, ORDER_PARENTS_DOMAIN},
        [ORDER_ACCESS_MAIL] = {plan_access_mail, true, ORDER_PARENTS_YES},
        [ORDER_ACCESS_CLIENT] = {plan_client, false, ORDER_PARENTS_YES},
        [ORDER_ACCESS_HELO] = {plan_name, false, ORDER_PARENTS_YES},
        [ORDER_RELAY_DOMAINS] = {plan_parents, false, ORDER_PARENTS_YES},
        [ORDER_NETWORK] = {plan_name, false, ORDER_PARENTS_YES},
        [ORDER_REQUIRETLS] = {plan_parents, false, ORDER_PARENTS_DOMAIN},
};

void candidates_init(struct candidates *candidates, enum order order,
        const struct order_options *options, struct span key,
        struct arena *arena)
{
        *candidates = (struct candidates){
                .options = options,
                .arena = arena,
                .key = key,
                .order = order,
                .step = orders[order].plan,
                .wants_internal = orders[order].wants_internal,
        };
}

/* Whether parents are written ".b.c"; nobody can change it for requiretls. */
static bool with_dot(const struct candidates *c)
{
        enum order_parents parents = c->options->parents;

        if (parents == ORDER_PARENTS_BY_ORDER || c->order == ORDER_REQUIRETLS)
                parents = orders[c->order].parents;
        return parents == ORDER_PARENTS_DOMAIN;
}

static int take_key(struct candidates *c, struct candidate *next)
{
        next->key = c->key;
        next->is_full = true;
        return 1;
}

/*
 * Finds the internal form of the key, which is external if it is what its
 * internal form is quoted as. Returns the other form of the key.
 */
static int find_forms(struct candidates *c, struct span *ret_other)
{
        struct span external = c->key;
        int r = address_unquote(c->key, c->arena, &c->internal);

        if (r == 0)
                r = address_quote(
                        c->internal, ADDRESS_WHOLE, c->arena, &external);
        if (r < 0)
                return r;
        if (span_equal(external, c->key)) {
                *ret_other = c->internal;
                return 0;
        }
        /*
         * Only a client that has asked for the external form before asks for
         * the internal one, and then it asks for both in every order.
         */
        c->wants_internal = true;
        c->internal = c->key;
        return address_quote(c->key, ADDRESS_WHOLE, c->arena, ret_other);
}

/* What is no address has no other candidates. */
static int take_other_form(struct candidates *c, struct candidate *next)
{
        int r = 0;

        if (address_at(c->key) == c->key.size ||
                (r = find_forms(c, &next->key)) < 0) {
                c->step = end;
                return r;
        }
        c->at = address_at(c->internal);
        c->bare = address_bare_size(
                (struct span){c->internal.data, c->at}, &c->options->address);
        next->is_full = true;
        return c->wants_internal && !span_equal(next->key, c->key);
}

/* Asks for the external form now, and perhaps for the internal one next. */
static int take_forms(struct candidates *c, struct span internal,
        enum address_part part, struct candidate *next)
{
        int r = address_quote(internal, part, c->arena, &next->key);

        if (r < 0)
                return r;
        if (c->wants_internal && internal.size > 0 &&
                !span_equal(internal, next->key)) {
                c->other = *next;
                c->other.key = internal;
                c->has_other = true;
        }
        return 1;
}

/* Begins a candidate without the extension, if there is one. */
static bool strip(const struct candidates *c, struct candidate *next)
{
        const char *data = c->internal.data;

        next->is_stripped = c->bare < c->at;
        next->local = (struct span){data, c->bare};
        next->extension = (struct span){data + c->bare, c->at - c->bare};
        return next->is_stripped;
}

/* The bare local part, and `size` bytes from the '@' on. */
static int take_stripped(
        struct candidates *c, size_t size, struct candidate *next)
{
        char *address;

        if (!strip(c, next))
                return 0;
        if (size == 0)
                return take_forms(c, next->local, ADDRESS_LOCAL, next);
        address = arena_bytes(c->arena, c->bare + size);
        if (address == NULL)
                return -ENOMEM;
        memcpy(address, c->internal.data, c->bare);
        memcpy(address + c->bare, c->internal.data + c->at, size);
        return take_forms(
                c, (struct span){address, c->bare + size}, ADDRESS_WHOLE, next);
}

static struct span domain_of(const struct candidates *c)
{
        return (struct span){
                c->internal.data + c->at + 1, c->internal.size - c->at - 1};
}

static int take_local(struct candidates *c, struct candidate *next)
{
        int r = walk_is_mine(domain_of(c), c->options->mydomains,
                c->options->mydomain_count, c->arena);

        if (r <= 0) {
                c->step++;
                return r;
        }
        return take_forms(
                c, (struct span){c->internal.data, c->at}, ADDRESS_LOCAL, next);
}

static int take_at_domain(struct candidates *c, struct candidate *next)
{
        next->key = (struct span){
                c->internal.data + c->at, c->internal.size - c->at};
        return 1;
}

/* Begins a walk at what is above the key. */
static int begin_walk(struct candidates *c, bool has_names, bool has_networks)
{
        c->is_network = has_networks;
        if (has_networks)
                c->walk = walk_network(c->key);
        else if (has_names)
                c->walk = walk_parent(c->key, with_dot(c));
        return 0;
}

static int walk(struct candidates *c, struct candidate *next)
{
        if (c->walk.size == 0)
                return 0;
        next->key = c->walk;
        c->walk = c->is_network ? walk_network(c->walk)
                                : walk_parent(c->walk, with_dot(c));
        c->step--; /* and once more */
        return 1;
}

/* Returns 1 with a candidate, 0 to go on with the next step, or an error. */
static int take_step(
        struct candidates *c, enum step step, struct candidate *next)
{
        bool is_address;

        switch (step) {
        case STEP_KEY:
                return take_key(c, next);
        case STEP_PARSE:
                return take_other_form(c, next);
        case STEP_STRIPPED:
                return take_stripped(c, c->internal.size - c->at, next);
        case STEP_LOCAL:
                return take_local(c, next);
        case STEP_LOCAL_BARE:
                return take_stripped(c, 0, next);
        case STEP_AT_DOMAIN:
                return take_at_domain(c, next);
        case STEP_LOCAL_AT:
                return take_forms(c, (struct span){c->internal.data, c->at + 1},
                        ADDRESS_WHOLE, next);
        case STEP_LOCAL_AT_BARE:
                return take_stripped(c, 1, next);
        case STEP_DOMAIN:
                c->walk = domain_of(c);
                return 0;
        case STEP_PARENTS:
                return begin_walk(c, true, false);
        case STEP_NAME:
                return begin_walk(c, !walk_is_address(c->key), false);
        case STEP_CLIENT:
                is_address = walk_is_address(c->key);
                return begin_walk(c, !is_address, is_address);
        case STEP_WALK:
                return walk(c, next);
        case STEP_END:
                break;
        }
        return 0;
}

int candidates_next(
        struct candidates *candidates, struct candidate *ret_candidate)
{
        struct candidate next = {.is_full = false};
        int r = 0;

        if (candidates->has_other) {
                candidates->has_other = false;
                next = candidates->other;
                r = 1;
        }
        while (r == 0 && *candidates->step != STEP_END) {
                next = (struct candidate){.is_full = false};
                r = take_step(
                        candidates, (enum step) * candidates->step++, &next);
        }
        if (r <= 0)
                return r;
        if (next.key.size > CANDIDATES_SIZE_MAX - candidates->size)
                return -E2BIG;
        candidates->size += next.key.size;
        *ret_candidate = next;
        return 1;
}
