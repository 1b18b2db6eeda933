#include "mayfly_sys.h"
#include <malloc.h>

void mayfly_keep_heap_small(void) {
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 256 << 10);
#endif
}
