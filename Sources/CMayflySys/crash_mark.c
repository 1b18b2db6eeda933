#include "mayfly_sys.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int mark = -1;

// Only async-signal-safe calls. The default action is back in place, so the signal ends the process all the same.
static void crashed(int number) {
    if (write(mark, "crashed\n", 8) < 0) _exit(128 + number);
    raise(number);
}

void mayfly_mark_crashes(int fd) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSYS};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = crashed;
    action.sa_flags = (int)(SA_RESETHAND | SA_ONSTACK);
    mark = fd;
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, 0);
}
