/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a configuration: collected while it is read and checked,
 * told in the order of the files, each with its line and a caret.
 */
#ifndef CONFIG_FINDINGS_H
#define CONFIG_FINDINGS_H

#include "base/arena.h"
#include "base/report.h"
#include "config/source.h"

struct finding;

struct findings {
        struct arena arena; /* of the findings and the sources */
        struct finding *first, **end;
        size_t count;
        struct source *sources, **sources_end;
        size_t source_count;
};

void findings_init(struct findings *findings);
void findings_fini(struct findings *findings);

/* Adds a source that findings may be about. It lives in findings->arena. */
void findings_add_source(struct findings *findings, struct source *source);

/* Returns the source of a place, or NULL. */
struct source *findings_get_source(
        const struct findings *findings, const struct place *place);

/*
 * Adds an error. place: of a source, line 0 for a file as a whole; NULL for
 * none. With hides, the line isn't shown: it may hold a secret.
 */
__attribute__((format(printf, 3, 4))) void findings_add(
        struct findings *findings, const struct place *place,
        const char *format, ...);
__attribute__((format(printf, 3, 4))) void findings_add_hidden(
        struct findings *findings, const struct place *place,
        const char *format, ...);

/*
 * Hides the lines that findings so far are about, from one place to before
 * another; to the end of the file when that is in another one, or NULL.
 */
void findings_hide(struct findings *findings, const struct place *from,
        const struct place *to);

/* Reports them all. */
void findings_tell(struct findings *findings, struct report *report);

#endif
