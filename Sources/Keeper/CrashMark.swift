import CMayflySys
import Glibc
import Synchronization

/// Tells a keeper whether the last one crashed, and over what: a file that a crashing process writes a line to. `kill -9` and
/// a power cut leave none, so that they accuse no machine.
enum CrashMark {
    /// What the last keeper left.
    struct Found: Sendable, Hashable {
        var hasCrashed = false
        /// The machines whose bytes the crashing thread was handling.
        var machines: [String] = []

        /// - Parameter text: the file's.
        init(text: String = "") {
            hasCrashed = !text.isEmpty
            machines = text.split(separator: "\n").map(String.init).filter { $0 != "crashed" }
        }
    }

    /// Reads what the last keeper left and marks the crashes of this process from now on. To be called under the keeper's
    /// lock.
    /// - Returns: nothing also where the file cannot be used: then nobody is accused.
    static func take(_ path: String) -> Found {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return Found() }
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, 4096, 0))
        }
        guard ftruncate(descriptor, 0) == 0 else {
            close(descriptor)
            return Found()
        }
        // It stays open for as long as this process lives.
        mayfly_mark_crashes(descriptor)
        return Found(text: String(decoding: bytes, as: UTF8.self))
    }

    /// Names that a crashing thread may still read are never given back; a machine has one for as long as this process lives.
    private static let names = Mutex<[String: Name]>([:])

    /// Constant once made.
    private struct Name: @unchecked Sendable {
        let text: UnsafePointer<CChar>
    }

    /// What is done with a machine's bytes is to be wrapped in, so that a crash in it names the machine.
    static func around(_ machine: String) -> @Sendable (() -> Void) -> Void {
        let name = names.withLock { names in
            if let known = names[machine] { return known }
            let made = Name(text: UnsafePointer(strdup(machine)))
            names[machine] = made
            return made
        }
        return { body in
            let before = mayfly_work_on(name.text)
            body()
            _ = mayfly_work_on(before)
        }
    }
}
