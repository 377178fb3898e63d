#pragma once

/// GNU's own functions, whose prototypes glibc's headers show only with `_GNU_SOURCE`, which Swift
/// does not define. They are declared here again, as their manual pages have them.

#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
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
