internal import Crypto
internal import Glibc
internal import NIOPosix

/// What a ``TreeSender`` of the same paths would send, for senders that go file by file.
package struct TreeListing: Sendable {
    package enum Kind: Sendable, Hashable {
        case file, folder
        case link(to: [UInt8])
    }

    package struct Item: Sendable, Hashable {
        /// As the receiver names it; folders come before what is in them.
        package var path: [UInt8]
        package var kind: Kind
        package var permissions: UInt32
        /// Whole seconds since 1970.
        package var modified: Int64
        fileprivate var absolute: [UInt8]
    }

    package private(set) var items: [Item] = []
    /// What was left out: one sentence each.
    package private(set) var warnings: [String] = []

    /// - Throws: ``TreeArchiveError``.
    package static func of(_ paths: [String]) async throws -> TreeListing {
        try await NIOThreadPool.singleton.runIfActive {
            var listing = TreeListing()
            for path in paths {
                guard let real = realpath(path, nil) else {
                    throw TreeArchiveError(code: .unreadableFile, message: "\(path): \(systemMessage())")
                }
                defer { free(real) }
                let root = Array(UnsafeRawBufferPointer(start: real, count: strlen(real)))
                try listing.add(root, as: Array(TreeSender.name(of: path).utf8))
            }
            return listing
        }
    }

    private mutating func add(_ absolute: [UInt8], as path: [UInt8]) throws {
        var status = stat()
        guard withPath(absolute, { lstat($0, &status) }) == 0 else { throw Self.unreadable(absolute) }
        var item = Item(
            path: path, kind: .file, permissions: status.st_mode & 0o7777, modified: Int64(status.st_mtim.tv_sec),
            absolute: absolute)
        switch status.st_mode & S_IFMT {
        case S_IFREG: items.append(item)
        case S_IFLNK:
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = withPath(absolute) { readlink($0, &buffer, buffer.count) }
            guard count >= 0 else { throw Self.unreadable(absolute) }
            item.kind = .link(to: buffer[..<count].map { UInt8(bitPattern: $0) })
            items.append(item)
        case S_IFDIR:
            item.kind = .folder
            items.append(item)
            guard let names = FileNames.sorted(in: absolute) else { throw Self.unreadable(absolute) }
            let slash = [UInt8(ascii: "/")]
            for name in names { try add(absolute + slash + name, as: path + slash + name) }
        default: warnings.append("\(printable(absolute)) was left out: neither file, folder nor link")
        }
    }

    fileprivate static func unreadable(_ path: [UInt8]) -> TreeArchiveError {
        TreeArchiveError(code: .unreadableFile, message: "\(printable(path)): \(systemMessage())")
    }
}

/// A file of a ``TreeListing`` while it is read, from its beginning to its end and once. One call at a time.
package final class ListedFile: TreeContent, @unchecked Sendable {
    // Safe: used by one task at a time, whose calls follow each other.
    private let descriptor: Int32
    private let path: [UInt8]
    private var hasher = SHA256()

    /// - Throws: ``TreeArchiveError``.
    package init(_ item: TreeListing.Item) throws {
        path = item.absolute
        descriptor = withPath(path) { open($0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else { throw TreeListing.unreadable(path) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    package func content(upTo count: Int) async throws -> [UInt8] {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            var bytes = [UInt8](repeating: 0, count: count)
            let got = bytes.withUnsafeMutableBytes { readSome(descriptor, $0) }
            guard got >= 0 else { throw TreeListing.unreadable(path) }
            bytes.removeLast(count - got)
            hasher.update(data: bytes)
            return bytes
        }
    }

    package var sha256: String { hex(hasher.finalize()) }
}
