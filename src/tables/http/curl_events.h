/* SPDX-License-Identifier: MIT */
/*
 * Requests of libcurl's, several at a time, on the thread of events: its multi
 * handle, told when a socket is ready and when a time has come.
 */
#ifndef TABLES_HTTP_CURL_EVENTS_H
#define TABLES_HTTP_CURL_EVENTS_H

#include "base/events.h"
#include <curl/curl.h>

struct curl_events;

/*
 * connections: as many are kept when they are idle.
 * `active` is called when there may be finished requests, as the last thing: it
 * may free all this. Returns NULL when there is no memory. This and all that
 * follows: the events' thread.
 */
struct curl_events *curl_events_new(struct events *events, unsigned connections,
        void (*active)(void *ctx, struct curl_events *curl_events), void *ctx);

/* No request is there any more. NULL does nothing. */
void curl_events_free(struct curl_events *curl_events);

/*
 * Begins a request, not on a connection on which something was said since the
 * last one. It may be finished at once: `active` is not called for
 * that. Returns 0 or -ENOMEM.
 */
int curl_events_add(struct curl_events *curl_events, CURL *curl);

/*
 * The connection of a finished request is one that requests share: what is said
 * on it is for one of them, or none.
 */
void curl_events_share(struct curl_events *curl_events, CURL *curl);

/* Takes a request out, finished or not; if not, its connection is closed. */
void curl_events_remove(struct curl_events *curl_events, CURL *curl);

/* Whether no request is there. */
bool curl_events_is_idle(const struct curl_events *curl_events);

/* Returns the next one that has finished, to be removed; NULL: none has. */
CURL *curl_events_next(struct curl_events *curl_events, CURLcode *ret_code);

#endif
