// SPDX-License-Identifier: Apache-2.0

/* A library for LD_PRELOAD that counts system calls of a process and, at one of them, kills the process or fails the
 * call. It is controlled by environment variables:
 *
 *   FAULTY_FOLDER   the directory whose files count; descriptors elsewhere count only for EMFILE and EINTR
 *   FAULTY_CALL     the number of the affected call, from 1; 0 or unset to count only
 *   FAULTY_ACTION   before (SIGKILL instead of the call), after (SIGKILL after it), or the name of an error
 *   FAULTY_COUNT    a file to which the names of counted calls are appended, one a line
 *
 * Which calls count depends on the action: those that change files for `before`, `after`, EIO, ENOSPC and EDQUOT; those
 * that create a descriptor for EMFILE; those that can be interrupted for EINTR.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { CHANGES_FILE, CREATES_DESCRIPTOR, INTERRUPTIBLE };

static enum kind counted = CHANGES_FILE;
static int error_number;      // 0 for a kill
static bool kills_after;
static long affected;
static atomic_long count;
static const char *folder = "";
static int log_descriptor = -1;

__attribute__((constructor)) static void read_environment(void) {
    static const struct { const char *name; int number; enum kind kind; } errors[] = {
        {"EIO", EIO, CHANGES_FILE}, {"ENOSPC", ENOSPC, CHANGES_FILE}, {"EDQUOT", EDQUOT, CHANGES_FILE},
        {"EMFILE", EMFILE, CREATES_DESCRIPTOR}, {"EINTR", EINTR, INTERRUPTIBLE},
    };
    const char *call = getenv("FAULTY_CALL"), *action = getenv("FAULTY_ACTION"), *log = getenv("FAULTY_COUNT");
    folder = getenv("FAULTY_FOLDER") ? getenv("FAULTY_FOLDER") : "";
    affected = call ? atol(call) : 0;
    kills_after = action && strcmp(action, "after") == 0;
    for (size_t i = 0; action && i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(action, errors[i].name) == 0) {
            error_number = errors[i].number;
            counted = errors[i].kind;
        }
    }
    if (log) log_descriptor = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static bool in_folder(const char *path) {
    return *folder && (path[0] != '/' || strncmp(path, folder, strlen(folder)) == 0);
}

/* Returns whether a descriptor is a regular file or a directory below the folder. */
static bool is_file(int descriptor) {
    char link[64], path[PATH_MAX];
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return false;
    path[length] = 0;
    return in_folder(path);
}

