#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The file itself. Every call blocks: not for event loops.
enum KnownHostsFile {
    private static let sizeLimit = 16 << 20

    /// The whole content; empty when there is no such file.
    static func content(of path: String) throws -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return [] }
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { _ = close(descriptor) }
        return try content(descriptor, path)
    }

    /// Adds a line for a host that is not known there, in one write that other writers cannot split.
    ///
    /// - Throws: ``SSHError`` when the file cannot be used, or knows the host by another key by now.
    static func append(_ key: SSHPublicKey, of endpoint: SSHEndpoint, to path: String) throws {
        let name = SSHKnownHosts.name(of: endpoint)
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !",*?!#|@".utf8.contains($0) }) else {
            throw SSHError(.knownHostsUnusable, "the name \(printable(name)) cannot stand in a known_hosts file")
        }
        let descriptor = unsafe open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { _ = close(descriptor) }
        // Held for this short reading and writing only. Two first connections to one host must not both find it unknown.
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw failure("lock", path) }
        }
        let before = try content(descriptor, path)
        let known = SSHKnownHosts(bytes: before, file: path)
        switch known.check(key, of: endpoint) {
        case .known: return
        case .unknown: break
        case let verdict: throw SSHError.hostKey(key, verdict, endpoint, known)
        }
        let isWholeLine = before.last.map { $0 == 0x0a } ?? true
        let line = Array(((isWholeLine ? "" : "\n") + "\(name) \(key.openSSH)\n").utf8)
        let written = unsafe line.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        guard written == line.count else { throw failure("write", path) }
    }

    private static func content(_ descriptor: Int32, _ path: String) throws -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            guard count > 0 else { return content }
            content += chunk[..<count]
            guard content.count <= sizeLimit else {
                throw SSHError(.knownHostsUnusable, "\(path) is larger than \(sizeLimit >> 20) MiB")
            }
        }
    }

    private static func failure(_ what: String, _ path: String) -> SSHError {
        let reason = unsafe String(cString: strerror(errno))
        return SSHError(.knownHostsUnusable, "cannot \(what) \(path): \(reason)")
    }
}
