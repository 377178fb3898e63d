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
#include <sys/resource.h>
#include <unistd.h>

/// Makes a pipe whose ends no program inherits that another thread starts meanwhile.
int pipe2(int ends[_Nonnull 2], int flags);

/// Makes a child close every descriptor from `from` on.
int posix_spawn_file_actions_addclosefrom_np(
    posix_spawn_file_actions_t *_Nonnull actions, int from);

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

/// Leaves this process, for good, the calls that computing takes: read and write what is open, memory,
/// the clock, its own end. Any other one fails with `EPERM`. Returns whether the kernel agreed; on a
/// machine whose calls are not known here it is not asked.
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
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
  return false;
#endif
}
