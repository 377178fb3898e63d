#pragma once

/// GNU's own functions, whose prototypes glibc's headers show only with `_GNU_SOURCE`, which Swift
/// does not define. They are declared here again, as their manual pages have them.

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

/// Makes a pipe whose ends no program inherits that another thread starts meanwhile.
int pipe2(int ends[_Nonnull 2], int flags);

/// Has a child close every descriptor from `from` on, whoever left it open.
int posix_spawn_file_actions_addclosefrom_np(
    posix_spawn_file_actions_t *_Nonnull actions, int from);

/// Glibc's module shows `environ` as a mutable global, which strict concurrency rightly refuses;
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
