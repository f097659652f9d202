/* SPDX-License-Identifier: MIT */
#include "cli/doctor_params.h"

#define MAPS(name, order, daemons)                                             \
        {                                                                      \
                name, PARAMETER_MAPS, ORDER_##order, daemons, NULL, NULL, NULL \
        }
#define RECIPIENTS(name)                                                  \
        {                                                                 \
                name, PARAMETER_RECIPIENTS, ORDER_ADDRESS, "smtpd", NULL, \
                        NULL, NULL                                        \
        }
#define LIST(name, order, daemons)                                        \
        {                                                                 \
                name, PARAMETER_MATCH_LIST, ORDER_##order, daemons, NULL, \
                        NULL, NULL                                        \
        }
#define RESTRICTIONS(name)                                                \
        {                                                                 \
                name, PARAMETER_RESTRICTIONS, ORDER_EXACT, "smtpd", NULL, \
                        NULL, NULL                                        \
        }
#define LOCAL(name, daemons, cure)                                   \
        {                                                            \
                name, PARAMETER_MAPS, ORDER_EXACT, daemons, "local", \
                        "local_transport", cure                      \
        }
#define VIRTUAL(name, kind, order, daemons, cure)                          \
        {                                                                  \
                name, PARAMETER_##kind, ORDER_##order, daemons, "virtual", \
                        "virtual_transport", cure                          \
        }

static const struct parameter parameters[] = {
        MAPS("virtual_alias_maps", VIRTUAL, "cleanup smtpd trivial-rewrite"),
        MAPS("canonical_maps", CANONICAL, "cleanup smtpd"),
        MAPS("recipient_canonical_maps", CANONICAL, "cleanup smtpd"),
        MAPS("sender_canonical_maps", CANONICAL, "cleanup smtpd"),
        MAPS("smtp_generic_maps", GENERIC, "smtp"),
        MAPS("lmtp_generic_maps", GENERIC, "lmtp"),

        RECIPIENTS("local_recipient_maps"),
        RECIPIENTS("relay_recipient_maps"),
        MAPS("relocated_maps", ADDRESS, "trivial-rewrite"),
        MAPS("smtpd_sender_login_maps", ADDRESS, "smtpd"),
        MAPS("sender_bcc_maps", ADDRESS, "cleanup"),
        MAPS("recipient_bcc_maps", ADDRESS, "cleanup"),
        MAPS("sender_dependent_relayhost_maps", ADDRESS, "trivial-rewrite"),
        MAPS("sender_dependent_default_transport_maps", ADDRESS,
                "trivial-rewrite"),
        MAPS("address_verify_sender_dependent_relayhost_maps", ADDRESS,
                "trivial-rewrite"),
        MAPS("address_verify_sender_dependent_default_transport_maps", ADDRESS,
                "trivial-rewrite"),
        MAPS("smtp_sasl_password_maps", ADDRESS, "smtp"),
        MAPS("lmtp_sasl_password_maps", ADDRESS, "lmtp"),

        MAPS("transport_maps", TRANSPORT, "trivial-rewrite"),
        MAPS("address_verify_transport_maps", TRANSPORT, "trivial-rewrite"),

        LIST("mydestination", EXACT, "trivial-rewrite smtpd"),
        LIST("virtual_alias_domains", EXACT, "trivial-rewrite smtpd"),
        LIST("virtual_mailbox_domains", EXACT, "trivial-rewrite smtpd"),
        LIST("relay_domains", RELAY_DOMAINS, "trivial-rewrite smtpd"),
        LIST("fast_flush_domains", RELAY_DOMAINS, "flush"),
        LIST("mynetworks", NETWORK, "smtpd postscreen"),
        LIST("permit_mx_backup_networks", NETWORK, "smtpd"),
        LIST("smtpd_client_event_limit_exceptions", NETWORK, "smtpd"),
        LIST("smtpd_sasl_exceptions_networks", NETWORK, "smtpd"),
        LIST("qmqpd_authorized_clients", NETWORK, "qmqpd"),
        LIST("postscreen_access_list", NETWORK, "postscreen"),
        LIST("debug_peer_list", NETWORK, "smtpd smtp lmtp"),

        MAPS("mailbox_transport_maps", EXACT, "local"),
        MAPS("fallback_transport_maps", EXACT, "local"),
        MAPS("smtp_tls_policy_maps", EXACT, "smtp"),
        MAPS("lmtp_tls_policy_maps", EXACT, "lmtp"),
        MAPS("smtp_requiretls_policy", REQUIRETLS, "smtp"),
        MAPS("tls_server_sni_maps", EXACT, "smtpd tlsproxy"),
        MAPS("relay_clientcerts", EXACT, "smtpd"),
        MAPS("rbl_reply_maps", EXACT, "smtpd"),
        MAPS("smtpd_milter_maps", EXACT, "smtpd"),
        MAPS("smtpd_reject_footer_maps", EXACT, "smtpd"),
        MAPS("postscreen_reject_footer_maps", EXACT, "postscreen"),
        MAPS("smtpd_discard_ehlo_keyword_address_maps", EXACT, "smtpd"),
        MAPS("postscreen_discard_ehlo_keyword_address_maps", EXACT,
                "postscreen"),
        MAPS("smtp_discard_ehlo_keyword_address_maps", EXACT, "smtp"),
        MAPS("lmtp_discard_lhlo_keyword_address_maps", EXACT, "lmtp"),
        MAPS("smtp_pix_workaround_maps", EXACT, "smtp"),
        MAPS("lmtp_pix_workaround_maps", EXACT, "lmtp"),

        MAPS("header_checks", EXACT, "cleanup"),
        MAPS("mime_header_checks", EXACT, "cleanup"),
        MAPS("nested_header_checks", EXACT, "cleanup"),
        MAPS("body_checks", EXACT, "cleanup"),
        MAPS("milter_header_checks", EXACT, "cleanup"),
        MAPS("smtp_header_checks", EXACT, "smtp"),
        MAPS("smtp_mime_header_checks", EXACT, "smtp"),
        MAPS("smtp_nested_header_checks", EXACT, "smtp"),
        MAPS("smtp_body_checks", EXACT, "smtp"),
        MAPS("lmtp_header_checks", EXACT, "lmtp"),
        MAPS("lmtp_mime_header_checks", EXACT, "lmtp"),
        MAPS("lmtp_nested_header_checks", EXACT, "lmtp"),
        MAPS("lmtp_body_checks", EXACT, "lmtp"),

        LOCAL("alias_maps", "local smtpd", "alias_maps = hash:/etc/aliases"),
        LOCAL("mailbox_command_maps", "local", "mailbox_command_maps ="),
        VIRTUAL("virtual_mailbox_maps", RECIPIENTS, ADDRESS,
                "smtpd trivial-rewrite virtual",
                "virtual_transport = lmtp:unix:private/dovecot-lmtp"),
        VIRTUAL("virtual_uid_maps", MAPS, EXACT, "virtual",
                "virtual_uid_maps = static:5000"),
        VIRTUAL("virtual_gid_maps", MAPS, EXACT, "virtual",
                "virtual_gid_maps = static:5000"),

        RESTRICTIONS("smtpd_client_restrictions"),
        RESTRICTIONS("smtpd_helo_restrictions"),
        RESTRICTIONS("smtpd_sender_restrictions"),
        RESTRICTIONS("smtpd_relay_restrictions"),
        RESTRICTIONS("smtpd_recipient_restrictions"),
        RESTRICTIONS("smtpd_data_restrictions"),
        RESTRICTIONS("smtpd_end_of_data_restrictions"),
        RESTRICTIONS("smtpd_etrn_restrictions"),
};

