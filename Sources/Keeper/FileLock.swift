import Glibc

/// A single-instance lock: held by an open descriptor, so it ends with its process however that dies.
struct FileLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock, waiting up to `patience` for another holder to go.
    /// - Returns: `nil` when it is still held.
    /// - Throws: ``KeeperError`` when the file cannot be opened.
    static func take(_ path: String, patience: Duration) async throws -> FileLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw KeeperError(code: .badHome, message: "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        let lock = FileLock(descriptor: descriptor)
        let deadline = ContinuousClock.now.advanced(by: patience)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard ContinuousClock.now < deadline else { return nil }
            try await Task.sleep(for: .milliseconds(10))
        }
        return lock
    }

    /// Writes down who holds it, for people: the lock itself is the descriptor's.
    borrowing func note(_ text: String) {
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = pwrite(descriptor, text, text.utf8.count, 0)
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}
