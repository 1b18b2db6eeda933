#include <archive.h>
#include <archive_entry.h>

/* Glibc shows it under _GNU_SOURCE only, which Swift's importer does not set. A received tree is made durable by it:
   one call where thousands of fsync would wait. */
int syncfs(int fd);
