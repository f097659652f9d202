/* SPDX-License-Identifier: MIT */
#include "tables/ldap/sasl.h"
#include "tables/support/openssl.h"
#include <errno.h>
#include <ldap.h>
#include <sasl/sasl.h>

/* Where a server names its mechanisms. */
static char mechanisms_attribute[] = "supportedSASLMechanisms";

/* Names of mechanisms, with blanks between them. */
struct mechanisms {
        char text[2048];
        size_t size;
};

/* One that there is no room for is none that is known. */
static void add_mechanism(struct mechanisms *list, struct span name)
{
        if (name.size >= sizeof(list->text) - list->size - 1)
                return;
        if (list->size > 0)
                list->text[list->size++] = ' ';
        memcpy(list->text + list->size, name.data, name.size);
        list->size += name.size;
        list->text[list->size] = '\0';
}

/* Adds what libldap's own configuration says. */
static void add_configured(
        const struct ldap_session *session, struct mechanisms *list)
{
        char *names = NULL;

        ldap_get_option(session->ld, LDAP_OPT_X_SASL_MECH, &names);
        if (names != NULL)
                add_mechanism(list, span_of(names));
        ldap_memfree(names);
}

static void add_offered(const struct ldap_session *session,
        struct ldapmsg *entry, struct mechanisms *list)
{
        struct berval **values =
                ldap_get_values_len(session->ld, entry, mechanisms_attribute);

        for (size_t i = 0; values != NULL && values[i] != NULL; i++)
                add_mechanism(list,
                        (struct span){values[i]->bv_val, values[i]->bv_len});
        ldap_value_free_len(values);
}

/* Asks the server what it has: libldap would wait for that without an end. */
static int ask_for_mechanisms(struct ldap_session *session, uint64_t deadline,
        struct mechanisms *list, struct reason *ret_reason)
{
        static const char what[] = "search for mechanisms of SASL";
        char *names[] = {mechanisms_attribute, NULL};
        struct ldapmsg *message = NULL;
        int request;
        int r = ldap_search_ext(session->ld, "", LDAP_SCOPE_BASE, NULL, names,
                false, NULL, NULL, NULL, LDAP_NO_LIMIT, &request);

        if (r == LDAP_SUCCESS)
                r = ldap_session_next(session, request, deadline, &message);
        if (r < 0) {
                ldap_session_reason(session, what, r, NULL, ret_reason);
                return ret_reason->code;
        }
        if (r == LDAP_RES_SEARCH_ENTRY)
                add_offered(session, message, list);
        ldap_msgfree(message);
        /* Without an entry, that was the end. */
        if (r == LDAP_RES_SEARCH_ENTRY &&
                ldap_session_finish(session, request, LDAP_RES_SEARCH_RESULT,
                        deadline, what, ret_reason) != LDAP_SUCCESS)
                return ret_reason->code;
        return 0;
}

/* Returns 0, or a negative errno with the reason why there are none. */
static int find_mechanisms(struct ldap_session *session, uint64_t deadline,
        struct mechanisms *list, struct reason *ret_reason)
{
        int r = 0;

        add_configured(session, list);
        if (list->size == 0)
                r = ask_for_mechanisms(session, deadline, list, ret_reason);
        if (r < 0 || list->size > 0)
                return r;
        reason_set(ret_reason, "the server names no mechanism of SASL");
        ret_reason->code = -ENOTCONN;
        return ret_reason->code;
}

/* What the file has for what a mechanism asks for. NULL: nothing. */
static const char *answer_to(
        const struct ldap_options *options, unsigned long question)
{
        switch (question) {
        case SASL_CB_AUTHNAME:
                return options->bind_dn;
        case SASL_CB_PASS:
                return options->bind_pw != NULL ? options->bind_pw : "";
        case SASL_CB_GETREALM:
                return options->sasl_realm;
        case SASL_CB_USER:
                return options->sasl_authz_id;
        default:
                return NULL;
        }
}

/* Called by libldap. A mechanism itself says that it misses an answer. */
static int answer(LDAP *ld, unsigned flags, void *ctx, void *questions)
{
        (void)ld;
        (void)flags;
        for (sasl_interact_t *question = questions;
                question->id != SASL_CB_LIST_END; question++) {
                const char *text = answer_to(ctx, question->id);

                question->result = text;
                question->len = text != NULL ? (unsigned)strlen(text) : 0;
        }
        return LDAP_SUCCESS;
}

/* Waits for what a server says to a step. Returns 0 or a code of libldap. */
static int receive(struct ldap_session *session, int request, uint64_t deadline,
        struct ldapmsg **ret_message)
{
        int type = ldap_session_next(session, request, deadline, ret_message);

        if (type < 0)
                return type;
        if (type == LDAP_RES_BIND)
                return 0;
        ldap_msgfree(*ret_message);
        *ret_message = NULL;
        return LDAP_DECODING_ERROR;
}

static void give_reason(const struct ldap_options *options,
        const struct ldap_session *session, int code, struct reason *ret_reason)
{
        struct reason what;
        char *more = NULL;

        reason_set(&what, "SASL bind");
        if (*options->bind_dn != '\0')
                reason_set(&what, "SASL bind as \"%s\"", options->bind_dn);
        /* Else nobody has set it. */
        if (code != LDAP_TIMEOUT && code != LDAP_SERVER_DOWN)
                ldap_get_option(
                        session->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
        ldap_session_reason(session, what.text, code, more, ret_reason);
        ldap_memfree(more);
}

/*
 * Takes turns with the server, as often as the mechanism wants. That also sees
 * to it that a server proves who it is, if the mechanism has it so.
 */
static int take_turns(const struct ldap_options *options,
        struct ldap_session *session, const char *mechanisms, uint64_t deadline,
        struct reason *ret_reason)
{
        struct ldapmsg *message = NULL;
        const char *mechanism = NULL;
        int request, code;

        do {
                code = ldap_sasl_interactive_bind(session->ld, NULL, mechanisms,
                        NULL, NULL, LDAP_SASL_QUIET, answer, (void *)options,
                        message, &mechanism, &request);
                ldap_msgfree(message);
                message = NULL;
                if (code == LDAP_SUCCESS)
                        return 0;
                if (code == LDAP_SASL_BIND_IN_PROGRESS)
                        code = receive(session, request, deadline, &message);
        } while (code == LDAP_SUCCESS);
        give_reason(options, session, code, ret_reason);
        return ret_reason->code;
}

/* Without one, what libldap's own configuration asks for stays. */
static int set_strength(const struct ldap_options *options,
        const struct ldap_session *session, struct reason *ret_reason)
{
        ber_len_t least = options->sasl_minssf;

        if (least == 0 || ldap_set_option(session->ld, LDAP_OPT_X_SASL_SSF_MIN,
                                  &least) == LDAP_OPT_SUCCESS)
                return 0;
        reason_set(ret_reason, "sasl_minssf: libldap knows nothing of it");
        ret_reason->code = -ENOTCONN;
        return ret_reason->code;
}

int ldap_sasl_log_in(const struct ldap_options *options,
        struct ldap_session *session, uint64_t deadline,
        struct reason *ret_reason)
{
        const char *mechanisms = options->sasl_mechs;
        struct mechanisms list = {.size = 0};
        int r;

        openssl_keep(); /* for the plugins of mechanisms */
        r = set_strength(options, session, ret_reason);
        if (r == 0 && *mechanisms == '\0') {
                mechanisms = list.text;
                r = find_mechanisms(session, deadline, &list, ret_reason);
        }
        if (r < 0)
                return r;
        return take_turns(options, session, mechanisms, deadline, ret_reason);
}
