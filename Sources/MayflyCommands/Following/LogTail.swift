import Glibc
import MayflyCore

/// Reads what a log has grown by since the last look. The keeper only appends, so an offset is all there is to know.
struct LogTail: Sendable {
    static let chunk = 64 * 1024

    /// Where the log is while its attempt is the newest.
    let path: String
    /// The folder its attempt's files are moved to when another attempt begins; from then on the log is there.
    private let asideFolder: String?
    private(set) var offset: Int64 = 0

    init(path: String, offset: Int64 = 0) {
        self.path = path
        asideFolder = nil
        self.offset = offset
    }

    /// - Parameter attempt: whose log it is; the newest one's lie at the top of the results folder.
    init(_ log: JobLog, of job: JobRecord, attempt: Int) {
        path = "\(job.resultsFolder)/\(log.fileName)"
        asideFolder = "\(job.resultsFolder)/\(JobRecord.asideFolderName(attempt))"
    }

    /// The next bytes, none when there are no more (or no file) yet.
    ///
    /// A log that was emptied to be fetched again is waited for until it has passed what was already shown, so that
    /// nothing is shown twice.
    mutating func next() -> [UInt8] {
        var descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        // Looked for after opening: while the folder is not there, what was opened is this attempt's.
        if let asideFolder, access(asideFolder, F_OK) == 0 {
            if descriptor >= 0 { close(descriptor) }
            let name = path.split(separator: "/").last ?? ""
            descriptor = open("\(asideFolder)/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        }
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
