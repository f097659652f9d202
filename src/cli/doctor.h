/* SPDX-License-Identifier: MIT */
/* What the parts of socketmap doctor share. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/doctor_endpoint.h"

#include "base/arena.h"

struct config_listener;
struct config_map;
struct postconf;
struct use;
struct view;

struct doctor {
        const char *file; /* our configuration */
        const struct config *config;
        const struct postconf *postconf; /* NULL: there is no Postfix */
        const struct use *uses;          /* its socketmaps, and other tables */
        struct looker postfix;           /* its user, not chrooted */
        struct arena arena;
        unsigned findings;
};

/*
 * Prints a finding, one line, and the line that helps. `fix` begins with where
 * to paste that: "main.cf: ", our file and a section, or "run: ".
 */
__attribute__((format(printf, 3, 4))) void doctor_find(
        struct doctor *doctor, const char *fix, const char *format, ...);

/* Returns such a fix: a line for the section of our listener. */
__attribute__((format(printf, 3, 4))) const char *doctor_fix_listener(
        struct doctor *doctor, const struct config_listener *listener,
        const char *format, ...);

/* Returns one: an option of a map, which need not exist yet. */
const char *doctor_fix_map(struct doctor *doctor, const char *map,
        const char *option, const char *value);

/* Returns our map of this name, or the default one; NULL if there is none. */
const struct config_map *doctor_find_map(
        const struct doctor *doctor, const char *name);

/* Returns whether it is a socketmap, and of no map that nobody looks up. */
bool doctor_counts(const struct doctor *doctor, const struct use *use);

/* Returns whether the delivery agent in use takes no socketmap there. */
bool doctor_is_refused(struct doctor *doctor, const struct use *use);

/*
 * Returns whether our map there makes, or can be told to make, keys as Postfix
 * does for the parameter, so that the options which that goes by matter.
 */
bool doctor_follows_search(const struct doctor *doctor, const struct use *use);

/* The checks. Of one use of a socketmap: */

/* Is it written right? Returns whether the others make sense. */
bool doctor_check_text(struct doctor *doctor, const struct use *use);
/* May a socketmap stand there? */
void doctor_check_place(struct doctor *doctor, const struct use *use);
/* Is the map there, and does it answer? */
void doctor_check_reach(struct doctor *doctor, const struct use *use);

/* Of all uses: is the search of our map that of the parameter? */
void doctor_check_searches(struct doctor *doctor);
/* Does a map with a search stand in a list beside other tables? */
void doctor_check_lists(struct doctor *doctor);
/* Do the other options of our map agree with Postfix's parameters? */
void doctor_check_agreement(struct doctor *doctor);
/* Of our listeners that Postfix does not use: do they answer? */
void doctor_check_listener(
        struct doctor *doctor, const struct config_listener *listener);

/* Prints sections for the tables that are no socketmaps yet. */
void doctor_suggest(struct doctor *doctor);

#endif
