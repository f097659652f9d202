/* SPDX-License-Identifier: MIT */
#include "tables/http/proxy.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

static bool is_scheme(const char *scheme)
{
        static const char *const names[] = {
                "http", "socks4", "socks4a", "socks5", "socks5h", "socks"};
        const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcasecmp(scheme, names[i]) == 0)
                        return true;
        return strcasecmp(scheme, "https") == 0 &&
               (info->features & CURL_VERSION_HTTPS_PROXY) != 0;
}

/* Names and passwords may be percent-encoded. Most proxies want none. */
static CURLUcode check_login(CURLU *parts)
{
        static const struct {
                CURLUPart part;
                CURLUcode none;
        } login[] = {{CURLUPART_USER, CURLUE_NO_USER},
                {CURLUPART_PASSWORD, CURLUE_NO_PASSWORD}};

        for (size_t i = 0; i < sizeof(login) / sizeof(login[0]); i++) {
                char *text = NULL;
                CURLUcode code = curl_url_get(
                        parts, login[i].part, &text, CURLU_URLDECODE);

                curl_free(text);
                if (code != CURLUE_OK && code != login[i].none)
                        return code;
        }
        return CURLUE_OK;
}

/* Returns NULL, or what is wrong with it; as libcurl is going to read it. */
static const char *complain(CURLU *parts, const char *proxy)
{
        char *scheme = NULL;
        const char *complaint = NULL;
        CURLUcode code = curl_url_set(parts, CURLUPART_URL, proxy,
                CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);

        if (code == CURLUE_OK)
                code = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
        if (code == CURLUE_OK && !is_scheme(scheme))
                complaint = "no kind of proxy that this libcurl knows";
        if (code == CURLUE_OK)
                code = check_login(parts);
        curl_free(scheme);
        return code != CURLUE_OK ? curl_url_strerror(code) : complaint;
}

/* variable: where it stands; NULL: in the file. */
static int check(
        const char *proxy, const char *variable, struct reason *ret_reason)
{
        CURLU *parts = curl_url();
        const char *complaint;

        if (parts == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "proxy");
                return -ENOMEM;
        }
        complaint = complain(parts, proxy);
        curl_url_cleanup(parts);
        if (complaint == NULL)
                return 0;
        reason_set(ret_reason, "proxy: %s%s%s",
                variable != NULL ? variable : "",
                variable != NULL ? " in the environment: " : "", complaint);
        return -EINVAL;
}

int http_proxy_check(const char *proxy, struct reason *ret_reason)
{
        static const char *const variables[] = {"http_proxy", "https_proxy",
                "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
        int r = 0;

        if (strcmp(proxy, "environment") != 0)
                return check(proxy, NULL, ret_reason);
        for (size_t i = 0;
                i < sizeof(variables) / sizeof(variables[0]) && r == 0; i++) {
                const char *value = getenv(variables[i]);

                if (value != NULL && *value != '\0')
                        r = check(value, variables[i], ret_reason);
        }
        return r;
}
