internal import CLibArchive
internal import Crypto
internal import Glibc

/// From disk to tar, both ends by libarchive: it knows holes, odd names and long paths.
final class DiskPacker {
    private let descriptor: Int32
    private let writer: OpaquePointer
    /// The end mark's content: by it the receiver compares what is on its disk with what was read here.
    private var sums = TreeSums()
    /// What the receiver has already, until the walk comes by it.
    private var held: [[UInt8]: KeptFile]
    private static let regular = UInt32(S_IFREG as mode_t)
    private static let nothing = [UInt8](repeating: 0, count: 1 << 16)

    /// - Parameter held: sent by its sum alone as long as it is the same by length, second and rights.
    init(descriptor: Int32, held: [KeptFile] = []) throws {
        guard let writer = archive_write_new() else { throw Self.noMemory }
        self.held = Dictionary(held.map { ($0.path, $0) }) { $1 }
        self.descriptor = descriptor
        self.writer = writer
        archive_write_set_format_pax_restricted(writer)
        archive_write_set_bytes_per_block(writer, 1 << 18)
        archive_write_set_bytes_in_last_block(writer, 1)
        try check(archive_write_open_fd(writer, descriptor), writer)
    }

    deinit { archive_write_free(writer) }

    private static var noMemory: TreeArchiveError {
        TreeArchiveError(code: .archiveFailed, message: "no memory for an archive")
    }

    func pack(_ paths: [String], _ outcome: SenderOutcome) throws {
        do {
            for path in paths { try pack(path, outcome) }
            if let gone = held.keys.first {
                throw TreeArchiveError(
                    code: .unreadableFile,
                    message: "\(printable(gone)) went away while it was copied; run it again")
            }
        } catch {
            // Else freeing the writer would fill up the entry that could not be read.
            archive_write_fail(writer)
            throw error
        }
        let content = sums.finish()
        outcome.note(sums)
        let mark = archive_entry_new()
        defer { archive_entry_free(mark) }
        archive_entry_set_pathname(mark, TreeWalk.endMark)
        archive_entry_set_filetype(mark, Self.regular)
        archive_entry_set_perm(mark, 0o600)
        archive_entry_set_size(mark, la_int64_t(content.count))
        try check(archive_write_header(writer, mark), writer)
        guard archive_write_data(writer, content, content.count) == content.count else { throw failure(writer) }
        try check(archive_write_close(writer), writer)
    }

    private func pack(_ path: String, _ outcome: SenderOutcome) throws {
        // The path itself is followed; below it links stay links.
        guard let real = realpath(path, nil) else {
            throw TreeArchiveError(code: .unreadableFile, message: "\(path): \(systemMessage())")
        }
        defer { free(real) }
        let root = Array(UnsafeRawBufferPointer(start: real, count: strlen(real)))
        let name = Array(TreeSender.name(of: path).utf8)
        guard let disk = archive_read_disk_new() else { throw Self.noMemory }
        defer { archive_read_free(disk) }
        archive_read_disk_set_symlink_physical(disk)
        archive_read_disk_set_behavior(
            disk, ARCHIVE_READDISK_NO_ACL | ARCHIVE_READDISK_NO_XATTR | ARCHIVE_READDISK_NO_FFLAGS)
        try check(archive_read_disk_open(disk, real), disk)
        while true {
            guard let entry = archive_entry_new() else { throw Self.noMemory }
            defer { archive_entry_free(entry) }
            let status = archive_read_next_header2(disk, entry)
            if status == ARCHIVE_EOF { return }
            guard status >= ARCHIVE_WARN, let source = archive_entry_pathname(entry) else { throw unreadable(disk) }
            let whole = Array(UnsafeRawBufferPointer(start: source, count: strlen(source)))
            if status == ARCHIVE_OK { archive_read_disk_descend(disk) }
            let below = whole.starts(with: root) ? Array(whole.dropFirst(root.count)) : []
            withPath(name + below) { archive_entry_copy_pathname(entry, $0) }
            switch mode_t(archive_entry_filetype(entry)) & S_IFMT {
            case S_IFREG, S_IFDIR, S_IFLNK: try add(entry, whole, as: name + below, from: disk, outcome)
            default: outcome.warn("\(printable(whole)) was left out: neither file, folder nor link")
            }
        }
    }

