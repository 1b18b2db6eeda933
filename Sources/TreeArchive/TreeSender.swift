internal import CLibArchive
internal import Foundation
internal import Glibc
internal import NIOPosix
internal import Synchronization

/// Packs files and folders of this machine into one tar stream while it is read: with modes, times, links, holes and
/// empty folders as they are, owned by whoever unpacks it. Ends with the mark by which a cut stream is told from a whole.
///
/// Dropping a sender ends its work.
public final class TreeSender: Sendable {
    private let exit: Int32
    private let outcome: SenderOutcome

    /// - Parameter paths: each is packed under its last component; a path that is itself a link stands for what it leads to.
    /// - Parameter held: what the receiver has of an earlier stream. A file that is the same by length, second and rights is
    ///   left out, and its SHA-256 sent along like any other's.
    /// - Throws: ``TreeArchiveError`` when a path is missing or two of them have the same name.
    public init(paths: [String], held: [KeptFile] = []) throws {
        var names: Set<String> = []
        for path in paths {
            var status = stat()
            guard stat(path, &status) == 0 else {
                throw TreeArchiveError(code: .unreadableFile, message: "\(path): \(systemMessage())")
            }
            guard names.insert(Self.name(of: path)).inserted else {
                throw TreeArchiveError(
                    code: .unreadableFile, message: "two of the paths are named \(Self.name(of: path)): copy them apart"
                )
            }
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw TreeArchiveError(code: .archiveFailed, message: "no pipe: \(systemMessage())")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // Best effort: fewer turns of the thread.
        _ = fcntl(ends[1], 1031 /* F_SETPIPE_SZ, which Glibc shows under _GNU_SOURCE only */, 1 << 20)
        exit = ends[0]
        let entrance = ends[1]
        let outcome = SenderOutcome()
        self.outcome = outcome
        // A thread of its own: the pipe blocks it for as long as the network is slow.
        Thread.detachNewThread {
            defer { close(entrance) }
            do {
                try DiskPacker(descriptor: entrance, held: held).pack(paths, outcome)
            } catch let error as TreeArchiveError {
                outcome.fail(error)
            } catch {
                outcome.fail(TreeArchiveError(code: .archiveFailed, message: "\(error)"))
            }
        }
    }

    deinit { close(exit) }

    /// What was left out or changed meanwhile: one sentence each. Final once ``next()`` has returned `nil`.
    public var warnings: [String] { outcome.warnings }

    /// How many files the receiver can compare with their SHA-256, which is sent along. Final like ``warnings``.
    public var listedFiles: Int { outcome.listedFiles }

    /// How many it cannot, because their rights will keep it from reading them. Final like ``warnings``.
    public var unreadableFiles: Int { outcome.unreadableFiles }

    /// The next piece of the stream; `nil` at its end. One call at a time.
    /// - Throws: ``TreeArchiveError`` when a file could not be read.
    public func next() async throws -> [UInt8]? {
        let exit = exit
        let bytes = try await NIOThreadPool.singleton.runIfActive {
            var buffer = [UInt8](repeating: 0, count: 1 << 18)
            while true {
                let count = buffer.withUnsafeMutableBytes { read(exit, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                return Array(buffer.prefix(max(0, count)))
            }
        }
        if !bytes.isEmpty { return bytes }
        if let failure = outcome.failure { throw failure }
        return nil
    }

    /// Those of the receiver's files that are the same here, by length, second and rights.
    public static func unchanged(_ files: [KeptFile], of paths: [String]) async throws -> [KeptFile] {
        try await NIOThreadPool.singleton.runIfActive {
            var roots: [[UInt8]: [UInt8]] = [:]
            for path in paths {
                guard let real = realpath(path, nil) else { continue }
                defer { free(real) }
                roots[Array(name(of: path).utf8)] = Array(UnsafeRawBufferPointer(start: real, count: strlen(real)))
            }
            return files.filter { file in
                let top = Array(file.path.prefix { $0 != UInt8(ascii: "/") })
                guard let root = roots[top], file.permissions & 0o400 != 0 else { return false }
                var status = stat()
                return withPath(root + file.path.dropFirst(top.count)) { lstat($0, &status) } == 0
                    && status.st_mode & S_IFMT == S_IFREG && Int64(status.st_size) == file.size
                    && Int64(status.st_mtim.tv_sec) == file.modified && status.st_mode & 0o7777 == file.permissions
            }
        }
    }

    /// Bytes of all files below the paths: what a progress display counts towards.
    public static func size(of paths: [String]) async throws -> Int64 {
        try await NIOThreadPool.singleton.runIfActive {
            var total: Int64 = 0
            for path in paths {
                var status = stat()
                guard stat(path, &status) == 0 else { continue }
                guard status.st_mode & S_IFMT == S_IFDIR else {
                    total += Int64(status.st_size)
                    continue
                }
                let keys: [URLResourceKey] = [.fileSizeKey, .isRegularFileKey]
                let below = FileManager.default.enumerator(
                    at: URL(fileURLWithPath: path), includingPropertiesForKeys: keys, options: [])
                while let file = below?.nextObject() as? URL {
                    let facts = try? file.resourceValues(forKeys: Set(keys))
                    if facts?.isRegularFile == true { total += Int64(facts?.fileSize ?? 0) }
                }
            }
            return total
        }
    }

    static func name(of path: String) -> String {
        guard let resolved = path.hasSuffix(".") || path.hasSuffix("..") ? realpath(path, nil) : nil else {
            return path.split(separator: "/").last.map(String.init) ?? "root"
        }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").last.map(String.init) ?? "root"
    }
}

/// What the packing thread leaves for the reader.
final class SenderOutcome: Sendable {
    private struct Facts {
        var warnings: [String] = []
        var failure: TreeArchiveError?
        var listedFiles = 0
        var unreadableFiles = 0
    }

    private let facts = Mutex(Facts())

    var warnings: [String] { facts.withLock { $0.warnings } }
    var failure: TreeArchiveError? { facts.withLock { $0.failure } }

    var listedFiles: Int { facts.withLock { $0.listedFiles } }
    var unreadableFiles: Int { facts.withLock { $0.unreadableFiles } }

    func note(_ sums: TreeSums) {
        facts.withLock {
            $0.listedFiles = sums.count
            $0.unreadableFiles = sums.unreadable
        }
    }

    func warn(_ text: String) {
        facts.withLock { facts in
            if facts.warnings.count < 1000 { facts.warnings.append(text) }
        }
    }

    func fail(_ failure: TreeArchiveError) { facts.withLock { $0.failure = $0.failure ?? failure } }
}
