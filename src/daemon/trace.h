/* SPDX-License-Identifier: MIT */
/* Lookups that the log is to show, one line each. */
#ifndef DAEMON_TRACE_H
#define DAEMON_TRACE_H

struct config_traces;
struct maps;

/*
 * Shows the lookups of these maps that the configuration names, and no others.
 * On the server's thread; nothing is kept of the rules. Returns 0 or -ENOMEM:
 * then none are shown.
 */
int trace_configure(const struct config_traces *rules, const struct maps *maps);

#endif
