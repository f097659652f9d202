/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <stdio.h>

/* Longer words than ours are no misspellings of them. */
#define WORD_SIZE_MAX 32

static size_t smaller(size_t a, size_t b)
{
        return a < b ? a : b;
}

/* The optimal string alignment distance, row by row. */
static size_t edit_distance(struct span a, struct span b)
{
        size_t rows[3][WORD_SIZE_MAX + 1];
        size_t *before = rows[0], *last = rows[1], *row = rows[2], *spare;

        for (size_t j = 0; j <= b.size; j++)
                row[j] = j;
        for (size_t i = 1; i <= a.size; i++) {
                spare = before;
                before = last;
                last = row;
                row = spare;
                row[0] = i;
                for (size_t j = 1; j <= b.size; j++) {
                        bool same = a.data[i - 1] == b.data[j - 1];

                        row[j] = smaller(last[j - 1] + !same,
                                smaller(last[j], row[j - 1]) + 1);
                        if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
                                a.data[i - 2] == b.data[j - 1])
                                row[j] = smaller(row[j], before[j - 2] + 1);
                }
        }
        return row[b.size];
}

void nearest_add(
        struct nearest *nearest, struct span word, const char *candidate)
{
        struct span known = span_of(candidate);
        size_t distance;

        if (word.size > WORD_SIZE_MAX || known.size > WORD_SIZE_MAX)
                return;
        distance = edit_distance(word, known);
        if (distance > (known.size < 3 ? 1 : known.size / 3))
                return;
        if (nearest->word == NULL || distance < nearest->distance)
                *nearest = (struct nearest){candidate, distance};
}

struct nearest_phrase nearest_ask(const struct nearest *nearest)
{
        struct nearest_phrase phrase = {""};

        if (nearest->word != NULL)
                snprintf(phrase.text, sizeof(phrase.text),
                        "; did you mean \"%s\"?", nearest->word);
        return phrase;
}
