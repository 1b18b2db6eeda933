#define _GNU_SOURCE
#include "mayfly_sys.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Not in the C library of Debian 12.
enum { TREE_CLONE = 1, MOVE_FROM_EMPTY_PATH = 4, OPEN_TREE_NUMBER = 428, MOVE_MOUNT_NUMBER = 429 };

// Only async-signal-safe calls: other threads of the parent may have held any lock at the fork.
static int in_namespace(int namespace, int root, const char *source, const char *target) {
    int tree = -1;
    if (source && (tree = (int)syscall(OPEN_TREE_NUMBER, AT_FDCWD, source, TREE_CLONE | O_CLOEXEC)) < 0) return errno;
    // Its own root, so that links inside the instance lead nowhere else.
    if (setns(namespace, CLONE_NEWNS) != 0 || fchdir(root) != 0 || chroot(".") != 0) return errno;
    if (!source) {
        if (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT) return errno;
        rmdir(target);  // only when it is empty, as it was made
        return 0;
    }
    char part[4096];
    for (size_t i = 0; i < sizeof part; i++) {  // every folder on the way
        part[i] = target[i];
        if ((target[i] == '/' && i > 0) || target[i] == 0) {
            part[i] = 0;
            if (mkdir(part, 0755) != 0 && errno != EEXIST) return errno;
            part[i] = target[i];
        }
        if (target[i] == 0) break;
    }
    if (syscall(MOVE_MOUNT_NUMBER, tree, "", AT_FDCWD, target, MOVE_FROM_EMPTY_PATH) != 0) return errno;
    return 0;
}

static int as_child(int namespace, int root, const char *source, const char *target) {
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);  // no handler of the parent may run in the child
    pid_t child = fork();
    if (child == 0) _exit(in_namespace(namespace, root, source, target));
    int error = child < 0 ? errno : 0, status = 0;
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (child < 0) return error;
    while (waitpid(child, &status, 0) < 0) if (errno != EINTR) return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

int mayfly_mount_into(int namespace, int root, const char *source, const char *target) {
    return as_child(namespace, root, source, target);
}

int mayfly_unmount_from(int namespace, int root, const char *target) { return as_child(namespace, root, NULL, target); }
