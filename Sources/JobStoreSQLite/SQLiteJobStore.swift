internal import Dispatch
internal import GRDB
public import MayflyCore

/// The durable queue in one SQLite file (WAL, `synchronous=FULL`), shared by every process of a `MAYFLY_HOME`.
///
/// Its SQL lives in synchronous functions on `Database`; this type is the asynchronous shell around them. Work runs on
/// the database's own queues, never on the cooperative pool, and is not abandoned when the calling task is cancelled:
/// a cancelled attempt must still be able to journal what happened.
public final class SQLiteJobStore: JobStore {
    /// The file.
    public let path: String
    let pool: DatabasePool
    /// A connection that never writes: its `data_version` therefore changes with every commit of anyone else, the
    /// pool's own writer included.
    let watcher: DatabaseQueue

    /// Opens the store at `path`, creating it (0600) when it is missing and migrating it when it is older.
    ///
    /// The folder must exist. Several processes may open, create and migrate at the same moment.
    /// - Throws: ``JobStoreError``: `unreadable` for a file that is not a store, is damaged or belongs to a newer
    ///   Mayfly; `failed` when it cannot be opened.
    public convenience init(path: String) async throws {
        let opened = try await Self.offloaded { try OpenedStore(path: path) }
        self.init(path: path, opened: opened)
    }

    init(path: String, opened: OpenedStore) {
        self.path = path
        pool = opened.pool
        watcher = opened.watcher
    }

    // MARK: The shell

    /// Runs `body` in one immediate transaction on the writer; durable on return.
    func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        let path = path
        return try await withCheckedThrowingContinuation { continuation in
            pool.asyncWriteWithoutTransaction { db in
                continuation.resume(
                    with: Self.result(path) {
                        var value: T?
                        try db.inTransaction(.immediate) {
                            value = try body(db)
                            return .commit
                        }
                        guard let value else { throw JobStoreError(code: .failed, message: "no transaction was run") }
                        return value
                    })
            }
        }
    }

    /// Runs `body` against one committed snapshot, beside any writer.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await Self.read(from: pool, path, body)
    }

    static func read<T: Sendable>(
        from reader: any DatabaseReader, _ path: String, _ body: @escaping @Sendable (Database) throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            reader.asyncRead { db in
                continuation.resume(with: Self.result(path) { try body(try db.get()) })
            }
        }
    }

    private static func result<T>(_ path: String, _ body: () throws -> T) -> Result<T, any Error> {
        do {
            return .success(try body())
        } catch {
            if let error = error as? CallersError { return .failure(error.error) }
            return .failure(JobStoreError(mapping: error, path: path))
        }
    }

    /// What a caller's part of a transaction has thrown, which is not the store's failure.
    struct CallersError: Error { var error: any Error }

    /// Opening blocks on the file system and on other processes' locks, so it gets a thread of its own.
    private static func offloaded<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
        }
    }
}
