internal import GRDB
internal import MayflyCore

/// The tables, and how an older file gets to them.
///
/// `user_version` is the schema's version, `application_id` marks the file as a Mayfly store. A migration is never
/// edited after a release; a change is a new one at the end.
enum StoreSchema {
    /// "MayF" in ASCII.
    static let applicationID: Int32 = 0x4D61_7946
    static var currentVersion: Int { migrations.count }

    static let migrations: [@Sendable (Database) throws -> Void] = [createTables, indexWhatIsAskedForOften]

    /// - Throws: ``JobStoreError`` `unreadable` unless the file is empty or a store of this or an older version.
    static func check(_ db: Database) throws {
        let id = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try version(of: db)
        if id == 0 && version == 0, try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 { return }
        guard id == applicationID else {
            throw JobStoreError(
                code: .unreadable, message: "it is a SQLite database, but not a Mayfly job store; move it away")
        }
        guard version <= currentVersion else {
            throw JobStoreError(
                code: .unreadable,
                message: "it was written by a newer Mayfly (schema \(version), this one knows \(currentVersion)); "
                    + "use that version")
        }
    }

    /// Runs in one write transaction, so that of several processes one migrates and the others find it done.
    static func migrate(_ db: Database) throws {
        try check(db)
        let version = try version(of: db)
        guard version < currentVersion else { return }
        for migration in migrations[version...] { try migration(db) }
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        try db.execute(sql: "PRAGMA user_version = \(currentVersion)")
    }

    static func version(of db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    }

    /// AUTOINCREMENT, because numbers of jobs and reigns must never come again, even after rows are removed. STRICT,
    /// because a column of another type than the one read here would be a trap, whoever wrote it.
    private static func createTables(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE installation (
                    one INTEGER PRIMARY KEY CHECK (one = 1),
                    name TEXT NOT NULL
                ) STRICT;
                CREATE TABLE facts (
                    key TEXT NOT NULL PRIMARY KEY,
                    value TEXT NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE reigns (
                    token INTEGER PRIMARY KEY AUTOINCREMENT,
                    owner TEXT NOT NULL,
                    began_at INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE jobs (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    name TEXT NOT NULL,
                    definition_version INTEGER NOT NULL,
                    definition TEXT NOT NULL,
                    cloud_kind TEXT NOT NULL,
                    cloud_endpoint TEXT NOT NULL,
                    results_parent TEXT NOT NULL,
                    submission TEXT NOT NULL,
                    submission_limit INTEGER NOT NULL,
                    submitted_at INTEGER NOT NULL,
                    cancel_requested_at INTEGER,
                    waiting_for TEXT,
                    finished_at INTEGER
                ) STRICT;
                CREATE INDEX jobs_unfinished ON jobs (id) WHERE finished_at IS NULL;
                CREATE INDEX jobs_submission ON jobs (submission);
                CREATE TABLE attempts (
                    job INTEGER NOT NULL REFERENCES jobs (id),
                    number INTEGER NOT NULL,
                    hostname TEXT NOT NULL UNIQUE,
                    phase TEXT NOT NULL,
                    outcome TEXT,
                    teardown TEXT NOT NULL,
                    expiry INTEGER NOT NULL,
                    state_version INTEGER NOT NULL,
                    state TEXT NOT NULL,
                    PRIMARY KEY (job, number)
                ) STRICT, WITHOUT ROWID;
                """)
    }

    /// A keeper asks for the last two at every wake or every half minute, a person for a job by its name, and they find
    /// little: they must not read a row for every job that waits, or that ever was. SQLite takes such an index for a statement
    /// that has the index's terms, word for word.
    private static func indexWhatIsAskedForOften(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE INDEX jobs_name ON jobs (name);
                CREATE INDEX jobs_cancelled ON jobs (id) WHERE finished_at IS NULL AND cancel_requested_at IS NOT NULL;
                CREATE INDEX attempts_watched ON attempts (expiry)
                    WHERE phase = 'done' AND (teardown = 'leaked' OR instr(state, '"unsettled"') > 0);
                """)
    }
}
