// SPDX-License-Identifier: Apache-2.0
//
// A TCP proxy that emulates a wide area link to a server on loopback: round trip time, a rate for each
// connection and for all connections together, and additional round trips for each new connection.
//
//   wan SERVER-PORT
//
// The first line of output is the port that accepts connections. Each line of input sets the link, and the
// proxy responds with the totals since the previous line:
//   ROUND-TRIP-MS CONNECTION-RATE TOTAL-RATE SETUP-ROUND-TRIPS
//   CONNECTIONS BYTES-TO-SERVER BYTES-FROM-SERVER
// Rates are bytes per second in each direction; 0 is unlimited. The proxy exits at the end of input.
//
// Each segment of data is delayed by half of the round trip time, independently of others in flight. A new
// connection forwards nothing before its setup round trips have passed. Connections share the total rate
// round-robin. If the buffer of a direction is full, nothing more is read from its sender.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    maximum_connections = 480,      // two descriptors each; the usual limit is 1024
    maximum_segments = 1024,        // in flight, per direction
    segment_size = 16 << 10,        // the unit of round-robin scheduling
    minimum_buffer_size = 256 << 10,
    maximum_buffer_size = 16 << 20,
    socket_buffer_size = 256 << 10, // bounds the data that the kernel accepts ahead of the proxy
    timer_resolution = 500000,      // nanoseconds
    maximum_catch_up = 20 * timer_resolution,
};

static const int64_t nanoseconds_per_second = 1000000000;

// Limits an average rate: nothing may be sent before `next_send`.
struct rate_limiter {
    int64_t next_send;
    bool is_backlogged;  // data was waiting, so that a late timer must not reduce the rate
};

struct segment {
    int64_t due;
    uint32_t size;  // 0 is the end of the stream
};

struct endpoint {
    int descriptor;
    bool is_readable, is_writable;  // until a call returns EAGAIN (edge-triggered events)
    struct connection *connection;
};

struct direction {
    struct endpoint *sender, *receiver;
    struct rate_limiter limiter;
    char *buffer;  // a ring
    size_t start, used;
    struct segment segments[maximum_segments];
    size_t first_segment, segment_count;
    bool has_received_end, has_forwarded_end;
};

struct connection {
    struct endpoint client, server;
    struct direction directions[2];  // to the server, from the server
    size_t buffer_size;
    bool has_failed;
};

static struct {
    int64_t delay;
    double connection_rate, total_rate, setup_round_trips;
} wan_link;

static struct rate_limiter total_limiters[2];
static size_t round_robin[2];
static struct connection *connections[maximum_connections];
static size_t connection_count;
static unsigned long long accepted_connections, forwarded_bytes[2];
static int server_port, epoll;

static void fail(const char *operation) {
    perror(operation);
    exit(1);
}

static int64_t now_in_nanoseconds(void) {
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time)) fail("clock_gettime");
    return time.tv_sec * nanoseconds_per_second + time.tv_nsec;
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

// Rate limiting

static bool may_send(struct rate_limiter *limiter, int64_t now) {
    if (limiter->next_send <= now) return true;
    limiter->is_backlogged = true;
    return false;
}

static void record_sent(struct rate_limiter *limiter, double rate, size_t bytes, int64_t now) {
    int64_t start = later(limiter->next_send, limiter->is_backlogged ? now - maximum_catch_up : now);
    limiter->next_send =
        rate > 0 ? start + (int64_t)((double)bytes / rate * (double)nanoseconds_per_second) : start;
    if (limiter->next_send >= now) limiter->is_backlogged = false;
}

// Connections

static void watch(int descriptor, uint32_t events, void *context) {
    struct epoll_event event = {.events = events, .data.ptr = context};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)) fail("epoll_ctl");
}

static int open_socket(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket");
    int size = socket_buffer_size;
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size)) fail("setsockopt");
    return descriptor;
}

static void initialize(struct endpoint *endpoint, struct connection *connection, int descriptor) {
    int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *endpoint = (struct endpoint){.descriptor = descriptor, .connection = connection};
    watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, endpoint);
}

// More than the product of rate and delay, so that the buffer does not limit the rate.
static size_t buffer_size_for_link(void) {
    double rate = wan_link.connection_rate;
    if (rate <= 0 || (wan_link.total_rate > 0 && wan_link.total_rate < rate)) rate = wan_link.total_rate;
    if (rate <= 0) return maximum_buffer_size;
    double size = minimum_buffer_size + 2 * rate * (double)wan_link.delay / (double)nanoseconds_per_second;
    return size < maximum_buffer_size ? (size_t)size : maximum_buffer_size;
}

