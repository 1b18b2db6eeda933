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

/// Binds the folder `source` of this process's file system to `target` in another mount namespace, where `target`'s
/// folders are made as needed below `root`, an open folder of that namespace. Needs root and Linux 5.2. Returns 0 or an
/// errno.
int mayfly_mount_into(int mount_namespace, int root, const char *_Nonnull source, const char *_Nonnull target);

/// Takes such a binding away, also while it is used; what is not there counts as taken away. Returns 0 or an errno.
int mayfly_unmount_from(int mount_namespace, int root, const char *_Nonnull target);

/// Lets the C library's heap give back what is free: one arena for all threads, trimmed early. For processes that live
/// long and whose peaks are short. Does nothing where the library has no such settings.
void mayfly_keep_heap_small(void);

/// rename(2) that replaces nothing, in one step. Returns 0 or an errno: EEXIST, and EINVAL or ENOSYS where the file system or
/// the kernel cannot.
int mayfly_rename_new(const char *_Nonnull from, const char *_Nonnull to);

/// From now on a signal that means a crash (SIGSEGV, SIGILL, SIGTRAP, …) first writes a line to `fd`, which must stay open:
/// what the crashing thread works on, or `crashed` where it works on nothing or somebody else sent the signal.
void mayfly_mark_crashes(int fd);

/// Says what this thread works on from now on, or NULL. `name` must stay; a line of it is written, of at most 126 bytes.
/// Returns what it worked on before.
const char *_Nullable mayfly_work_on(const char *_Nullable name);

#endif