    private func add(
        _ entry: OpaquePointer, _ path: [UInt8], as name: [UInt8], from disk: OpaquePointer, _ outcome: SenderOutcome
    ) throws {
        archive_entry_set_uid(entry, 0)
        archive_entry_set_gid(entry, 0)
        archive_entry_copy_uname(entry, nil)
        archive_entry_copy_gname(entry, nil)
        // Hard links would refer to names outside what is sent.
        archive_entry_copy_hardlink(entry, nil)
        let size = archive_entry_size(entry)
        let isHeld = isHeld(entry, as: name)
        if !isHeld { try check(archive_write_header(writer, entry), writer) }
        guard archive_entry_filetype(entry) == Self.regular else {
            if mode_t(archive_entry_filetype(entry)) & S_IFMT == S_IFDIR {
                sums.enter(name, permissions: archive_entry_perm(entry))
            }
            return
        }
        var hasher = SHA256()
        defer { sums.add(name, permissions: archive_entry_perm(entry), hasher.finalize()) }
        guard size > 0 else { return }
        var position: Int64 = 0
        while true {
            var block: UnsafeRawPointer?
            var count = 0
            var offset: la_int64_t = 0
            let status = archive_read_data_block(disk, &block, &count, &offset)
            if status == ARCHIVE_EOF { break }
            guard status >= ARCHIVE_WARN else { throw unreadable(disk) }
            try fill(offset - position, &hasher, isHeld)
            let written = isHeld ? count : archive_write_data(writer, block, count)
            guard written >= 0 else { throw failure(writer) }
            hasher.update(bufferPointer: UnsafeRawBufferPointer(start: block, count: written))
            position = offset + Int64(count)
        }
        try fill(size - position, &hasher, isHeld)
        var after = stat()
        if withPath(path, { lstat($0, &after) }) != 0 || Int64(after.st_size) != size
            || Int64(after.st_mtim.tv_sec) != Int64(archive_entry_mtime(entry))
        {
            outcome.warn("\(printable(path)) changed while it was read")
        }
    }

    /// Whether the receiver has the file. Only one that it will compare with its sum may be left out.
    private func isHeld(_ entry: OpaquePointer, as name: [UInt8]) -> Bool {
        guard let file = held.removeValue(forKey: name), archive_entry_filetype(entry) == Self.regular else {
            return false
        }
        return file.size == Int64(archive_entry_size(entry)) && file.modified == Int64(archive_entry_mtime(entry))
            && file.permissions == UInt32(archive_entry_perm(entry)) & 0o7777
            && sums.lists(name, permissions: archive_entry_perm(entry))
    }

    /// The writer counts a hole's bytes although the format does not carry them.
    private func fill(_ count: Int64, _ hasher: inout SHA256, _ isHeld: Bool) throws {
        var left = count
        while left > 0 {
            let part = Int(min(left, Int64(Self.nothing.count)))
            Self.nothing.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<part])) }
            guard isHeld || archive_write_data(writer, Self.nothing, part) >= 0 else { throw failure(writer) }
            left -= Int64(part)
        }
    }

    private func unreadable(_ disk: OpaquePointer) -> TreeArchiveError {
        TreeArchiveError(code: .unreadableFile, message: words(disk))
    }

    private func failure(_ archive: OpaquePointer) -> TreeArchiveError {
        TreeArchiveError(code: .archiveFailed, message: "libarchive: \(words(archive))")
    }

    private func words(_ archive: OpaquePointer) -> String {
        archive_error_string(archive).map { printable(String(cString: $0).utf8) } ?? "unknown error"
    }

    private func check(_ status: Int32, _ archive: OpaquePointer) throws {
        if status < ARCHIVE_WARN { throw failure(archive) }
    }
}
