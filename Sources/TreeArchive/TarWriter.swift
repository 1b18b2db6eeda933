internal import CLibArchive
internal import Crypto
internal import Glibc

/// A GNU tar written through libarchive, counted and hashed on its way to a descriptor.
final class TarWriter {
    struct Entry {
        var path: [UInt8]
        /// `S_IFREG`, `S_IFDIR` or `S_IFLNK`.
        var type: mode_t
        var permissions: mode_t
        var size: Int64
        var modified: Int64
        var linkTarget: [UInt8]?
    }

    private let archive: OpaquePointer
    private let descriptor: Int32
    private var hasher = SHA256()
    private(set) var byteCount: Int64 = 0
    private var failure: Int32 = 0

    /// - Parameter descriptor: stays the caller's.
    init(descriptor: Int32) throws(TreeArchiveError) {
        guard let archive = archive_write_new() else {
            throw TreeArchiveError(code: .archiveFailed, message: "no memory for an archive")
        }
        self.archive = archive
        self.descriptor = descriptor
        archive_write_set_format_gnutar(archive)
        archive_write_set_bytes_in_last_block(archive, 1)
        let status = archive_write_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, client, buffer, count in
                guard let client, let buffer else { return 0 }
                let writer = Unmanaged<TarWriter>.fromOpaque(client).takeUnretainedValue()
                return writer.take(UnsafeRawBufferPointer(start: buffer, count: count))
            }, nil)
        try check(status)
    }

    deinit { archive_write_free(archive) }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        failure = writeFully(descriptor, bytes)
        guard failure == 0 else { return -1 }
        hasher.update(bufferPointer: bytes)
        byteCount += Int64(bytes.count)
        return bytes.count
    }

    func begin(_ entry: Entry) throws(TreeArchiveError) {
        let header = archive_entry_new()
        defer { archive_entry_free(header) }
        (entry.path + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { archive_entry_copy_pathname(header, $0.baseAddress) }
        }
        archive_entry_set_filetype(header, UInt32(entry.type))
        archive_entry_set_perm(header, entry.permissions)
        archive_entry_set_size(header, entry.size)
        archive_entry_set_mtime(header, time_t(entry.modified), 0)
        archive_entry_set_uid(header, 0)
        archive_entry_set_gid(header, 0)
        if let target = entry.linkTarget {
            (target + [0]).withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { archive_entry_copy_symlink(header, $0.baseAddress) }
            }
        }
        try check(archive_write_header(archive, header))
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(TreeArchiveError) {
        guard !bytes.isEmpty else { return }
        let count = archive_write_data(archive, bytes.baseAddress, bytes.count)
        if count < 0 { try check(ARCHIVE_FATAL) }
    }

    /// - Returns: lower-case hex SHA-256 of everything written.
    func close() throws(TreeArchiveError) -> String {
        try check(archive_write_close(archive))
        return hex(hasher.finalize())
    }

    private func check(_ status: Int32) throws(TreeArchiveError) {
        if failure != 0 {
            throw TreeArchiveError(
                code: .writeFailed, message: "the packed workdir cannot be written: \(systemMessage(failure))")
        }
        guard status < ARCHIVE_WARN else { return }
        let words = archive_error_string(archive).map { String(cString: $0) } ?? "unknown error"
        throw TreeArchiveError(code: .archiveFailed, message: "libarchive: \(words)")
    }
}
