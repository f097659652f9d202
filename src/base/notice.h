/* SPDX-License-Identifier: MIT */
/*
 * What is said while lookups are answered, by a script that prints, say: lines
 * for the log, whatever that is in this process.
 */
#ifndef BASE_NOTICE_H
#define BASE_NOTICE_H

/*
 * Has every line from now on handed to `say`, on the thread that says it. Once,
 * before there are other threads; without it nobody listens.
 */
void notice_open(void (*say)(const char *line));

/*
 * Says a line; like report_at, it replaces what a terminal or a log must not
 * see, and cuts the line at 1,000 bytes. Any thread.
 */
__attribute__((format(printf, 1, 2))) void notice_say(const char *format, ...);

#endif
