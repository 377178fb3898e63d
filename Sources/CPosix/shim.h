#pragma once

/// Functions, constants and macros that Swift's Glibc module does not provide.
///
/// glibc declares GNU extensions only with `_GNU_SOURCE`, which Swift does not define. They are
/// declared here as in their manual pages.

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/// Creates a pipe. With `O_CLOEXEC`, a program that another thread starts at the same time does not
/// inherit it.
///
/// Source: pipe(2).
int pipe2(int ends[_Nonnull 2], int flags);

/// Adds an action that closes all descriptors greater than or equal to `from` in the child.
int posix_spawn_file_actions_addclosefrom_np(
    posix_spawn_file_actions_t *_Nonnull actions, int from);

/// Closes all descriptors greater than or equal to `from`.
void closefrom(int from);

/// Returns the time in nanoseconds for which this thread has used a processor.
///
/// Source: clock_gettime(2).
static inline int64_t cposix_thread_nanoseconds(void) {
  struct timespec time = {0, 0};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/// Blocks all signals on this thread.
static inline void cposix_block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
}

/// Creates a descriptor that delivers the signals in `mask`.
///
/// Source: signalfd(2).
int signalfd(int descriptor, const sigset_t *_Nonnull mask, int flags);

/// Watches a descriptor for the given events only. `is_new` states whether the poller probably does not watch it
/// yet. Returns 0, or -1 on failure.
///
/// Source: epoll_ctl(2).
static inline int cposix_epoll_watch(int poller, int descriptor, uint32_t events, bool is_new) {
  struct epoll_event event = {.events = events, .data.fd = descriptor};
  if (epoll_ctl(poller, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event) == 0) return 0;
  return epoll_ctl(poller, is_new ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event);
}

/// Resets the counter of an event descriptor.
///
/// Source: eventfd(2).
static inline void cposix_reset_event(int descriptor) {
  eventfd_t value;
  eventfd_read(descriptor, &value);
}

/// Forks this process, which must be single-threaded. Swift marks `fork` as unavailable, because the child
/// of a process with several threads may only call async-signal-safe functions.
static inline pid_t cposix_fork(void) { return fork(); }

/// Requests that the kernel kills this process when its parent exits. Returns 0, or -1 on failure.
static inline int cposix_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

/// The type of a close-on-exec socket that preserves message boundaries. Swift imports `SOCK_SEQPACKET` as
/// an enumeration.
static const int cposix_message_socket = SOCK_SEQPACKET | SOCK_CLOEXEC;

/// The number of descriptors in a message.
#define CPOSIX_DESCRIPTORS 3

/// A buffer for the control message that carries the descriptors, aligned as cmsg(3) requires.
union cposix_control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int) * CPOSIX_DESCRIPTORS)];
};

/// Sends bytes and three open descriptors as one message. Returns 0, or the `errno` of a failure; if the
/// peer has closed the connection, the result is `EPIPE` and no signal is raised.
///
/// In C, because Swift does not import the macros of cmsg(3). Source: unix(7), cmsg(3).
static inline int cposix_send(int socket, const void *_Nonnull bytes, size_t count,
                              const int *_Nonnull descriptors) {
  union cposix_control control;
  memset(&control, 0, sizeof control);
  struct iovec buffer = {(void *)bytes, count};
  struct msghdr message = {
      .msg_iov = &buffer, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * CPOSIX_DESCRIPTORS);
  memcpy(CMSG_DATA(header), descriptors, sizeof(int) * CPOSIX_DESCRIPTORS);
  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

/// Receives a message of `cposix_send`. Returns the number of bytes; 0 if the connection is closed or
/// fails; or -1 if the message is truncated or does not have three descriptors.
static inline ssize_t cposix_receive(int socket, void *_Nonnull bytes, size_t capacity,
                                     int *_Nonnull descriptors) {
  union cposix_control control;
  struct iovec buffer = {bytes, capacity};
  struct msghdr message = {
      .msg_iov = &buffer, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t count;
  do {
    count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count <= 0)
    return 0;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  size_t received = 0;
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(descriptors, CMSG_DATA(header), sizeof(int) * received);
  }
  if (received == CPOSIX_DESCRIPTORS && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
    return count;
  for (size_t index = 0; index < received; index++)
    close(descriptors[index]);
  return -1;
}

/// Returns `environ`. Swift's Glibc module declares it as a mutable global, which strict concurrency checking
/// rejects. It must be called before a second thread is started.
static inline char *_Nullable *_Nullable cposix_environment(void) {
  extern char **environ;
  return environ;
}

/// Returns whether the process ignores a signal. Swift cannot compare a handler with `SIG_IGN`.
static inline bool cposix_is_ignored(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/// `F_SETPIPE_SZ`, which `<fcntl.h>` declares only with `_GNU_SOURCE`.
static const int cposix_set_pipe_size = 1031;

/// Permanently lowers the soft and hard limit of a resource. Returns 0, or the `errno` of a failure.
///
/// The type of `resource` is an enumeration or an integer, depending on `_GNU_SOURCE`.
static inline int cposix_lower_limit(int resource, uint64_t value) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0)
    return errno;
  if (limit.rlim_max < value)
    value = limit.rlim_max;
  limit.rlim_cur = limit.rlim_max = value;
  return setrlimit(resource, &limit) == 0 ? 0 : errno;
}

/// The resources of `setrlimit` as integers.
static const int cposix_limit_address_space = RLIMIT_AS;
static const int cposix_limit_core = RLIMIT_CORE;
static const int cposix_limit_cpu = RLIMIT_CPU;
static const int cposix_limit_file_size = RLIMIT_FSIZE;
static const int cposix_limit_files = RLIMIT_NOFILE;
/// `RLIMIT_NPROC`, which is not declared in strict standard modes.
static const int cposix_limit_processes = 6;

#if defined(__x86_64__)
#define CPOSIX_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CPOSIX_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

/// Installs a seccomp filter for all threads of this process, permanently. It allows reading and writing
/// open files, memory management, the clock, signal masks and exiting; any other system call fails with
/// `EPERM`. Returns whether the filter is installed; on other CPU architectures it is not.
///
/// Source: seccomp(2); the filter is a classic BPF program.
static inline bool cposix_install_seccomp_filter(void) {
#ifdef CPOSIX_AUDIT_ARCH
#define CPOSIX_ALLOW(call)                                        \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 1), \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CPOSIX_AUDIT_ARCH, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      CPOSIX_ALLOW(read), CPOSIX_ALLOW(write), CPOSIX_ALLOW(close),
      CPOSIX_ALLOW(fstat), CPOSIX_ALLOW(lseek), CPOSIX_ALLOW(brk),
      CPOSIX_ALLOW(mmap), CPOSIX_ALLOW(munmap), CPOSIX_ALLOW(mremap),
      CPOSIX_ALLOW(mprotect), CPOSIX_ALLOW(madvise), CPOSIX_ALLOW(futex),
      CPOSIX_ALLOW(clock_gettime), CPOSIX_ALLOW(getrandom), CPOSIX_ALLOW(getpid),
      CPOSIX_ALLOW(gettid), CPOSIX_ALLOW(rt_sigaction), CPOSIX_ALLOW(rt_sigprocmask),
      CPOSIX_ALLOW(rt_sigreturn), CPOSIX_ALLOW(exit), CPOSIX_ALLOW(exit_group),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
  };
#undef CPOSIX_ALLOW
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
#else
  return false;
#endif
}
