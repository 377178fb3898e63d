// SPDX-License-Identifier: Apache-2.0
//
// The floor: what the servers and the machine cost with no tool around the bytes. It reads a plan
// that says every request beforehand, fetches each blob once, hashes it as it passes, sends it in
// one POST and one PUT, mounts the rest, and copies the manifests. It checks nothing, tries nothing
// twice, and uses HTTP/1.1 over plain sockets.
//
//   floor SOURCE-PORT TARGET-PORT JOBS < PLAN
//
// Lines of the plan, in the order in which a phase's workers take them; `-` ends a phase:
//   blob   DIGEST SIZE SOURCE-REPOSITORY TARGET-REPOSITORY
//   mount  DIGEST FROM-REPOSITORY TARGET-REPOSITORY
//   copy   SOURCE-REPOSITORY DIGEST TARGET-REPOSITORY NAME TYPE      (a manifest)

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { buffer_size = 256 << 10, head_size = 64 << 10 };

struct connection {
    int port, descriptor;
    char *bytes;          // what was received
    size_t start, end;    // of it, what has not been taken
};

struct answer {
    int status;
    long long length;
    char location[4096];
};

struct worker {
    struct connection source, target;
    EVP_MD_CTX *hash;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void open_connection(struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (c->descriptor < 0) fail("socket");
    if (connect(c->descriptor, (struct sockaddr *)&address, sizeof address)) fail("connect");
    int one = 1;
    setsockopt(c->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->bytes = malloc(buffer_size);
    if (!c->bytes) fail("malloc");
    c->start = c->end = 0;
}

static void send_all(struct connection *c, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(c->descriptor, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0) fail("send");
        bytes += sent;
        count -= (size_t)sent;
    }
}

__attribute__((format(printf, 2, 3)))
static void ask(struct connection *c, const char *format, ...) {
    char head[head_size];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(head, sizeof head, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= (int)sizeof head) fail("a request is too long");
    send_all(c, head, (size_t)length);
}

static void receive(struct connection *c) {
    ssize_t count = recv(c->descriptor, c->bytes, buffer_size, 0);
    if (count <= 0) fail("recv");
    c->start = 0;
    c->end = (size_t)count;
}

// Reads the head of an answer, whose status has to be the expected one.
static struct answer hear(struct connection *c, int expected) {
    char head[head_size];
    size_t count = 0;
    while (count < 4 || memcmp(head + count - 4, "\r\n\r\n", 4)) {
        if (c->start == c->end) receive(c);
        if (count == sizeof head - 1) fail("an answer's head is too long");
        head[count++] = c->bytes[c->start++];
    }
    head[count] = 0;
    struct answer answer = {.status = atoi(head + 9)};
    for (char *line = strstr(head, "\r\n") + 2; *line != '\r'; line = strstr(line, "\r\n") + 2) {
        if (!strncasecmp(line, "content-length:", 15)) answer.length = atoll(line + 15);
        if (!strncasecmp(line, "location: ", 10))
            sscanf(line + 10, "%4095[^\r]", answer.location);
    }
    if (answer.status != expected) {
        fprintf(stderr, "floor: expected %d: %s", expected, head);
        exit(1);
    }
    return answer;
}

// Takes the next piece of a body of which `left` bytes are to come.
static size_t piece(struct connection *c, long long left, char **bytes) {
    if (c->start == c->end) receive(c);
    size_t count = c->end - c->start;
    if ((long long)count > left) count = (size_t)left;
    *bytes = c->bytes + c->start;
    c->start += count;
    return count;
}

static void skip(struct connection *c, long long left) {
    char *bytes;
    while (left > 0) left -= (long long)piece(c, left, &bytes);
}

// The path and query of a Location, which may be absolute.
static const char *path_of(const char *location) {
    const char *authority = strstr(location, "://");
    return authority ? strchr(authority + 3, '/') : location;
}

static void copy_blob(struct worker *w, const char *line) {
    char digest[128], from[256], to[256];
    long long size;
    if (sscanf(line, "blob %127s %lld %255s %255s", digest, &size, from, to) != 4) fail(line);
    ask(&w->source, "GET /v2/%s/blobs/%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", from, digest,
        w->source.port);
    ask(&w->target, "POST /v2/%s/blobs/uploads/ HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        "Content-Length: 0\r\n\r\n", to, w->target.port);
    struct answer session = hear(&w->target, 202);
    skip(&w->target, session.length);
    ask(&w->target, "PUT %s%cdigest=%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: %lld\r\n\r\n",
        path_of(session.location), strchr(session.location, '?') ? '&' : '?', digest,
        w->target.port, size);
    hear(&w->source, 200);
    EVP_DigestInit_ex(w->hash, EVP_sha256(), NULL);
    for (long long left = size; left > 0;) {
        char *bytes;
        size_t count = piece(&w->source, left, &bytes);
        EVP_DigestUpdate(w->hash, bytes, count);
        send_all(&w->target, bytes, count);
        left -= (long long)count;
    }
    unsigned char value[EVP_MAX_MD_SIZE];
    EVP_DigestFinal_ex(w->hash, value, NULL);
    skip(&w->target, hear(&w->target, 201).length);
}

static void mount_blob(struct worker *w, const char *line) {
    char digest[128], from[256], to[256];
    if (sscanf(line, "mount %127s %255s %255s", digest, from, to) != 3) fail(line);
    ask(&w->target, "POST /v2/%s/blobs/uploads/?mount=%s&from=%s HTTP/1.1\r\n"
        "Host: 127.0.0.1:%d\r\nContent-Length: 0\r\n\r\n", to, digest, from, w->target.port);
    skip(&w->target, hear(&w->target, 201).length);
}

static void copy_manifest(struct worker *w, const char *line) {
    char digest[128], from[256], to[256], name[256], type[256];
    if (sscanf(line, "copy %255s %127s %255s %255s %255s", from, digest, to, name, type) != 5)
        fail(line);
    ask(&w->source, "GET /v2/%s/manifests/%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: %s\r\n\r\n",
        from, digest, w->source.port, type);
    long long left = hear(&w->source, 200).length;
    ask(&w->target, "PUT /v2/%s/manifests/%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        "Content-Type: %s\r\nContent-Length: %lld\r\n\r\n", to, name, w->target.port, type, left);
    while (left > 0) {
        char *bytes;
        size_t count = piece(&w->source, left, &bytes);
        send_all(&w->target, bytes, count);
        left -= (long long)count;
    }
    skip(&w->target, hear(&w->target, 201).length);
}

static char **lines;
static size_t line_count, next_line;
static int source_port, target_port;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *work(void *context) {
    struct worker *w = context;
    for (;;) {
        pthread_mutex_lock(&lock);
        const char *line = next_line < line_count && *lines[next_line] != '-'
            ? lines[next_line++] : NULL;
        pthread_mutex_unlock(&lock);
        if (!line) return NULL;
        if (*line == 'b') copy_blob(w, line);
        else if (*line == 'm') mount_blob(w, line);
        else copy_manifest(w, line);
    }
}

int main(int count, char **words) {
    if (count != 4) return fprintf(stderr, "usage: floor SOURCE TARGET JOBS < PLAN\n"), 64;
    source_port = atoi(words[1]);
    target_port = atoi(words[2]);
    int jobs = atoi(words[3]);
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        lines = realloc(lines, (line_count + 1) * sizeof *lines);
        if (!lines) fail("realloc");
        lines[line_count++] = strdup(line);
    }
    struct worker *workers = calloc((size_t)jobs, sizeof *workers);
    pthread_t *threads = calloc((size_t)jobs, sizeof *threads);
    if (!workers || !threads) fail("calloc");
    for (int i = 0; i < jobs; i++) {
        workers[i].source.port = source_port;
        workers[i].target.port = target_port;
        workers[i].hash = EVP_MD_CTX_new();
        open_connection(&workers[i].source);
        open_connection(&workers[i].target);
    }
    while (next_line < line_count) {
        for (int i = 0; i < jobs; i++)
            if (pthread_create(&threads[i], NULL, work, &workers[i])) fail("pthread_create");
        for (int i = 0; i < jobs; i++) pthread_join(threads[i], NULL);
        next_line++;
    }
    return 0;
}
