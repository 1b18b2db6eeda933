#ifndef MAYFLY_SYS_H
#define MAYFLY_SYS_H

#include <sys/types.h>
#include <sys/xattr.h> // not in Swift's Glibc module

/// Starts `path` as a background process that outlives its parent: own session, parent init, working directory `/`,
/// default signal actions, empty signal mask, no descriptor but 0, 1 and 2. A descriptor of -1 means `/dev/null`.
/// Returns 0 and sets `*pid` once the program has been executed, otherwise the errno of the step that failed.
int mayfly_spawn_detached(const char *_Nonnull path, char *_Nullable const *_Nonnull argv,
                          char *_Nullable const *_Nonnull envp, int stdin_fd, int stdout_fd, int stderr_fd,
                          pid_t *_Nonnull pid);

#endif
