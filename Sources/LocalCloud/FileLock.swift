import Glibc

/// An exclusive `flock` on a file. It belongs to the open description, so a child that is handed the descriptor holds it
/// on after this process is gone: that is how an instance's life is told.
struct FileLock: Sendable {
    let descriptor: Int32

    /// Takes the lock, or returns `nil` when another holds it.
    static func take(_ path: String) throws(LocalCloudError) -> FileLock? {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Files.failure("open", path) }
        if flock(file, LOCK_EX | LOCK_NB) == 0 { return FileLock(descriptor: file) }
        let error = errno
        close(file)
        guard error == EWOULDBLOCK else { throw LocalCloudError(.storage, "cannot lock \(path): errno \(error)") }
        return nil
    }

    /// Whether anyone holds the lock of `path`. A missing file is not held.
    static func isHeld(_ path: String) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard flock(file, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
        flock(file, LOCK_UN)  // said aloud: a child forked meanwhile may hold a copy of the descriptor
        return false
    }

    /// Closes this process's copy; a child's copy keeps the lock.
    func handOver() { close(descriptor) }

    func release() {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
