// SPDX-License-Identifier: Apache-2.0
//
// A long line to a server on loopback: forwards TCP connections, and lets their bytes arrive as late and
// as slowly as over a given link.
//
//   wan SERVER-PORT
//
// The first line of the output is the port on which connections are accepted. Each line of the input
// sets the link from there on, and is answered with what passed since the previous line:
//   ROUND-TRIP-MS CONNECTION-RATE TOTAL-RATE SETUP-ROUND-TRIPS
//   CONNECTIONS BYTES-TO-THE-SERVER BYTES-FROM-THE-SERVER
// Rates are bytes per second in each direction, 0 for no limit. The end of the input ends the program.
//
// Half of the round trip is added to each piece, while others are on their way. No more than
// SETUP-ROUND-TRIPS after it was accepted does a connection carry its first byte. Connections share the
// total rate in turn. A direction stores what the link holds; when it is full, nothing is read, and the
// sender has to wait.

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
    connections_at_most = 480,  // two descriptors each, of the usual 1024
    pieces_at_most = 1024,      // on their way, of one direction
    quantum = 16 << 10,         // what a direction may send before another's turn
    smallest_store = 256 << 10,
    largest_store = 16 << 20,
    kernel_store = 256 << 10,   // of a socket, so that little waits outside of the link
    tick = 500000,              // nanoseconds; how precisely time is kept
    late = 20 * tick,           // of this program, at most; a rate is made up for it
};

static const int64_t second = 1000000000;

// When the next piece may enter, so that on average a rate is kept.
struct pace {
    int64_t free_at;
    bool is_awaited;  // a piece waited for it: the lateness of this program costs no rate
};

struct piece {
    int64_t due;
    uint32_t left;  // 0: the end
};

struct end {
    int descriptor;
    bool is_readable, is_writable;  // as far as is known; a call that would block corrects it
    struct connection *connection;
};

// From the end of a sender to the end of a receiver.
struct direction {
    struct end *from, *to;
    struct pace pace;
    char *store;
    size_t start, used;
    struct piece pieces[pieces_at_most];
    size_t first, count;
    bool has_read_end, has_sent_end;
};

struct connection {
    struct end client, server;
    struct direction directions[2];  // to the server, from the server
    size_t room;
    bool is_over;
};

static struct {
    int64_t delay;
    double connection_rate, total_rate, setup;
} link_now;

static struct pace total[2];
static size_t turn[2];
static struct connection *connections[connections_at_most];
static size_t connection_count;
static unsigned long long accepted, passed[2];
static int server_port, queue;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t clock_now(void) {
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time)) fail("clock_gettime");
    return time.tv_sec * second + time.tv_nsec;
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// Takes so many bytes of a rate.
static void spend(struct pace *pace, double rate, size_t bytes, int64_t now) {
    int64_t start = larger(pace->free_at, pace->is_awaited ? now - late : now);
    pace->free_at = rate > 0 ? start + (int64_t)((double)bytes / rate * (double)second) : start;
    if (pace->free_at >= now) pace->is_awaited = false;
}

static bool is_free(struct pace *pace, int64_t now) {
    if (pace->free_at <= now) return true;
    pace->is_awaited = true;
    return false;
}

// Connections

static void watch(int descriptor, uint32_t events, void *what) {
    struct epoll_event event = {.events = events, .data.ptr = what};
    if (epoll_ctl(queue, EPOLL_CTL_ADD, descriptor, &event)) fail("epoll_ctl");
}

static int new_socket(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket");
    int size = kernel_store;
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size)) fail("SO_RCVBUF");
    return descriptor;
}

static void start_end(struct end *end, struct connection *connection, int descriptor) {
    int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *end = (struct end){.descriptor = descriptor, .connection = connection};
    watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, end);
}

// What fits into the link, twice.
static size_t store_size(void) {
    double rate = link_now.connection_rate;
    if (rate <= 0 || (link_now.total_rate > 0 && link_now.total_rate < rate)) rate = link_now.total_rate;
    if (rate <= 0) return largest_store;
    double size = smallest_store + 2 * rate * (double)link_now.delay / (double)second;
    return size < largest_store ? (size_t)size : largest_store;
}

