#pragma once
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>

/* MHD_start_daemon takes its options as variadic arguments, which Swift cannot pass. The server
 * listens on a port that the kernel picks on 127.0.0.1, or on one that is given, and gives every
 * connection a thread, so that a handler may wait. poll() has no limit on descriptors, unlike the
 * default select(). A backlog of 128 keeps bursts of connections from waiting for a second SYN.
 * key and certificate are PEM texts; both are NULL for a server without TLS. */
static inline struct MHD_Daemon *_Nullable mhd_start_on_loopback(
    MHD_AccessHandlerCallback _Nonnull handler,
    void *_Nullable (*_Nonnull opened)(void *_Nullable, const char *_Nonnull,
                                       struct MHD_Connection *_Nullable),
    MHD_RequestCompletedCallback _Nonnull completed, void *_Nullable context,
    uint16_t port, const char *_Nullable key, const char *_Nullable certificate)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL
            | (certificate ? MHD_USE_TLS : 0),
        0, NULL, NULL, handler, context, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_URI_LOG_CALLBACK, opened, context, MHD_OPTION_NOTIFY_COMPLETED, completed,
        context, MHD_OPTION_LISTEN_BACKLOG_SIZE, 256u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)(256 << 10), MHD_OPTION_ARRAY, certificate ? tls : plain, MHD_OPTION_END);
}

/* MHD_get_daemon_info is variadic as well, and answers with a union. Returns 0 on failure. */
static inline uint16_t mhd_port(struct MHD_Daemon *_Nonnull daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}
