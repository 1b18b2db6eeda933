#define _GNU_SOURCE
#include "mayfly_sys.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct report { int error; pid_t pid; };

// Only async-signal-safe calls from here on: other threads of the parent may have held any lock at the fork.
static void become(const char *path, char *const *argv, char *const *envp, const int *wanted, int out) {
    int fds[3];
    struct report r = {0, getpid()};
    setsid();
    for (int s = 1; s < 65; s++) signal(s, SIG_DFL);
    for (int i = 0; i < 3; i++) {  // moved up first, so that no dup2 overwrites one that is still needed
        int null = wanted[i] < 0 ? open("/dev/null", O_RDWR) : wanted[i];
        if (null < 0 || (fds[i] = fcntl(null, F_DUPFD, 10)) < 0) goto failed;
    }
    if ((out = fcntl(out, F_DUPFD, 10)) < 0) _exit(127);
    for (int i = 0; i < 3; i++) if (dup2(fds[i], i) < 0) goto failed;
    if (dup3(out, 3, O_CLOEXEC) < 0) goto failed;
    out = 3;
    if (syscall(SYS_close_range, 4u, ~0u, 0u) != 0) for (int fd = 4; fd < 65536; fd++) close(fd);
    if (chdir("/") != 0 || write(out, &r, sizeof r) != sizeof r) goto failed;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(path, argv, envp);
failed:
    r.error = errno;
    if (write(out, &r, sizeof r) < 0) _exit(126);
    _exit(127);
}

int mayfly_spawn_detached(const char *path, char *const *argv, char *const *envp, int stdin_fd, int stdout_fd,
                          int stderr_fd, pid_t *pid) {
    int ends[2], wanted[3] = {stdin_fd, stdout_fd, stderr_fd}, error = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);  // no handler of the parent may run in the children
    pid_t between = fork();
    if (between == 0) {
        pid_t parent = getpid();
        if ((between = fork()) == 0) {
            // A program that asks to die with its parent (bwrap) must not take this short-lived one for it.
            while (getppid() == parent) nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
            become(path, argv, envp, wanted, ends[1]);
        }
        _exit(between < 0 ? errno : 0);
    }
    if (between < 0) error = errno;
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(ends[1]);
    struct report r = {between < 0 ? error : ECHILD, 0};
    int status = 0;
    while (between > 0 && waitpid(between, &status, 0) < 0 && errno == EINTR) {}
    if (between > 0 && WIFEXITED(status) && WEXITSTATUS(status) != 0) r.error = WEXITSTATUS(status);
    for (;;) {  // the pid, then an errno if the exec failed, then the end of file
        ssize_t n = read(ends[0], &r, sizeof r);
        if (n == 0 || (n < 0 && errno != EINTR)) break;
    }
    close(ends[0]);
    *pid = r.pid;
    return r.error;
}
