/* SPDX-License-Identifier: MIT */
/* Indexed files as Postfix itself makes them. */
#ifndef CONTRACT_POSTMAP_H
#define CONTRACT_POSTMAP_H

/*
 * Writes `text` to "DIRECTORY/NAME" and has postmap(1) make the file of this
 * type from it. Returns "TYPE:DIRECTORY/NAME", for the caller to free, or NULL
 * after saying why.
 */
char *postmap(const char *directory, const char *type, const char *name,
        const char *text);

/* Returns the path of the indexed file of such a specification, to be freed. */
char *indexed_path(const char *spec);

#endif
