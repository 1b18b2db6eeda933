internal import Glibc
internal import NIOPosix

/// Freezes a folder into the content-addressed store.
public enum TreePacker {
    /// Packs `folder` without what `.gitignore` and `.mayflyignore` files exclude, and without `.git`.
    ///
    /// The same tree gives the same bytes: names in byte order, owner 0, times in whole seconds. The tar is written
    /// beside its final name, made durable and renamed, so a crash leaves no half archive.
    /// - Parameter blobFolder: made (0700) when it is not there.
    /// - Throws: ``TreeArchiveError``; a file that cannot be read is an error, because a job without it is another job.
    public static func pack(folder: String, into blobFolder: String) async throws -> PackedTree {
        try await NIOThreadPool.singleton.runIfActive { try packBlocking(folder: folder, into: blobFolder) }
    }

    private static func packBlocking(folder: String, into blobFolder: String) throws -> PackedTree {
        if mkdir(blobFolder, 0o700) != 0, errno != EEXIST {
            throw writeFailed(blobFolder)
        }
        var template = Array("\(blobFolder)/.packing-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw writeFailed(blobFolder) }
        let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var isKept = false
        defer {
            close(descriptor)
            if !isKept { unlink(temporary) }
        }
        let writer = try TarWriter(descriptor: descriptor)
        var walk = TreeWalk(folder: folder)
        var warnings: [String] = []
        var fileCount = 0
        try walk.run { item in
            if item.status.st_mode & S_IFMT != S_IFDIR { fileCount += 1 }
            if let warning = try add(item, of: folder, to: writer) { warnings.append(warning) }
        }
        try writer.begin(
            TarWriter.Entry(
                path: Array(TreeWalk.endMark.utf8), type: S_IFREG, permissions: 0o600, size: 0, modified: 0))
        let sha256 = try writer.close()
        let path = "\(blobFolder)/\(sha256).tar"
        guard fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw writeFailed(path)
        }
        isKept = true
        let folderDescriptor = open(blobFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
        return PackedTree(
            sha256: sha256, byteCount: writer.byteCount, fileCount: fileCount, path: path,
            warnings: walk.warnings + warnings)
    }

    /// - Returns: a warning about the item, if there is one.
    private static func add(_ item: TreeWalk.Item, of folder: String, to writer: TarWriter) throws -> String? {
        let type = item.status.st_mode & S_IFMT
        let absolute = Array(folder.utf8) + [UInt8(ascii: "/")] + item.path
        var entry = TarWriter.Entry(
            path: item.path, type: type, permissions: item.status.st_mode & 0o777, size: 0,
            modified: Int64(item.status.st_mtim.tv_sec))
        switch type {
        case S_IFDIR:
            entry.path.append(UInt8(ascii: "/"))
            try writer.begin(entry)
            return nil
        case S_IFLNK:
            let target = try linkTarget(absolute)
            entry.linkTarget = target
            entry.permissions = 0o777
            try writer.begin(entry)
            let depth = item.path.split(separator: UInt8(ascii: "/")).count - 1
            guard !LinkTarget.staysInside(target, depth: depth) else { return nil }
            return
                "\(printable(item.path)) is a link out of the workdir (\(printable(target))); on the instance it may "
                + "lead nowhere"
        default:
            return try addFile(item, absolute, entry, to: writer)
        }
    }

    private static func addFile(
        _ item: TreeWalk.Item, _ absolute: [UInt8], _ entry: TarWriter.Entry, to writer: TarWriter
    ) throws -> String? {
        let descriptor = withPath(absolute) { open($0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) }
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else { throw unreadable(absolute) }
        defer { close(descriptor) }
        var entry = entry
        entry.size = Int64(status.st_size)
        try writer.begin(entry)
        var left = entry.size
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while left > 0 {
            let count = buffer.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress, min($0.count, Int(clamping: left)))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(absolute) }
            if count == 0 { break }
            try buffer.withUnsafeBytes { try writer.write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            left -= Int64(count)
        }
        var after = stat()
        let isSteady =
            left == 0 && fstat(descriptor, &after) == 0 && after.st_size == status.st_size
            && after.st_mtim.tv_sec == status.st_mtim.tv_sec && after.st_mtim.tv_nsec == status.st_mtim.tv_nsec
        return isSteady ? nil : "\(printable(item.path)) changed while it was read"
    }

    private static func linkTarget(_ path: [UInt8]) throws -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = withPath(path) { readlink($0, &buffer, buffer.count) }
        guard count >= 0 else { throw unreadable(path) }
        return buffer[..<count].map { UInt8(bitPattern: $0) }
    }

    private static func unreadable(_ path: [UInt8]) -> TreeArchiveError {
        TreeArchiveError(
            code: .unreadableFile,
            message:
                "\(printable(path)) cannot be read: \(systemMessage()); exclude it in .mayflyignore or fix its rights")
    }

    private static func writeFailed(_ path: String) -> TreeArchiveError {
        TreeArchiveError(code: .writeFailed, message: "\(path) cannot be written: \(systemMessage())")
    }
}
