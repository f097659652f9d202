/* SPDX-License-Identifier: MIT */
/* As many connections as the process may have descriptors for. */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include <stdint.h>

/*
 * Raises the process's limit of descriptors as far as it goes. Returns how many
 * connections there can be: those wanted, or fewer, which is logged.
 */
uint64_t descriptors_provide(uint64_t connections);

#endif
