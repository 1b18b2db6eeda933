import Glibc
import MayflyCore

/// Reads what a log has grown by since the last look. The keeper only appends, so an offset is all there is to know.
struct LogTail: Sendable {
    static let chunk = 64 * 1024

    let path: String
    private(set) var offset: Int64 = 0

    init(path: String, offset: Int64 = 0) {
        self.path = path
        self.offset = offset
    }

    /// The next bytes, none when there are no more (or no file) yet.
    ///
    /// A log that was emptied to be fetched again is waited for until it has passed what was already shown, so that
    /// nothing is shown twice.
    mutating func next() -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let position = offset
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, Self.chunk, off_t(position)))
        }
        offset += Int64(bytes.count)
        return bytes
    }

    /// Skips what is there now.
    mutating func skipToEnd() {
        var status = stat()
        if stat(path, &status) == 0 { offset = Int64(status.st_size) }
    }
}
