#pragma once

/// GNU's own functions, whose prototypes glibc's headers show only with `_GNU_SOURCE`, which Swift
/// does not define. They are declared here again, as their manual pages have them.

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
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/// Makes a pipe whose ends no program inherits that another thread starts meanwhile.
int pipe2(int ends[_Nonnull 2], int flags);

/// Makes a child close every descriptor from `from` on.
int posix_spawn_file_actions_addclosefrom_np(
    posix_spawn_file_actions_t *_Nonnull actions, int from);

/// Closes every descriptor from `from` on.
void closefrom(int from);

/// Makes a descriptor from which signals of `mask` are read.
int signalfd(int descriptor, const sigset_t *_Nonnull mask, int flags);

/// Copies this process, which must have one thread. Swift offers no `fork`, because a copy of a process
/// with several threads can do almost nothing.
static inline pid_t cposix_fork(void) { return fork(); }

/// Makes the kernel kill this process when its parent ends.
static inline int cposix_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

/// A socket that keeps messages apart and that no program inherits; an enumeration in Swift.
static const int cposix_message_socket = SOCK_SEQPACKET | SOCK_CLOEXEC;

/// The most descriptors that one message carries.
#define CPOSIX_DESCRIPTORS 3

/// Room for the descriptors of a message, aligned as the kernel expects it.
union cposix_control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int) * CPOSIX_DESCRIPTORS)];
};

/// Sends bytes and three open descriptors as one message. Returns 0 or the `errno`; a closed peer is
/// `EPIPE`, not a signal.
///
/// Source: unix(7), cmsg(3); the macros are not imported into Swift.
static inline int cposix_send(int socket, const void *_Nonnull bytes, size_t count,
                              const int *_Nonnull descriptors) {
  union cposix_control control;
  memset(&control, 0, sizeof control);
  struct iovec part = {(void *)bytes, count};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
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

/// Receives a message of `cposix_send` and returns the number of its bytes; 0 if the peer has closed the
/// connection, and -1 if the message has not exactly three descriptors.
static inline ssize_t cposix_receive(int socket, void *_Nonnull bytes, size_t capacity,
                                     int *_Nonnull descriptors) {
  union cposix_control control;
  struct iovec part = {bytes, capacity};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
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

/// Glibc's module shows `environ` as a mutable global, which strict concurrency rejects;
/// the variables are read once, before there is a second thread.
static inline char *_Nullable *_Nullable cposix_environment(void) {
  extern char **environ;
  return environ;
}

/// Whether the process ignores a signal; Swift cannot compare a handler with `SIG_IGN`.
static inline bool cposix_is_ignored(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/// `F_SETPIPE_SZ`, which `<fcntl.h>` shows only with `_GNU_SOURCE`.
static const int cposix_set_pipe_size = 1031;

/// Lowers a limit of this process for good and returns 0, or returns the `errno`. The kind of the
/// resource is an enumeration here and an integer there, depending on `_GNU_SOURCE`.
static inline int cposix_lower_limit(int resource, uint64_t value) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0)
    return errno;
  if (limit.rlim_max < value)
    value = limit.rlim_max;
  limit.rlim_cur = limit.rlim_max = value;
  return setrlimit(resource, &limit) == 0 ? 0 : errno;
}

/// The resources, as plain integers.
static const int cposix_limit_address_space = RLIMIT_AS;
static const int cposix_limit_core = RLIMIT_CORE;
static const int cposix_limit_cpu = RLIMIT_CPU;
static const int cposix_limit_file_size = RLIMIT_FSIZE;
static const int cposix_limit_files = RLIMIT_NOFILE;
/// `RLIMIT_NPROC`, which is hidden in strict modes.
static const int cposix_limit_processes = 6;

#if defined(__x86_64__)
#define CPOSIX_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CPOSIX_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

/// Leaves all threads of this process, for good, the calls that computing takes: read and write what is
/// open, memory, the clock, the process's own end. Any other one fails with `EPERM`. Returns whether the
/// kernel agreed; on a machine whose calls are not known here it is not asked.
///
/// Source: seccomp(2); the filter is a program of classic BPF.
static inline bool cposix_leave_only_computing(void) {
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
