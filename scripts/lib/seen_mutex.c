// For scripts/sanitize thread: lets ThreadSanitizer see the slow paths of Swift's Mutex, which are in a library that was
// not compiled for it. Without these two every mutex that was waited for looks like none. Linked into the tests, the
// functions of the same names take precedence over the library's, and call those (Swift 6.3, Linux).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT void seen_lock(uint32_t state, SELF handle) __asm__(LOCK);
SWIFT void seen_unlock(SELF handle) __asm__(UNLOCK);

SWIFT void seen_lock(uint32_t state, SELF handle) {
    typedef SWIFT void (*function)(uint32_t, SELF);
    ((function)dlsym(RTLD_NEXT, LOCK))(state, handle);
    __tsan_acquire(handle);
}

SWIFT void seen_unlock(SELF handle) {
    typedef SWIFT void (*function)(SELF);
    __tsan_release(handle);
    ((function)dlsym(RTLD_NEXT, UNLOCK))(handle);
}

#endif
#endif
