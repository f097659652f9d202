/* SPDX-License-Identifier: MIT */
/*
 * Completes a manual page with what is declared in the sources: copies stdin
 * to stdout, and writes the options of a kind of section for the line
 * ".\" @options KIND", the table types as a list for ".\" @tables", and a
 * subsection each for ".\" @types".
 */
#include "base/cf.h"
#include "config/options.h"
#include "tables/table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK ".\\\" @"

/* Prints a summary as a sentence, on lines that are not too long. */
static void print_sentence(const char *text)
{
        enum { WIDTH = 60 };
        int column = 0;

        putchar(toupper((unsigned char)*text));
        for (text++; *text != '\0'; text++, column++) {
                if (*text == ' ' && column > WIDTH) {
                        putchar('\n');
                        column = 0;
                } else if (*text == '\\') {
                        fputs("\\e", stdout);
                } else {
                        putchar(*text);
                }
        }
        puts(".");
}

/* Prints what a value may be, as far as its name doesn't say it. */
static void print_range(const struct option *option)
{
        const struct units *units = option->type->units;
        const char *const *word = option->range.words;

        if (units != NULL)
                printf("From %s to %s.\n",
                        number_format(option->range.least, units).text,
                        number_format(option->range.most, units).text);
        if (word == NULL)
                return;
        puts(option->type == &value_words ? "Words are" : "One of");
        for (; *word != NULL; word++)
                printf(".Ql %s%s\n", *word, word[1] == NULL ? " ." : " ,");
}

static void print_options(const struct section_kind *kind)
{
        puts(".Bl -tag -width \"endpoint = ENDPOINT\"");
        for (size_t i = 0; i < kind->option_count; i++) {
                const struct option *option = &kind->options[i];

                printf(".It Ic %s No = Ar %s\n", option->name,
                        option->type->placeholder);
                print_sentence(option->summary);
                print_range(option);
                if (option->required)
                        puts("Required.");
                if (option->fallback != NULL)
                        printf("Default:\n.Ql %s .\n", option->fallback);
                if (option->needs_restart)
                        puts("Changes with a restart only.");
        }
        puts(".El");
}

static void print_tables(void)
{
        puts(".Bl -tag -width \"texthash:FILE\"");
        for (size_t i = 0; table_types[i] != NULL; i++) {
                printf(".It Ic %s : Ns Ar %s\n", table_types[i]->name,
                        table_types[i]->argument);
                print_sentence(table_types[i]->summary);
        }
        puts(".El");
}

static void print_cf_options(const struct cf_option *option)
{
        puts(".Pp\nThe file knows");
        puts(".Bl -tag -width \"expansion_limit\"");
        for (; option->name != NULL; option++) {
                printf(".It Ic %s\n", option->name);
                if (option->summary != NULL)
                        print_sentence(option->summary);
                if (option->fallback != NULL)
                        printf("Default:\n.Ql %s .\n", option->fallback);
        }
        puts(".El");
}

static void print_types(void)
{
        for (size_t i = 0; table_types[i] != NULL; i++) {
                const struct table_type *type = table_types[i];

                printf(".Ss %s:%s\n", type->name, type->argument);
                print_sentence(type->summary);
                if (type->manual != NULL)
                        fputs(type->manual, stdout);
                if (type->options != NULL)
                        print_cf_options(type->options);
        }
}

/* Returns whether there is something of this name. */
static int print_reference(const char *name)
{
        if (strcmp(name, "tables") == 0) {
                print_tables();
                return 1;
        }
        if (strcmp(name, "types") == 0) {
                print_types();
                return 1;
        }
        for (size_t i = 0; i < SECTION_KINDS; i++) {
                if (strncmp(name, "options ", 8) == 0 &&
                        strcmp(name + 8, section_kinds[i].name) == 0) {
                        print_options(&section_kinds[i]);
                        return 1;
                }
        }
        return 0;
}

int main(void)
{
        char line[1024];

        while (fgets(line, sizeof(line), stdin) != NULL) {
                if (strncmp(line, MARK, strlen(MARK)) != 0) {
                        fputs(line, stdout);
                        continue;
                }
                line[strcspn(line, "\n")] = '\0';
                if (!print_reference(line + strlen(MARK))) {
                        fprintf(stderr, "reference: %s\n", line);
                        return EXIT_FAILURE;
                }
        }
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
