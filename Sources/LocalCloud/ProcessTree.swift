import Foundation
import Glibc

/// The processes of one instance, found through its lock: whoever has that very file as descriptor 9 is its init (or the
/// `unshare` above it), and its PID namespace holds all others. No pid is ever remembered, so none can be stale.
struct ProcessTree: Sendable {
    /// The instance's init and its holder outside.
    let holders: [pid_t]
    /// The PID namespace of init; `nil` when there is no init.
    let namespace: Files.Identity?

    /// - Parameter id: the instance's, a UUID that occurs in no other path. Its home may have been moved or removed
    ///   meanwhile: the descriptor still tells.
    init(instance id: String) {
        let ending = "/instances/\(id)/lock"
        holders = Self.allProcesses().filter { pid in
            guard let link = Self.link("/proc/\(pid)/fd/9") else { return false }
            return link.hasSuffix(ending) || link.hasSuffix(ending + " (deleted)")
        }
        let own = Files.Identity("/proc/self/ns/pid")
        namespace = holders.lazy.compactMap { Files.Identity("/proc/\($0)/ns/pid") }.first { $0 != own }
    }

    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    /// All processes now in the instance's namespace.
    var members: [pid_t] {
        guard let namespace else { return [] }
        return Self.allProcesses().filter { Files.Identity("/proc/\($0)/ns/pid") == namespace }
    }

    /// The holders inside the namespace: killing init ends every other member.
    var inits: [pid_t] {
        guard let namespace else { return [] }
        return holders.filter { Files.Identity("/proc/\($0)/ns/pid") == namespace }
    }

    static func allProcesses() -> [pid_t] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
    }

    /// One letter of `/proc/PID/stat`: `T` is stopped.
    static func state(of pid: pid_t) -> Character? {
        guard let line = Files.text("/proc/\(pid)/stat"), let end = line.lastIndex(of: ")") else { return nil }
        return line[line.index(after: end)...].first { $0 != " " }
    }
}