static void open_connection(int client) {
    if (connection_count == maximum_connections) {
        fprintf(stderr, "wan: more than %d connections\n", maximum_connections);
        close(client);
        return;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server_port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = open_socket();
    if (connect(server, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
        perror("wan: connect");
        close(server);
        close(client);
        return;
    }
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) fail("calloc");
    initialize(&connection->client, connection, client);
    initialize(&connection->server, connection, server);
    connection->buffer_size = buffer_size_for_link();
    int64_t ready = now_in_nanoseconds() + (int64_t)(wan_link.setup_round_trips * 2 * (double)wan_link.delay);
    for (int i = 0; i < 2; i++) {
        struct direction *direction = &connection->directions[i];
        direction->sender = i == 0 ? &connection->client : &connection->server;
        direction->receiver = i == 0 ? &connection->server : &connection->client;
        direction->limiter.next_send = ready;
        direction->buffer = malloc(connection->buffer_size);
        if (!direction->buffer) fail("malloc");
    }
    connections[connection_count++] = connection;
    accepted_connections++;
}

static void accept_connections(int listener) {
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) open_connection(client);
        else if (errno == EAGAIN) return;
        else if (errno != ECONNABORTED && errno != EINTR) fail("accept4");
    }
}

static void close_finished_connections(void) {
    for (size_t i = 0; i < connection_count;) {
        struct connection *connection = connections[i];
        struct direction *directions = connection->directions;
        if (!connection->has_failed
            && !(directions[0].has_forwarded_end && directions[1].has_forwarded_end)) {
            i++;
            continue;
        }
        close(connection->client.descriptor);
        close(connection->server.descriptor);
        free(directions[0].buffer);
        free(directions[1].buffer);
        free(connection);
        connections[i] = connections[--connection_count];
    }
}

// Forwarding

static bool can_receive(const struct direction *direction, size_t buffer_size) {
    return direction->sender->is_readable && !direction->has_received_end && direction->used < buffer_size
        && direction->segment_count < maximum_segments;
}

// Receives one segment, and returns whether there was one.
static bool receive_segment(struct connection *connection, int which, int64_t now) {
    struct direction *direction = &connection->directions[which];
    size_t end = (direction->start + direction->used) % connection->buffer_size;
    size_t room = (end < direction->start ? direction->start : connection->buffer_size) - end;
    ssize_t count = recv(direction->sender->descriptor, direction->buffer + end,
                         room < segment_size ? room : segment_size, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        direction->sender->is_readable = errno == EINTR;
        return false;
    }
    // A reset connection is forwarded as the end of the stream.
    size_t bytes = count > 0 ? (size_t)count : 0;
    direction->has_received_end = bytes == 0;
    record_sent(&direction->limiter, wan_link.connection_rate, bytes, now);
    record_sent(&total_limiters[which], wan_link.total_rate, bytes, now);
    int64_t sent = later(now, later(direction->limiter.next_send, total_limiters[which].next_send));
    size_t last = (direction->first_segment + direction->segment_count++) % maximum_segments;
    direction->segments[last] = (struct segment){.due = sent + wan_link.delay, .size = (uint32_t)bytes};
    direction->used += bytes;
    forwarded_bytes[which] += bytes;
    return true;
}

// Receives a segment of each connection in turn, until the rates allow no more.
static void receive_segments(int which, int64_t now) {
    for (bool any = true; any;) {
        any = false;
        for (size_t i = 0; i < connection_count; i++) {
            size_t index = (round_robin[which] + i) % connection_count;
            struct connection *connection = connections[index];
            struct direction *direction = &connection->directions[which];
            if (!can_receive(direction, connection->buffer_size) || !may_send(&direction->limiter, now))
                continue;
            if (!may_send(&total_limiters[which], now)) {
                round_robin[which] = index;
                return;
            }
            any |= receive_segment(connection, which, now);
        }
    }
}

// Sends all segments that are due.
static void send_segments(struct direction *direction, size_t buffer_size, int64_t now) {
    while (direction->segment_count > 0 && direction->receiver->is_writable) {
        struct segment *segment = &direction->segments[direction->first_segment];
        if (segment->due > now) return;
        if (segment->size == 0) {
            shutdown(direction->receiver->descriptor, SHUT_WR);
            direction->has_forwarded_end = true;
        } else {
            size_t bytes = buffer_size - direction->start;
            if (bytes > segment->size) bytes = segment->size;
            ssize_t count = send(direction->receiver->descriptor, direction->buffer + direction->start, bytes,
                                 MSG_NOSIGNAL);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) {
                direction->receiver->is_writable = false;
                if (errno != EAGAIN) direction->receiver->connection->has_failed = true;
                return;
            }
            direction->start = (direction->start + (size_t)count) % buffer_size;
            direction->used -= (size_t)count;
            if (direction->used == 0) direction->start = 0;  // touches less memory
            segment->size -= (uint32_t)count;
            if (segment->size > 0) continue;
        }
        direction->first_segment = (direction->first_segment + 1) % maximum_segments;
        direction->segment_count--;
    }
}

