internal import Foundation
internal import GRDB
internal import MayflyCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The connections of a store that was found to be ours, in WAL mode and at the current schema.
struct OpenedStore: Sendable {
    let pool: DatabasePool
    let watcher: DatabaseQueue

    /// How long a connection waits for another process's write transaction, in seconds. Ours last milliseconds.
    static let busyTimeout = 5.0
    /// How often opening is tried again while other processes open, create or migrate the same file.
    private static let attempts = 50
    private static let pauseMicroseconds: UInt32 = 100_000

    /// Blocks; to be called on a thread of its own.
    init(path: String) throws(JobStoreError) {
        try Self.prepareFile(path)
        var tries = 0
        while true {
            tries += 1
            do {
                self = try Self.connect(path)
                return
            } catch let error as DatabaseError where tries < Self.attempts && Self.isTransient(error) {
                usleep(Self.pauseMicroseconds)
            } catch {
                throw JobStoreError(mapping: error, path: path)
            }
        }
    }

    private init(pool: DatabasePool, watcher: DatabaseQueue) {
        self.pool = pool
        self.watcher = watcher
    }

    private static func connect(_ path: String) throws -> OpenedStore {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeout)
        configuration.label = "mayfly-store"

        // Look before touching: a stranger's database must not be switched to WAL mode, nor a newer store be migrated.
        var watching = configuration
        watching.readonly = true
        let watcher = try DatabaseQueue(path: path, configuration: watching)
        try watcher.read { try StoreSchema.check($0) }

        let pool = try DatabasePool(path: path, configuration: configuration)
        // GRDB sets NORMAL after `prepareDatabase`, under which a power cut may undo a committed intent.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try pool.write { try StoreSchema.migrate($0) }
        return OpenedStore(pool: pool, watcher: watcher)
    }

    /// Switching to WAL mode and GRDB's own probe table can collide without the busy timeout being asked.
    private static func isTransient(_ error: DatabaseError) -> Bool {
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_SCHEMA: true
        case .SQLITE_ERROR: error.message?.contains("grdb_issue_102") == true
        default: false
        }
    }

    /// Creates the file with 0600, from which SQLite takes the mode of `-wal` and `-shm`; narrows what is there.
    ///
    /// An existing file is never opened here: closing any descriptor of it would drop this process's POSIX locks on it,
    /// also those of another connection (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    private static func prepareFile(_ path: String) throws(JobStoreError) {
        let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            close(descriptor)
            return
        }
        guard errno == EEXIST else {
            throw JobStoreError(
                code: .failed, message: "cannot create the job store \(path): \(String(cString: strerror(errno)))")
        }
        for suffix in ["", "-wal", "-shm"] where chmod(path + suffix, 0o600) != 0 && errno != ENOENT {
            throw JobStoreError(
                code: .failed,
                message: "cannot make \(path + suffix) private to its owner: \(String(cString: strerror(errno)))")
        }
    }
}
