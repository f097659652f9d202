/* SPDX-License-Identifier: MIT */
#include "daemon/refusals.h"

#include <stdio.h>
#include <string.h>

#define MINUTE 60000

/* Finds the source's place, or the one that was told the longest ago. */
static struct refusal *find(struct refusals *refusals, const char *source)
{
        struct refusal *oldest = &refusals->sources[0];

        for (unsigned i = 0; i < REFUSALS_SOURCES; i++) {
                struct refusal *refusal = &refusals->sources[i];

                if (strcmp(refusal->source, source) == 0)
                        return refusal;
                if (oldest->source[0] != '\0' &&
                        (refusal->source[0] == '\0' ||
                                refusal->told < oldest->told))
                        oldest = refusal;
        }
        oldest->source[0] = '\0';
        return oldest;
}

unsigned refusals_add(
        struct refusals *refusals, uint64_t now, const char *source)
{
        struct refusal *refusal = find(refusals, source);
        unsigned count;

        if (refusal->source[0] == '\0') {
                snprintf(
                        refusal->source, sizeof(refusal->source), "%s", source);
                refusal->told = now;
                refusal->untold = 0;
                return 1;
        }
        refusal->untold++;
        if (now - refusal->told < MINUTE)
                return 0;
        count = refusal->untold;
        refusal->told = now;
        refusal->untold = 0;
        return count;
}