/* Counts a call. Returns -1 with errno set if it has to fail, 1 if the process ends after it, otherwise 0. */
static int meet(enum kind kind, bool matches, const char *name) {
    int saved = errno;
    if (kind != counted || !matches) return 0;
    long number = atomic_fetch_add(&count, 1) + 1;
    if (log_descriptor >= 0) {
        char line[64];
        int length = snprintf(line, sizeof line, "%s\n", name);
        syscall(SYS_write, log_descriptor, line, length);
    }
    errno = saved;
    if (number != affected) return 0;
    if (error_number) {
        errno = error_number;
        return -1;
    }
    if (kills_after) return 1;
    kill(getpid(), SIGKILL);
    return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Runs `call` unless the counted call fails, and ends the process after it if required. */
#define CALL(kind, matches, name, call)            \
    do {                                           \
        int fate = meet(kind, matches, name);      \
        if (fate < 0) return -1;                   \
        __typeof__(call) result = (call);          \
        if (fate > 0) kill(getpid(), SIGKILL);     \
        return result;                             \
    } while (0)

ssize_t write(int descriptor, const void *bytes, size_t length) {
    bool file = is_file(descriptor);
    if (counted == INTERRUPTIBLE) CALL(INTERRUPTIBLE, true, "write", REAL(write)(descriptor, bytes, length));
    CALL(CHANGES_FILE, file, "write", REAL(write)(descriptor, bytes, length));
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset) {
    CALL(CHANGES_FILE, is_file(descriptor), "pwrite", REAL(pwrite64)(descriptor, bytes, length, offset));
}

ssize_t writev(int descriptor, const struct iovec *parts, int length) {
    CALL(CHANGES_FILE, is_file(descriptor), "writev", REAL(writev)(descriptor, parts, length));
}

ssize_t read(int descriptor, void *bytes, size_t length) {
    CALL(INTERRUPTIBLE, true, "read", REAL(read)(descriptor, bytes, length));
}

int fsync(int descriptor) { CALL(CHANGES_FILE, is_file(descriptor), "fsync", REAL(fsync)(descriptor)); }

int fdatasync(int descriptor) { CALL(CHANGES_FILE, is_file(descriptor), "fdatasync", REAL(fdatasync)(descriptor)); }

int ftruncate64(int descriptor, off64_t length) {
    CALL(CHANGES_FILE, is_file(descriptor), "ftruncate", REAL(ftruncate64)(descriptor, length));
}

int fchmod(int descriptor, mode_t mode) {
    CALL(CHANGES_FILE, is_file(descriptor), "fchmod", REAL(fchmod)(descriptor, mode));
}

int rename(const char *from, const char *to) { CALL(CHANGES_FILE, in_folder(to), "rename", REAL(rename)(from, to)); }

int renameat(int old, const char *from, int new, const char *to) {
    CALL(CHANGES_FILE, in_folder(to), "renameat", REAL(renameat)(old, from, new, to));
}

int link(const char *from, const char *to) { CALL(CHANGES_FILE, in_folder(to), "link", REAL(link)(from, to)); }

int unlink(const char *path) { CALL(CHANGES_FILE, in_folder(path), "unlink", REAL(unlink)(path)); }

int mkdir(const char *path, mode_t mode) { CALL(CHANGES_FILE, in_folder(path), "mkdir", REAL(mkdir)(path, mode)); }

/* Opening a file counts as a change of the folder if the file can be written. */
#define OPEN(name, call)                                                                          \
    do {                                                                                          \
        if (counted == CREATES_DESCRIPTOR) CALL(CREATES_DESCRIPTOR, true, name, call);            \
        if (counted == INTERRUPTIBLE) CALL(INTERRUPTIBLE, in_folder(path), name, call);           \
        CALL(CHANGES_FILE, (flags & O_ACCMODE) != O_RDONLY && in_folder(path), name, call);       \
    } while (0)

#define MODE(last)                       \
    va_list rest;                        \
    va_start(rest, last);                \
    mode_t mode = va_arg(rest, mode_t);  \
    va_end(rest)

int open(const char *path, int flags, ...) {
    MODE(flags);
    OPEN("open", REAL(open)(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
    MODE(flags);
    OPEN("open", REAL(open64)(path, flags, mode));
}

int openat(int directory, const char *path, int flags, ...) {
    MODE(flags);
    OPEN("openat", REAL(openat)(directory, path, flags, mode));
}

int openat64(int directory, const char *path, int flags, ...) {
    MODE(flags);
    OPEN("openat", REAL(openat64)(directory, path, flags, mode));
}

int socket(int domain, int type, int protocol) {
    CALL(CREATES_DESCRIPTOR, true, "socket", REAL(socket)(domain, type, protocol));
}

int socketpair(int domain, int type, int protocol, int pair[2]) {
    CALL(CREATES_DESCRIPTOR, true, "socketpair", REAL(socketpair)(domain, type, protocol, pair));
}

int pipe(int ends[2]) { CALL(CREATES_DESCRIPTOR, true, "pipe", REAL(pipe)(ends)); }

int pipe2(int ends[2], int flags) { CALL(CREATES_DESCRIPTOR, true, "pipe2", REAL(pipe2)(ends, flags)); }

/* libdispatch aborts without its own descriptors, so only those of the program count. */
static bool is_in_dispatch(const void *caller) {
    Dl_info object;
    return dladdr(caller, &object) && object.dli_fname && strstr(object.dli_fname, "libdispatch");
}

int epoll_create1(int flags) {
    bool counts = !is_in_dispatch(__builtin_return_address(0));
    CALL(CREATES_DESCRIPTOR, counts, "epoll_create1", REAL(epoll_create1)(flags));
}

int dup(int descriptor) { CALL(CREATES_DESCRIPTOR, true, "dup", REAL(dup)(descriptor)); }

int poll(struct pollfd *descriptors, nfds_t length, int timeout) {
    CALL(INTERRUPTIBLE, true, "poll", REAL(poll)(descriptors, length, timeout));
}

int epoll_wait(int descriptor, struct epoll_event *events, int length, int timeout) {
    CALL(INTERRUPTIBLE, true, "epoll_wait", REAL(epoll_wait)(descriptor, events, length, timeout));
}

ssize_t recv(int descriptor, void *bytes, size_t length, int flags) {
    CALL(INTERRUPTIBLE, true, "recv", REAL(recv)(descriptor, bytes, length, flags));
}

ssize_t recvmsg(int descriptor, struct msghdr *message, int flags) {
    CALL(INTERRUPTIBLE, true, "recvmsg", REAL(recvmsg)(descriptor, message, flags));
}

ssize_t send(int descriptor, const void *bytes, size_t length, int flags) {
    CALL(INTERRUPTIBLE, true, "send", REAL(send)(descriptor, bytes, length, flags));
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    CALL(INTERRUPTIBLE, true, "sendmsg", REAL(sendmsg)(descriptor, message, flags));
}

int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    CALL(INTERRUPTIBLE, true, "connect", REAL(connect)(descriptor, address, length));
}
