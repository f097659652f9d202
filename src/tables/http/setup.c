/* SPDX-License-Identifier: MIT */
#include "tables/http/setup.h"
#include "tables/support/openssl.h"
#include <errno.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode once_code;

static void init_curl(void)
{
        openssl_keep();
        once_code = curl_global_init(CURL_GLOBAL_ALL);
}

int http_setup_check(struct reason *ret_reason)
{
        const curl_version_info_data *info;

        pthread_once(&once, init_curl);
        if (once_code != CURLE_OK) {
                reason_set(ret_reason, "libcurl: %s",
                        curl_easy_strerror(once_code));
                ret_reason->code = -EIO;
                return -EIO;
        }
        info = curl_version_info(CURLVERSION_NOW);
        if ((info->features & CURL_VERSION_ASYNCHDNS) != 0)
                return 0;
        reason_set(ret_reason,
                "libcurl %s would wait for DNS: it was built without threads "
                "for that",
                info->version);
        ret_reason->code = -ENOTSUP;
        return -ENOTSUP;
}

/* A program that we become must not have our sockets. */
static curl_socket_t open_socket(
        void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
        (void)ctx;
        (void)purpose;
        return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

#define SET(option, value) \
        (curl_easy_setopt(curl, (option), (value)) == CURLE_OK)

static bool set_method(CURL *curl, const struct http_config *config)
{
        switch (config->method) {
        case HTTP_HEAD:
                return SET(CURLOPT_NOBODY, 1L);
        case HTTP_PUT:
                return SET(CURLOPT_POST, 1L) &&
                       SET(CURLOPT_CUSTOMREQUEST, "PUT");
        case HTTP_POST:
                return SET(CURLOPT_POST, 1L);
        case HTTP_GET:
        default:
                return SET(CURLOPT_HTTPGET, 1L);
        }
}

/* Redirects never lead away from https, and take no token or password along. */
static bool set_ways(CURL *curl, const struct http_config *config)
{
        const struct http_options *options = &config->options;
        const char *protocols = config->url.is_tls ? "https" : "http,https";
        const char *proxy = options->proxy != NULL ? options->proxy : "";

        if (strcmp(proxy, "environment") == 0)
                proxy = NULL;
        return SET(CURLOPT_PROTOCOLS_STR, protocols) &&
               SET(CURLOPT_REDIR_PROTOCOLS_STR, protocols) &&
               SET(CURLOPT_FOLLOWLOCATION, options->redirects ? 1L : 0L) &&
               SET(CURLOPT_MAXREDIRS, 5L) &&
               SET(CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL) &&
               SET(CURLOPT_PIPEWAIT, config->url.is_tls ? 1L : 0L) &&
               SET(CURLOPT_PROXY, proxy);
}

static bool set_tls(CURL *curl, const struct http_config *config)
{
        const struct http_options *options = &config->options;

        return SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
               SET(CURLOPT_SSL_VERIFYPEER, options->verify ? 1L : 0L) &&
               SET(CURLOPT_SSL_VERIFYHOST, options->verify ? 2L : 0L) &&
               (options->ca_file == NULL ||
                       (SET(CURLOPT_CAINFO, options->ca_file) &&
                               SET(CURLOPT_CAPATH, NULL))) &&
               SET(CURLOPT_SSLCERT, options->cert_file) &&
               SET(CURLOPT_SSLKEY, options->key_file);
}

static bool set_secrets(CURL *curl, const struct http_config *config)
{
        if (config->token != NULL)
                return SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER) &&
                       SET(CURLOPT_XOAUTH2_BEARER, config->token);
        if (config->options.user != NULL)
                return SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) &&
                       SET(CURLOPT_USERNAME, config->options.user) &&
                       SET(CURLOPT_PASSWORD, config->options.password);
        return true;
}

int http_setup(CURL *curl, const struct http_config *config)
{
        const struct http_options *options = &config->options;
        bool is_set = SET(CURLOPT_NOSIGNAL, 1L) &&
                      SET(CURLOPT_QUICK_EXIT, 1L) &&
                      SET(CURLOPT_OPENSOCKETFUNCTION, open_socket) &&
                      SET(CURLOPT_PATH_AS_IS, 1L) &&
                      SET(CURLOPT_UNIX_SOCKET_PATH, options->unix_socket) &&
                      SET(CURLOPT_USERAGENT, options->user_agent) &&
                      set_method(curl, config) && set_ways(curl, config) &&
                      set_tls(curl, config) && set_secrets(curl, config);

        return is_set ? 0 : -ENOTSUP;
}