static void start_connection(int client) {
    if (connection_count == connections_at_most) {
        fprintf(stderr, "wan: more than %d connections\n", connections_at_most);
        close(client);
        return;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server_port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = new_socket();
    if (connect(server, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
        perror("wan: no connection to the server");
        close(server);
        close(client);
        return;
    }
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) fail("calloc");
    start_end(&connection->client, connection, client);
    start_end(&connection->server, connection, server);
    connection->room = store_size();
    int64_t opens_at = clock_now() + (int64_t)(link_now.setup * 2 * (double)link_now.delay);
    for (int i = 0; i < 2; i++) {
        struct direction *direction = &connection->directions[i];
        direction->from = i == 0 ? &connection->client : &connection->server;
        direction->to = i == 0 ? &connection->server : &connection->client;
        direction->pace.free_at = opens_at;
        direction->store = malloc(connection->room);
        if (!direction->store) fail("malloc");
    }
    connections[connection_count++] = connection;
    accepted++;
}

static void accept_all(int listener) {
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) start_connection(client);
        else if (errno == EAGAIN) return;
        else if (errno != ECONNABORTED && errno != EINTR) fail("accept");
    }
}

static void remove_finished(void) {
    for (size_t i = 0; i < connection_count;) {
        struct connection *connection = connections[i];
        struct direction *directions = connection->directions;
        if (!connection->is_over && !(directions[0].has_sent_end && directions[1].has_sent_end)) {
            i++;
            continue;
        }
        close(connection->client.descriptor);
        close(connection->server.descriptor);
        free(directions[0].store);
        free(directions[1].store);
        free(connection);
        connections[i] = connections[--connection_count];
    }
}

// Pieces

static bool has_more(const struct direction *direction, size_t room) {
    return direction->from->is_readable && !direction->has_read_end && direction->used < room
        && direction->count < pieces_at_most;
}

static void add_piece(struct direction *direction, int64_t due, size_t bytes) {
    size_t last = (direction->first + direction->count++) % pieces_at_most;
    direction->pieces[last] = (struct piece){.due = due, .left = (uint32_t)bytes};
}

// Lets one piece enter the link; whether there was one.
static bool enter(struct connection *connection, int which, int64_t now) {
    struct direction *direction = &connection->directions[which];
    size_t end = (direction->start + direction->used) % connection->room;
    size_t free_bytes = (end < direction->start ? direction->start : connection->room) - end;
    size_t most = free_bytes < quantum ? free_bytes : quantum;
    ssize_t count = recv(direction->from->descriptor, direction->store + end, most, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        direction->from->is_readable = errno == EINTR;
        return false;
    }
    // A connection that was reset ends, too.
    size_t bytes = count > 0 ? (size_t)count : 0;
    direction->has_read_end = bytes == 0;
    spend(&direction->pace, link_now.connection_rate, bytes, now);
    spend(&total[which], link_now.total_rate, bytes, now);
    add_piece(direction, larger(now, larger(direction->pace.free_at, total[which].free_at)) + link_now.delay,
              bytes);
    direction->used += bytes;
    passed[which] += bytes;
    return true;
}

// Lets pieces enter, one of each connection in turn, as far as the rates allow.
static void enter_all(int which, int64_t now) {
    for (bool any = true; any;) {
        any = false;
        for (size_t i = 0; i < connection_count; i++) {
            struct connection *connection = connections[(turn[which] + i) % connection_count];
            struct direction *direction = &connection->directions[which];
            if (!has_more(direction, connection->room) || !is_free(&direction->pace, now)) continue;
            if (!is_free(&total[which], now)) {
                turn[which] = (turn[which] + i) % connection_count;
                return;
            }
            any |= enter(connection, which, now);
        }
    }
}

