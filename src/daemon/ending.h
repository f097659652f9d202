/* SPDX-License-Identifier: MIT */
/* The daemon's end. */
#ifndef DAEMON_ENDING_H
#define DAEMON_ENDING_H

struct daemon;

/*
 * Ends the daemon: what has been asked is answered first; asked a second time,
 * at once. why: for the log, a constant, "SIGTERM".
 */
void ending_begin(struct daemon *daemon, const char *why);

/* Tells the log that it is over. */
void ending_tell(const struct daemon *daemon);

#endif
