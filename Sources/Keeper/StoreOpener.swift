import JobFiles
import JobStoreSQLite
package import MayflyCore

/// Opens a home's store, making the home (0700) on first use.
package enum StoreOpener {
    /// - Throws: ``JobStoreError``, ``KeeperError``.
    package static func open(home: MayflyHome) async throws -> any JobStore {
        try prepare(home)
        return try await SQLiteJobStore(path: home.store)
    }

    static func prepare(_ home: MayflyHome) throws {
        do {
            try AtomicFile.makeFolder(home.root)
            for folder in [home.keys, home.blobs] { try AtomicFile.makeFolder(folder) }
        } catch {
            throw KeeperError(
                code: .badHome, message: "MAYFLY_HOME cannot be used: \(error); set MAYFLY_HOME to a folder of your own"
            )
        }
    }
}
