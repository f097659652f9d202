/* SPDX-License-Identifier: MIT */
/*
 * Tables made of others, {type:name, ...}: opening the members, and asking one
 * after the other, whichever of them answer later.
 */
#ifndef TABLES_SUPPORT_MEMBERS_H
#define TABLES_SUPPORT_MEMBERS_H

#include "tables/support/group.h"

struct members_kind;

struct members {
        struct table table; /* first */
        const struct members_kind *kind;
        struct arena arena; /* of all that follows */
        struct group group;
};

/* A lookup on its way from member to member, in its asker's arena. */
struct members_walk {
        const struct members *members;
        struct lookup *asking;
        struct lookup lookup; /* the one to a member */
        size_t asked;         /* how many members have been */
        size_t found;
        struct span values[]; /* what they have found, in order */
};

/* What tells one such type from another. */
struct members_kind {
        const struct table_type *type;
        bool needs_all; /* absent from one member: absent */
        /* Returns the key for the next member. */
        struct span (*key)(const struct members_walk *walk);
        /* Answers walk->asking when all members have been asked. */
        enum progress (*end)(struct members_walk *walk);
};

/* Looks at {type:name, ...} and each of these: check of a table type. */
int members_check(const struct table_type *type, const char *argument,
        struct reason *ret_reason);

/*
 * Opens a table and its members. It is as much as its members are: asked for
 * whole keys as the first one is, pending if any of them is. Returns NULL with
 * the reason, code as in table_type.open.
 */
struct table *members_open(const struct table_env *env,
        const struct members_kind *kind, const char *argument,
        struct reason *ret_reason);

/* The members of a table type. A member's failure is the table's. */
enum progress members_start(struct table *table, struct lookup *lookup);
void members_cancel(struct table *table, struct lookup *lookup);
void members_close(struct table *table);

#endif
