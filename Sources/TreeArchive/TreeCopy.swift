internal import Crypto
internal import Glibc

/// A tree copied on this machine, each file compared with what was read of it. Blocking.
public struct TreeCopy: Sendable {
    public struct File: Sendable, Hashable {
        public var bytes: Int64
        /// Lower-case hex SHA-256.
        public var sha256: String
    }

    /// What was copied, by its path relative to the tree.
    public private(set) var files: [String: File] = [:]
    /// What is neither file, folder nor link, and was left out: one sentence each.
    public private(set) var skipped: [String] = []

    /// Copies the folder `source` to `target`, which must not be there. Permissions and times are kept, holes stay holes, links
    /// are copied as links, and everything is durable when it returns. What a failure leaves is the caller's to remove.
    /// - Throws: ``TreeArchiveError``.
    public init(of source: String, to target: String) throws(TreeArchiveError) {
        try copyFolder(Array(source.utf8), Array(target.utf8), [])
    }

    private mutating func copyFolder(
        _ source: [UInt8], _ target: [UInt8], _ path: [UInt8]
    ) throws(TreeArchiveError) {
        guard let names = FileNames.sorted(in: source) else {
            throw TreeArchiveError(
                code: .unreadableFolder, message: "\(printable(source)) cannot be read: \(systemMessage())")
        }
        var info = stat()
        guard withPath(source, { lstat($0, &info) }) == 0, withPath(target, { mkdir($0, 0o700) }) == 0 else {
            throw Self.failed(target)
        }
        for name in names {
            let slash = [UInt8(ascii: "/")]
            try copy(source + slash + name, target + slash + name, path.isEmpty ? name : path + slash + name)
        }
        let descriptor = withPath(target) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw Self.failed(target) }
        defer { close(descriptor) }
        Self.keep(info, on: descriptor)
        guard fsync(descriptor) == 0 else { throw Self.failed(target) }
    }

    private mutating func copy(_ source: [UInt8], _ target: [UInt8], _ path: [UInt8]) throws(TreeArchiveError) {
        var info = stat()
        guard withPath(source, { lstat($0, &info) }) == 0 else { throw Self.unreadable(source) }
        switch info.st_mode & S_IFMT {
        case S_IFDIR: try copyFolder(source, target, path)
        case S_IFREG: files[String(decoding: path, as: UTF8.self)] = try copyFile(source, target)
        case S_IFLNK: try copyLink(source, target)
        default: skipped.append("\(printable(path)) was left out: neither file, folder nor link")
        }
    }

    private func copyLink(_ source: [UInt8], _ target: [UInt8]) throws(TreeArchiveError) {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = withPath(source) { readlink($0, &buffer, Int(PATH_MAX)) }
        guard count >= 0 else { throw Self.unreadable(source) }
        let made = withPath(target) { symlink(buffer, $0) }
        guard made == 0 else { throw Self.failed(target) }
    }

    private func copyFile(_ source: [UInt8], _ target: [UInt8]) throws(TreeArchiveError) -> File {
        let from = withPath(source) { open($0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) }
        var info = stat()
        guard from >= 0, fstat(from, &info) == 0 else { throw Self.unreadable(source) }
        defer { close(from) }
        let to = withPath(target) { open($0, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        guard to >= 0 else { throw Self.failed(target) }
        defer { close(to) }
        var hash = SHA256()
        var length: Int64 = 0
        while let chunk = try Self.chunk(from, at: length, of: source) {
            hash.update(data: chunk)
            // A block that equals itself shifted by one is all of its first byte.
            let isHole = chunk.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress, bytes[0] == 0 else { return false }
                return memcmp(start, start + 1, bytes.count - 1) == 0
            }
            let number = isHole ? 0 : chunk.withUnsafeBytes { writeFully(to, $0, at: length) }
            guard number == 0 else { throw Self.failed(target, number) }
            length += Int64(chunk.count)
        }
        guard ftruncate(to, off_t(length)) == 0 else { throw Self.failed(target) }
        Self.keep(info, on: to)
        guard fsync(to) == 0 else { throw Self.failed(target) }
        let digest = hash.finalize()
        var written = SHA256()
        var position: Int64 = 0
        while let chunk = try Self.chunk(to, at: position, of: target) {
            written.update(data: chunk)
            position += Int64(chunk.count)
        }
        guard written.finalize() == digest else {
            throw TreeArchiveError(
                code: .writeFailed, message: "\(printable(target)) is not what was written: the disk damaged it")
        }
        return File(bytes: length, sha256: hex(digest))
    }

    private static func chunk(
        _ descriptor: Int32, at offset: Int64, of path: [UInt8]
    ) throws(TreeArchiveError) -> [UInt8]? {
        while true {
            var number: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
                let got = pread(descriptor, buffer.baseAddress, 1 << 20, off_t(offset))
                number = got < 0 ? errno : 0
                count = max(0, got)
            }
            if number == EINTR { continue }
            guard number == 0 else { throw unreadable(path, number) }
            return bytes.isEmpty ? nil : bytes
        }
    }

    /// Best effort: the content is what counts.
    private static func keep(_ info: stat, on descriptor: Int32) {
        fchmod(descriptor, info.st_mode & 0o777)
        futimens(descriptor, [info.st_atim, info.st_mtim])
    }

    private static func failed(_ path: [UInt8], _ number: Int32 = errno) -> TreeArchiveError {
        TreeArchiveError(
            code: .writeFailed, message: "\(printable(path)) cannot be written: \(systemMessage(number))")
    }

    private static func unreadable(_ path: [UInt8], _ number: Int32 = errno) -> TreeArchiveError {
        TreeArchiveError(
            code: .unreadableFile, message: "\(printable(path)) cannot be read: \(systemMessage(number))")
    }
}
