/* SPDX-License-Identifier: MIT */
/* The daemon's end. */
#ifndef DAEMON_ENDING_H
#define DAEMON_ENDING_H

struct daemon;

/*
 * Ends the daemon: what has been asked is answered first, and a service manager
 * that can gets the connections; asked a second time, at once. why: for the
 * log, a constant, "SIGTERM".
 */
void ending_begin(struct daemon *daemon, const char *why);

/* Ends it in favour of another process; for struct control, ctx the daemon. */
void ending_go(void *ctx);

/* When the loop is over: makes sure that whoever goes on has everything. */
void ending_settle(struct daemon *daemon);

/* Tells the log that it is over. */
void ending_tell(const struct daemon *daemon);

#endif
