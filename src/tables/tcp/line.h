/* SPDX-License-Identifier: MIT */
/* The lines of tcp_table(5), where %XX stands for a byte. */
#ifndef TABLES_TCP_LINE_H
#define TABLES_TCP_LINE_H

#include "tables/support/channel.h"

/* How many bytes a reply may have, its newline included. */
#define TCP_REPLY_MAX ((size_t)4096)

/* Appends "get KEY\n", the key encoded. Returns 0 or -ENOMEM. */
int tcp_line_write(struct span key, struct bytes *out);

/*
 * Takes "NNN TEXT" apart, without the newline. Returns the status, 100 to 999,
 * and what stands behind the one blank; 0 when it has another form.
 */
unsigned tcp_line_split(struct span line, struct span *ret_text);

/*
 * Decodes a text. `to` has room for as many bytes, and may be where the text
 * is. Returns how many there are; -EBADMSG when a '%' begins nothing.
 */
ssize_t tcp_line_decode(struct span text, char *to);

#endif