// Returns the time of the next transfer that no socket event announces, rounded up, so that one timer event
// serves several transfers.
static int64_t next_deadline(void) {
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < connection_count; i++)
        for (int which = 0; which < 2; which++) {
            struct direction *direction = &connections[i]->directions[which];
            if (direction->segment_count > 0 && direction->receiver->is_writable
                && direction->segments[direction->first_segment].due < next)
                next = direction->segments[direction->first_segment].due;
            if (can_receive(direction, connections[i]->buffer_size)) {
                int64_t allowed = later(direction->limiter.next_send, total_limiters[which].next_send);
                if (allowed < next) next = allowed;
            }
        }
    return next < INT64_MAX ? (next + timer_resolution - 1) / timer_resolution * timer_resolution : next;
}

// Control

static void set_link(char *line) {
    double round_trip, connection_rate, total_rate, setup;
    if (sscanf(line, "%lf %lf %lf %lf", &round_trip, &connection_rate, &total_rate, &setup) != 4
        || !(round_trip >= 0 && round_trip <= 10000) || !(connection_rate >= 0 && connection_rate <= 1e12)
        || !(total_rate >= 0 && total_rate <= 1e12) || !(setup >= 0 && setup <= 100)) {
        fprintf(stderr, "wan: invalid link: %s\n", line);
        exit(64);
    }
    wan_link.delay = (int64_t)(round_trip * 1e6 / 2);
    wan_link.connection_rate = connection_rate;
    wan_link.total_rate = total_rate;
    wan_link.setup_round_trips = setup;
    printf("%llu %llu %llu\n", accepted_connections, forwarded_bytes[0], forwarded_bytes[1]);
    if (fflush(stdout)) fail("stdout");
    accepted_connections = forwarded_bytes[0] = forwarded_bytes[1] = 0;
}

static void read_input(void) {
    static char line[256];
    static size_t length;
    ssize_t count = read(STDIN_FILENO, line + length, sizeof line - 1 - length);
    if (count < 0 && errno != EINTR) fail("stdin");
    if (count == 0) exit(0);
    if (count > 0) length += (size_t)count;
    line[length] = 0;
    for (char *end; (end = strchr(line, '\n'));) {
        *end = 0;
        set_link(line);
        length -= (size_t)(end + 1 - line);
        memmove(line, end + 1, length + 1);
    }
    if (length == sizeof line - 1) {
        fprintf(stderr, "wan: input line too long\n");
        exit(64);
    }
}

static void set_timer(int timer, int64_t deadline) {
    struct itimerspec time = {0};
    if (deadline < INT64_MAX) {
        time.it_value.tv_sec = deadline / nanoseconds_per_second;
        time.it_value.tv_nsec = later(deadline % nanoseconds_per_second, 1);  // zero would disarm it
    }
    if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, NULL)) fail("timerfd_settime");
}

int main(int count, char **arguments) {
    if (count != 2 || (server_port = atoi(arguments[1])) <= 0 || server_port > 65535)
        return fprintf(stderr, "usage: wan SERVER-PORT\n"), 64;
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int listener = open_socket(), input = STDIN_FILENO;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer < 0) fail("timerfd_create");
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) fail("epoll_create1");
    if (bind(listener, (struct sockaddr *)&address, size)) fail("bind");
    if (listen(listener, maximum_connections)) fail("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &size)) fail("getsockname");
    watch(listener, EPOLLIN, &listener);
    watch(timer, EPOLLIN, &timer);
    watch(input, EPOLLIN, &input);
    printf("%d\n", ntohs(address.sin_port));
    if (fflush(stdout)) fail("stdout");
    for (;;) {
        set_timer(timer, next_deadline());
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, -1);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            void *context = events[i].data.ptr;
            if (context == &listener) accept_connections(listener);
            else if (context == &input) read_input();
            else if (context != &timer) {
                struct endpoint *endpoint = context;
                // The next call reports an error.
                if (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) endpoint->is_readable = true;
                if (events[i].events & (EPOLLOUT | EPOLLERR)) endpoint->is_writable = true;
            }
        }
        int64_t now = now_in_nanoseconds();
        for (int which = 0; which < 2; which++) {
            receive_segments(which, now);
            for (size_t i = 0; i < connection_count; i++)
                send_segments(&connections[i]->directions[which], connections[i]->buffer_size, now);
        }
        close_finished_connections();
    }
}
