internal import GRDB
internal import MayflyCore

extension JobStoreError {
    /// What SQLite or the store's own code reported, in the store's terms. The only place that maps SQLite's codes.
    init(mapping error: any Error, path: String) {
        switch error {
        case let error as JobStoreError where error.code == .unreadable:
            self.init(code: .unreadable, message: "cannot read the job store \(path): \(error.message)")
        case let error as JobStoreError:
            self = error
        case let error as DatabaseError:
            self.init(mapping: error, path: path)
        default:
            self.init(code: .failed, message: "the job store \(path) failed: \(error)")
        }
    }

    /// Only SQLite's own words are passed on; the statement and its arguments stay out.
    private init(mapping error: DatabaseError, path: String) {
        let words = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_NOTADB:
            self.init(code: .unreadable, message: "\(path) is not a Mayfly job store; move it away (\(words))")
        case .SQLITE_CORRUPT, .SQLITE_FORMAT:
            self.init(
                code: .unreadable, message: "the job store \(path) is damaged; restore it from a backup (\(words))")
        case .SQLITE_FULL:
            self.init(
                code: .failed, message: "the disk of the job store \(path) is full; nothing was written (\(words))")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(code: .failed, message: "another process holds the job store \(path) for too long (\(words))")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            self.init(code: .failed, message: "the job store \(path) cannot be opened for writing (\(words))")
        default:
            self.init(
                code: .failed,
                message: "the job store \(path) failed: \(words) (SQLite \(error.extendedResultCode.rawValue))")
        }
    }
}