const struct parameter parameter_restrictions =
        RESTRICTIONS("smtpd_restriction_classes");

#define CHECK(name, order) MAPS("check_" name "_access", order, "smtpd")

static const struct parameter checks[] = {
        CHECK("sender", ACCESS_MAIL),
        CHECK("recipient", ACCESS_MAIL),
        CHECK("client", ACCESS_CLIENT),
        CHECK("reverse_client_hostname", ACCESS_CLIENT),
        CHECK("client_a", ACCESS_CLIENT),
        CHECK("client_mx", ACCESS_CLIENT),
        CHECK("client_ns", ACCESS_CLIENT),
        CHECK("reverse_client_hostname_a", ACCESS_CLIENT),
        CHECK("reverse_client_hostname_mx", ACCESS_CLIENT),
        CHECK("reverse_client_hostname_ns", ACCESS_CLIENT),
        CHECK("helo_a", ACCESS_CLIENT),
        CHECK("helo_mx", ACCESS_CLIENT),
        CHECK("helo_ns", ACCESS_CLIENT),
        CHECK("sender_a", ACCESS_CLIENT),
        CHECK("sender_mx", ACCESS_CLIENT),
        CHECK("sender_ns", ACCESS_CLIENT),
        CHECK("recipient_a", ACCESS_CLIENT),
        CHECK("recipient_mx", ACCESS_CLIENT),
        CHECK("recipient_ns", ACCESS_CLIENT),
        CHECK("helo", ACCESS_HELO),
        CHECK("etrn", ACCESS_HELO),
        CHECK("sasl", EXACT),
        CHECK("ccert", EXACT),
};

const struct parameter *parameter_find(const char *name)
{
        for (size_t i = 0; i < sizeof(parameters) / sizeof(*parameters); i++)
                if (strcmp(parameters[i].name, name) == 0)
                        return &parameters[i];
        return NULL;
}

const struct parameter *parameter_find_check(struct span word)
{
        for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
                if (span_equal(span_of(checks[i].name), word))
                        return &checks[i];
        return NULL;
}

const char *parameter_parent_name(const struct parameter *parameter)
{
        switch (parameter->order) {
        case ORDER_ACCESS_MAIL:
        case ORDER_ACCESS_CLIENT:
        case ORDER_ACCESS_HELO:
                return "smtpd_access_maps";
        default:
                return parameter->name;
        }
}
