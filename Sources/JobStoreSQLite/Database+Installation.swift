internal import GRDB
internal import MayflyCore

/// The installation's name, its keepers' reigns and its small facts. Synchronous, to be called inside a transaction.
extension Database {
    func installation(fresh: String) throws -> String {
        if let name = try String.fetchOne(self, sql: "SELECT name FROM installation") { return name }
        try execute(sql: "INSERT INTO installation (one, name) VALUES (1, ?)", arguments: [fresh])
        return fresh
    }

    func beginReign(owner: String, at time: WallTime) throws -> FencingToken {
        try execute(sql: "INSERT INTO reigns (owner, began_at) VALUES (?, ?)", arguments: [owner, time.rawValue])
        return FencingToken(rawValue: lastInsertedRowID)
    }

    /// - Throws: ``JobStoreError`` `fenced` unless `token` is the newest reign's.
    func requireReign(_ token: FencingToken) throws {
        let row = try Row.fetchOne(self, sql: "SELECT token, owner FROM reigns ORDER BY token DESC LIMIT 1")
        guard let row else {
            throw JobStoreError(code: .fenced, message: "no keeper reigns: begin a reign before writing")
        }
        let current: Int64 = row["token"]
        guard current == token.rawValue else {
            let owner: String = row["owner"]
            throw JobStoreError(
                code: .fenced,
                message: "a newer keeper reigns (\(owner), reign \(current); this one is \(token.rawValue))")
        }
    }

    func fact(_ key: String) throws -> String? {
        try String.fetchOne(self, sql: "SELECT value FROM facts WHERE key = ?", arguments: [key])
    }

    /// Those whose keys begin with `head`, by their keys.
    func facts(_ head: String) throws -> [(key: String, value: String)] {
        // Through the primary key: "\u{10FFFF}" sorts after whatever may follow the head.
        try Row.fetchAll(
            self, sql: "SELECT key, value FROM facts WHERE key >= ?1 AND key < ?2 ORDER BY key",
            arguments: [head, head + "\u{10FFFF}"]
        ).map { (key: $0["key"], value: $0["value"]) }
    }

    func setFact(_ value: String?, for key: String) throws {
        guard let value else {
            try execute(sql: "DELETE FROM facts WHERE key = ?", arguments: [key])
            return
        }
        try execute(
            sql: """
                INSERT INTO facts (key, value) VALUES (?, ?)
                ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value
                """,
            arguments: [key, value])
    }
}
