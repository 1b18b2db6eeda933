import Foundation
import GRDB
import MayflyCore
import MayflyTestKit
import Testing

@testable import JobStoreSQLite

@Suite struct DurabilityTests {
    @Test func theWriterFlushesEveryCommit() async throws {
        try await withFolder { folder in
            let store = try await SQLiteJobStore(path: folder + "/s.db")
            // 2 = FULL: https://www.sqlite.org/pragma.html#pragma_synchronous
            let level = try await store.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
            #expect(level == 2)
            let journal = try await store.write { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
            #expect(journal == "wal")
        }
    }

    @Test func filesArePrivate() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            let store = try await SQLiteJobStore(path: path)
            _ = try await store.submit([Fixtures.newJob()])
            for suffix in ["", "-wal", "-shm"] {
                #expect(try mode(of: path + suffix) == 0o600, "\(suffix)")
            }
        }
    }

    @Test func filesThatWereOpenToOthersAreNarrowed() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            #expect(FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o644]))
            let store = try await SQLiteJobStore(path: path)
            #expect(try mode(of: path) == 0o600)
            _ = try await store.submit([Fixtures.newJob()])
            #expect(try mode(of: path + "-wal") == 0o600)
        }
    }

    @Test func everythingIsThereAfterReopening() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            let written: [JobRecord]
            do {
                let store = try await SQLiteJobStore(path: path)
                #expect(try await store.installation(fresh: "aaaaaaaa") == "aaaaaaaa")
                let ids = try await store.submit([Fixtures.newJob(), Fixtures.newJob()])
                let token = try await store.beginReign(owner: "k", at: Fixtures.now.wall)
                try await store.save(Fixtures.doneAttempt(of: ids[0]), of: ids[0], token: token)
                try await store.finish(ids[0], at: Fixtures.now.wall, token: token)
                written = try await store.jobs(.all)
            }
            let store = try await SQLiteJobStore(path: path)
            #expect(try await store.jobs(.all) == written)
            #expect(try await store.installation(fresh: "bbbbbbbb") == "aaaaaaaa")
            let token = try await store.beginReign(owner: "k2", at: Fixtures.now.wall)
            #expect(token.rawValue == 2)
        }
    }

    @Test func numbersAreNotReusedEvenAfterRowsAreRemoved() async throws {
        try await withFolder { folder in
            let store = try await SQLiteJobStore(path: folder + "/s.db")
            _ = try await store.submit([Fixtures.newJob(), Fixtures.newJob()])
            try await store.write { try $0.execute(sql: "DELETE FROM jobs") }
            #expect(try await store.submit([Fixtures.newJob()]) == [JobID(rawValue: 3)])
        }
    }

    @Test func aFullDiskIsATypedErrorAndLeavesNothingHalfWritten() async throws {
        try await withFolder { folder in
            let store = try await SQLiteJobStore(path: folder + "/s.db")
            let before = try await store.submit([Fixtures.newJob()])
            try await store.pool.writeWithoutTransaction { db in
                let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
                try db.execute(sql: "PRAGMA max_page_count = \(pages + 1)")
            }
            let large = Fixtures.newJob(Fixtures.definition(command: .shell(String(repeating: "x", count: 1 << 20))))
            let error = await #expect(throws: JobStoreError.self) {
                try await store.submit([Fixtures.newJob(), large])
            }
            #expect(error?.code == .failed)
            #expect(error?.message.contains("full") == true, "\(String(describing: error))")
            try await store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
            #expect(try await store.jobs(.all).map(\.id) == before)
            #expect(try await store.submit([large]) == [JobID(rawValue: 2)])
        }
    }
}
