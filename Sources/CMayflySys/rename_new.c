#define _GNU_SOURCE
#include "mayfly_sys.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

int mayfly_rename_new(const char *from, const char *to) {
#ifdef RENAME_NOREPLACE
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
#else
    return ENOSYS;
#endif
}
