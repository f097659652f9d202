/* SPDX-License-Identifier: MIT */
/* A server of tcp_table(5) with one key, for fixtures. */
#ifndef CONTRACT_TCP_ANSWERING_H
#define CONTRACT_TCP_ANSWERING_H

/*
 * Answers the key, upper and lower case the same, with the value, on another
 * thread; one connection after the other. Returns its port.
 */
unsigned tcp_answering_start(const char *key, const char *value);
void tcp_answering_stop(void);

#endif
