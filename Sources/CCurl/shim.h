// SPDX-License-Identifier: Apache-2.0
//
// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt take variable arguments, which Swift
// cannot call. Each function here fixes one type of that argument, and nothing else.
#pragma once
#include <curl/curl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// For the options that are numbers and switches.
static inline CURLcode ccurl_set_long(CURL *_Nonnull easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

/// For the options that are sizes, which may be larger than a `long` on some machines.
static inline CURLcode ccurl_set_offset(CURL *_Nonnull easy, CURLoption option, int64_t value) {
    return curl_easy_setopt(easy, option, (curl_off_t)value);
}

/// For the options that are texts, which libcurl copies; NULL resets to none.
static inline CURLcode ccurl_set_string(CURL *_Nonnull easy, CURLoption option,
                                        const char *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

/// For the options that are lists of texts, which stay the caller's until the handle is freed.
static inline CURLcode ccurl_set_list(CURL *_Nonnull easy, CURLoption option,
                                      struct curl_slist *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

/// For the options that are an address of the caller's, which libcurl hands back untouched.
static inline CURLcode ccurl_set_pointer(CURL *_Nonnull easy, CURLoption option,
                                         void *_Nonnull value) {
    return curl_easy_setopt(easy, option, value);
}

/// Takes or gives bytes: the type of the write, read and header callbacks alike.
typedef size_t (*ccurl_bytes_callback)(char *_Nonnull bytes, size_t size, size_t count,
                                       void *_Nonnull context);

/// For the callbacks that take or give bytes.
static inline CURLcode ccurl_set_bytes_callback(CURL *_Nonnull easy, CURLoption option,
                                                ccurl_bytes_callback _Nonnull callback) {
    return curl_easy_setopt(easy, option, callback);
}

/// Goes back to an earlier place of what is sent.
typedef int (*ccurl_seek_callback)(void *_Nonnull context, curl_off_t offset, int origin);

/// For the callback that rewinds an upload when a kept connection turns out to be dead.
static inline CURLcode ccurl_set_seek_callback(CURL *_Nonnull easy,
                                               ccurl_seek_callback _Nonnull callback) {
    return curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, callback);
}

/// Opens the socket for an address, or rejects the address.
typedef curl_socket_t (*ccurl_socket_callback)(void *_Nonnull context, curlsocktype purpose,
                                               struct curl_sockaddr *_Nonnull address);

/// For the callback that opens sockets.
static inline CURLcode ccurl_set_socket_callback(CURL *_Nonnull easy,
                                                 ccurl_socket_callback _Nonnull callback) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, callback);
}

/// Looks at a connection before a request is sent on it.
typedef int (*ccurl_prereq_callback)(void *_Nonnull context, char *_Nonnull peer,
                                     char *_Nonnull local, int peer_port, int local_port);

/// For the callback that comes between connection and request.
static inline CURLcode ccurl_set_prereq_callback(CURL *_Nonnull easy,
                                                 ccurl_prereq_callback _Nonnull callback) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
}

/// For the facts that are numbers; 0 where libcurl does not know.
static inline long ccurl_get_long(CURL *_Nonnull easy, CURLINFO info) {
    long value = 0;
    curl_easy_getinfo(easy, info, &value);
    return value;
}

/// For the facts that are sizes and microseconds; 0 where libcurl does not know.
static inline int64_t ccurl_get_offset(CURL *_Nonnull easy, CURLINFO info) {
    curl_off_t value = 0;
    curl_easy_getinfo(easy, info, &value);
    return value;
}

/// For the address that was stored with CURLOPT_PRIVATE.
static inline void *_Nullable ccurl_get_private(CURL *_Nonnull easy) {
    char *value = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value);
    return value;
}

/// For the multi handle's options that are numbers.
static inline CURLMcode ccurl_multi_set_long(CURLM *_Nonnull multi, CURLMoption option,
                                             long value) {
    return curl_multi_setopt(multi, option, value);
}

/// Watches a socket for the events `what`, or stops watching it.
typedef int (*ccurl_watch_callback)(CURL *_Nonnull easy, curl_socket_t socket, int what,
                                    void *_Nonnull context, void *_Nullable socket_context);

/// Sets the time until libcurl must be called; negative for never.
typedef int (*ccurl_timer_callback)(CURLM *_Nonnull multi, long milliseconds,
                                    void *_Nonnull context);

/// Sets the callbacks by which an event loop learns what to wait for.
static inline CURLMcode ccurl_multi_set_callbacks(CURLM *_Nonnull multi,
                                                  ccurl_watch_callback _Nonnull watch,
                                                  ccurl_timer_callback _Nonnull timer,
                                                  void *_Nonnull context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
    if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
    if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
    return code;
}

/// Creates an object by which handles share their TLS sessions.
static inline CURLSH *_Nullable ccurl_share_tls_sessions(void) {
    CURLSH *share = curl_share_init();
    if (share) {
        curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    }
    return share;
}

/// Ends the use of a shared object by a handle.
static inline CURLcode ccurl_detach_share(CURL *_Nonnull easy) {
    return curl_easy_setopt(easy, CURLOPT_SHARE, NULL);
}

/// Takes the next handle that has ended, with its result, which lies in a union.
static inline CURL *_Nullable ccurl_multi_next_done(CURLM *_Nonnull multi,
                                                    CURLcode *_Nonnull result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

/// Copies the bytes of an address, which reach beyond the declared end of
/// `struct curl_sockaddr`, so that Swift must not copy the struct. Returns 4, 16 or, for what is no
/// Internet address, 0 bytes.
static inline int ccurl_address(const struct curl_sockaddr *_Nonnull address,
                                uint8_t *_Nonnull bytes) {
    if (address->family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, &address->addr, sizeof ipv4);
        memcpy(bytes, &ipv4.sin_addr, 4);
        return 4;
    }
    if (address->family == AF_INET6) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, (const char *)address + offsetof(struct curl_sockaddr, addr), sizeof ipv6);
        memcpy(bytes, &ipv6.sin6_addr, 16);
        return 16;
    }
    return 0;
}

/// Returns the version of the loaded library as 0xXXYYZZ, or 0 if it is unknown.
static inline uint32_t ccurl_loaded_version(void) {
    const curl_version_info_data *information = curl_version_info(CURLVERSION_FIRST);
    return information ? information->version_num : 0;
}