// Delivers what has arrived.
static void leave(struct direction *direction, size_t room, int64_t now) {
    while (direction->count > 0 && direction->to->is_writable) {
        struct piece *piece = &direction->pieces[direction->first];
        if (piece->due > now) return;
        if (piece->left == 0) {
            shutdown(direction->to->descriptor, SHUT_WR);
            direction->has_sent_end = true;
        } else {
            size_t bytes = room - direction->start;
            if (bytes > piece->left) bytes = piece->left;
            ssize_t count = send(direction->to->descriptor, direction->store + direction->start, bytes,
                                 MSG_NOSIGNAL);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) {
                direction->to->is_writable = false;
                if (errno != EAGAIN) direction->to->connection->is_over = true;
                return;
            }
            direction->start = (direction->start + (size_t)count) % room;
            direction->used -= (size_t)count;
            if (direction->used == 0) direction->start = 0;
            piece->left -= (uint32_t)count;
            if (piece->left > 0) continue;
        }
        direction->first = (direction->first + 1) % pieces_at_most;
        direction->count--;
    }
}

// When something is to be done although nothing happens outside, rounded up: what is due within a tick is
// done at once.
static int64_t next_time(void) {
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < connection_count; i++)
        for (int which = 0; which < 2; which++) {
            struct direction *direction = &connections[i]->directions[which];
            if (direction->count > 0 && direction->to->is_writable
                && direction->pieces[direction->first].due < next)
                next = direction->pieces[direction->first].due;
            if (has_more(direction, connections[i]->room)) {
                int64_t entry = larger(direction->pace.free_at, total[which].free_at);
                if (entry < next) next = entry;
            }
        }
    return next < INT64_MAX ? (next + tick - 1) / tick * tick : next;
}

// The link

static void set_link(char *line) {
    double round_trip, connection_rate, total_rate, setup;
    if (sscanf(line, "%lf %lf %lf %lf", &round_trip, &connection_rate, &total_rate, &setup) != 4
        || !(round_trip >= 0 && round_trip <= 10000) || !(connection_rate >= 0 && connection_rate <= 1e12)
        || !(total_rate >= 0 && total_rate <= 1e12) || !(setup >= 0 && setup <= 100)) {
        fprintf(stderr, "wan: not a link: %s\n", line);
        exit(64);
    }
    link_now.delay = (int64_t)(round_trip * 1e6 / 2);
    link_now.connection_rate = connection_rate;
    link_now.total_rate = total_rate;
    link_now.setup = setup;
    printf("%llu %llu %llu\n", accepted, passed[0], passed[1]);
    if (fflush(stdout)) fail("stdout");
    accepted = passed[0] = passed[1] = 0;
}

static void read_links(void) {
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
        fprintf(stderr, "wan: a line is too long\n");
        exit(64);
    }
}

int main(int count, char **words) {
    if (count != 2 || (server_port = atoi(words[1])) <= 0 || server_port > 65535)
        return fprintf(stderr, "usage: wan SERVER-PORT < LINKS\n"), 64;
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int listener = new_socket(), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), input = 0;
    queue = epoll_create1(EPOLL_CLOEXEC);
    if (timer < 0) fail("timerfd_create");
    if (queue < 0) fail("epoll_create1");
    if (bind(listener, (struct sockaddr *)&address, size)) fail("bind");
    if (listen(listener, connections_at_most)) fail("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &size)) fail("getsockname");
    watch(listener, EPOLLIN, &listener);
    watch(timer, EPOLLIN, &timer);
    watch(STDIN_FILENO, EPOLLIN, &input);
    printf("%d\n", ntohs(address.sin_port));
    if (fflush(stdout)) fail("stdout");
    for (;;) {
        int64_t next = next_time();
        struct itimerspec time = {0};
        if (next < INT64_MAX)
            time.it_value = (struct timespec){.tv_sec = next / second, .tv_nsec = larger(next % second, 1)};
        if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, NULL)) fail("timerfd_settime");
        struct epoll_event events[64];
        int ready = epoll_wait(queue, events, 64, -1);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            void *what = events[i].data.ptr;
            if (what == &listener) accept_all(listener);
            else if (what == &input) read_links();
            else if (what != &timer) {
                struct end *end = what;
                // An error is found by the next call.
                if (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) end->is_readable = true;
                if (events[i].events & (EPOLLOUT | EPOLLERR)) end->is_writable = true;
            }
        }
        int64_t now = clock_now();
        for (int which = 0; which < 2; which++) {
            enter_all(which, now);
            for (size_t i = 0; i < connection_count; i++)
                leave(&connections[i]->directions[which], connections[i]->room, now);
        }
        remove_finished();
    }
}
