#define _GNU_SOURCE
#include "mayfly_sys.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int mark = -1;
static __thread const char *work;

const char *mayfly_work_on(const char *name) {
    const char *before = work;
    work = name;
    return before;
}

// Only async-signal-safe calls. The default action is back in place, so the signal ends the process all the same.
static void crashed(int number, siginfo_t *info, void *context) {
    (void)context;
    char line[128] = "crashed";
    // A signal that somebody sent reaches any thread, and says nothing of what that one was at; abort() is our own.
    int is_own = info->si_code > 0 || (info->si_code == SI_TKILL && info->si_pid == getpid());
    if (is_own && work) {
        size_t length = strnlen(work, sizeof line - 2);
        memcpy(line, work, length);
        line[length] = 0;
    }
    size_t length = strnlen(line, sizeof line - 1);
    line[length++] = '\n';
    if (write(mark, line, length) < 0) _exit(128 + number);
    raise(number);
}

void mayfly_mark_crashes(int fd) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSYS};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = crashed;
    action.sa_flags = (int)(SA_RESETHAND | SA_ONSTACK | SA_SIGINFO);
    mark = fd;
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, 0);
}
