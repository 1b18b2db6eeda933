import CMayflySys
import Glibc

/// Tells a keeper whether the last one crashed: a file that a crashing process writes one word to. `kill -9` and a power cut
/// leave none, so that they accuse no machine.
enum CrashMark {
    /// Reads what the last keeper left and marks the crashes of this process from now on. To be called under the keeper's
    /// lock.
    /// - Returns: whether the last keeper crashed. `false` also where the file cannot be used: then nobody is accused.
    static func take(_ path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return false }
        var status = stat()
        let hasCrashed = fstat(descriptor, &status) == 0 && status.st_size > 0
        guard ftruncate(descriptor, 0) == 0 else {
            close(descriptor)
            return false
        }
        // It stays open for as long as this process lives.
        mayfly_mark_crashes(descriptor)
        return hasCrashed
    }
}
