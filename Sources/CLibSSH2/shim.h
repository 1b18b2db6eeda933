#ifndef CLIBSSH2_SHIM_H
#define CLIBSSH2_SHIM_H

// What Swift cannot say about libssh2: its callbacks arrive as `void *`, and its allocator is the only hook that
// bounds what a hostile server can make one session hold.

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <libssh2.h>

#if defined(__APPLE__)
#include <malloc/malloc.h>
#define clibssh2_block_size(block) malloc_size(block)
#else
#include <malloc.h>
#define clibssh2_block_size(block) malloc_usable_size(block)
#endif

#pragma clang assume_nonnull begin

/// One per session; the session's "abstract" pointer. `recv` returns -1 for "nothing yet" and 0 for "gone".
typedef struct clibssh2_box {
    void *owner;
    ssize_t (*send)(void *owner, const void *bytes, size_t count);
    ssize_t (*recv)(void *owner, void *bytes, size_t count);
    void (*exit_status)(void *owner, uint32_t channel);
    /// Sees, and may wipe, every block that libssh2 gives back. Only for sessions that never see a peer.
    void (*_Nullable released)(void *owner, void *block, size_t size);
    size_t used;
    size_t limit;
    /// The largest block there may be, if not 0.
    size_t largest;
    /// Zeroes behind every block, which bear what a call is known to read too far.
    size_t pad;
} clibssh2_box;

static inline void *_Nullable clibssh2_alloc(size_t count, void *_Nonnull *_Nonnull abstract) {
    clibssh2_box *box = (clibssh2_box *)*abstract;
    if (count > box->limit || box->used > box->limit - count) return NULL;
    if (box->largest && count > box->largest) return NULL;
    // Zeroed, and one zero more: libssh2 1.10 takes some strings of the peer's, or of a key file's, for terminated.
    void *block = calloc(1, count + 1 + box->pad);
    if (block) box->used += clibssh2_block_size(block);
    return block;
}

// libssh2 answers 0 both for "exit status 0" and for "none was sent". The request's payload passes through here when
// it has been read, which is the one public place where the two can be told apart (RFC 4254 6.10).
static inline void clibssh2_note(clibssh2_box *box, const unsigned char *bytes, size_t size) {
    static const unsigned char name[] = {0, 0, 0, 11, 'e', 'x', 'i', 't', '-', 's', 't', 'a', 't', 'u', 's'};
    if (size < 5 + sizeof(name) || bytes[0] != 98 || memcmp(bytes + 5, name, sizeof(name)) != 0) return;
    box->exit_status(box->owner, (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 8 |
                                     (uint32_t)bytes[4]);
}

static inline void clibssh2_free(void *_Nullable block, void *_Nonnull *_Nonnull abstract) {
    clibssh2_box *box = (clibssh2_box *)*abstract;
    if (!block) return;
    size_t size = clibssh2_block_size(block);
    clibssh2_note(box, (const unsigned char *)block, size);
    if (box->released) box->released(box->owner, block, size);
    box->used -= size;
    free(block);
}

static inline void *_Nullable clibssh2_realloc(void *_Nullable block, size_t count,
                                               void *_Nonnull *_Nonnull abstract) {
    clibssh2_box *box = (clibssh2_box *)*abstract;
    if (count > box->limit || box->used > box->limit - count) return NULL;
    if (box->largest && count > box->largest) return NULL;
    size_t before = block ? clibssh2_block_size(block) : 0;
    void *moved = realloc(block, count + 1 + box->pad);
    if (moved) memset((char *)moved + count, 0, 1 + box->pad);
    if (moved) box->used += clibssh2_block_size(moved) - before;
    return moved;
}

static inline ssize_t clibssh2_send(libssh2_socket_t socket, const void *bytes, size_t count, int flags,
                                    void *_Nonnull *_Nonnull abstract) {
    clibssh2_box *box = (clibssh2_box *)*abstract;
    return box->send(box->owner, bytes, count);
}

static inline ssize_t clibssh2_recv(libssh2_socket_t socket, void *bytes, size_t count, int flags,
                                    void *_Nonnull *_Nonnull abstract) {
    clibssh2_box *box = (clibssh2_box *)*abstract;
    ssize_t got = box->recv(box->owner, bytes, count);
    return got < 0 ? -EAGAIN : got;
}

/// A non-blocking session whose bytes and memory go through `box`, which must outlive it.
static inline LIBSSH2_SESSION *_Nullable clibssh2_session_new(clibssh2_box *box) {
    LIBSSH2_SESSION *session = libssh2_session_init_ex(clibssh2_alloc, clibssh2_free, clibssh2_realloc, box);
    if (!session) return NULL;
    libssh2_session_set_blocking(session, 0);
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, (void *)clibssh2_send);
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, (void *)clibssh2_recv);
    return session;
}

/// Memory that libssh2 will free itself, such as a signature.
static inline void *_Nullable clibssh2_session_alloc(LIBSSH2_SESSION *session, size_t count) {
    return clibssh2_alloc(count, (void *_Nonnull *_Nonnull)libssh2_session_abstract(session));
}

#pragma clang assume_nonnull end

#endif
