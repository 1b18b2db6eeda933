import Glibc

/// Paths and small files, without Foundation's start-up cost.
enum Paths {
    /// Without `.`, `..` and doubled slashes; links are not followed.
    static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The folder of an absolute path.
    static func folder(of path: String) -> String {
        normalized(path + "/..")
    }

    /// Links are followed.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    /// Makes a folder and its parents, each new one 0700.
    /// - Throws: ``CommandError``.
    static func makeFolder(_ path: String) throws {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw CommandError(code: .state, message: "\(path) is a file, expected a folder; name another one")
            }
            return
        }
        if path != "/" { try makeFolder(folder(of: path)) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw CommandError(
                code: .state, message: "the folder \(path) cannot be made: \(reason()); name another one")
        }
    }

    /// Why nothing can be made in a folder, and what to do; `nil` where it can.
    static func unwritable(_ folder: String) -> String? {
        access(folder, W_OK | X_OK) == 0 ? nil : "\(folder) cannot be written: \(reason()); name another folder"
    }

    /// The bytes of a file, at most `limit`.
    /// - Throws: ``CommandError`` that names the path and says why.
    static func read(_ path: String, limit: Int = 16 << 20) throws -> [UInt8] {
        let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandError(code: .usage, message: "\(path) cannot be read: \(reason())")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandError(code: .usage, message: "\(path) cannot be read: \(reason())")
            }
            if count == 0 { return bytes }
            bytes += chunk.prefix(count)
            guard bytes.count <= limit else {
                throw CommandError(
                    code: .usage,
                    message: "\(path) is larger than \(SizeText.bytes(Int64(limit))): not what is expected")
            }
        }
    }

    /// Writes a 0600 file by way of a temporary one, so that a crash leaves the old or the new content.
    /// - Throws: ``CommandError``.
    static func write(_ bytes: [UInt8], toPrivateFile path: String) throws {
        let temporary = "\(path).\(getpid()).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw CommandError(code: .state, message: "\(temporary) cannot be written: \(reason())")
        }
        var offset = 0
        var failed = false
        while offset < bytes.count && !failed {
            let rest = bytes[offset...]
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { offset += count } else { failed = errno != EINTR }
        }
        failed = failed || fsync(descriptor) != 0
        close(descriptor)
        guard !failed, rename(temporary, path) == 0 else {
            let why = reason()
            unlink(temporary)
            throw CommandError(code: .state, message: "\(path) cannot be written: \(why)")
        }
    }

    /// The words for `errno`.
    static func reason() -> String { String(cString: strerror(errno)) }
}
