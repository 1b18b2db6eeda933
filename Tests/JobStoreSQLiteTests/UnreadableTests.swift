import Foundation
import GRDB
import MayflyCore
import MayflyTestKit
import Testing

@testable import JobStoreSQLite

@Suite struct UnreadableTests {
    private func error(opening path: String) async -> JobStoreError? {
        await #expect(throws: JobStoreError.self) { try await SQLiteJobStore(path: path) }
    }

    @Test func aFileThatIsNoDatabase() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            let garbage = Data(repeating: 0x41, count: 8192)
            try garbage.write(to: URL(fileURLWithPath: path))
            let error = await error(opening: path)
            #expect(error?.code == .unreadable)
            #expect(error?.message.contains(path) == true)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == garbage, "it is left alone")
        }
    }

    @Test func aStrangersDatabaseIsNotTouched() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            do {
                let stranger = try DatabaseQueue(path: path)
                try await stranger.write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
            }
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(await error(opening: path)?.code == .unreadable)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }
    }

    @Test func aNewerSchemaIsRefusedInWords() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            do {
                let store = try await SQLiteJobStore(path: path)
                try await store.write { try $0.execute(sql: "PRAGMA user_version = 99") }
            }
            let error = await error(opening: path)
            #expect(error?.code == .unreadable)
            #expect(
                error?.message.contains("newer Mayfly (schema 99, this one knows \(StoreSchema.currentVersion))")
                    == true)
        }
    }

    @Test func aDamagedFile() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            do {
                let store = try await SQLiteJobStore(path: path)
                for _ in 0..<50 { _ = try await store.submit([Fixtures.newJob()]) }
                try await store.pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
            }
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            let size = try handle.seekToEnd()
            try handle.seek(toOffset: 4096)
            try handle.write(contentsOf: Data(repeating: 0xFF, count: Int(size) - 4096))
            try handle.close()
            let error = await #expect(throws: JobStoreError.self) {
                let store = try await SQLiteJobStore(path: path)
                _ = try await store.jobs(.all)
            }
            #expect(error?.code == .unreadable, "\(String(describing: error))")
        }
    }

    @Test func aFolderThatIsNotThere() async throws {
        let error = await error(opening: "/nonexistent/folder/s.db")
        #expect(error?.code == .failed)
        #expect(error?.message.contains("No such file or directory") == true)
    }

    @Test(arguments: [
        "UPDATE jobs SET definition = '{' WHERE id = 2", "UPDATE jobs SET definition_version = 7 WHERE id = 2",
        "UPDATE jobs SET cloud_kind = 'moon' WHERE id = 2", "UPDATE attempts SET state = '[]' WHERE job = 2",
        "UPDATE attempts SET state_version = 9 WHERE job = 2",
    ])
    func oneRowThatCannotBeReadStopsNoOther(statement: String) async throws {
        try await withFolder { folder in
            let store = try await SQLiteJobStore(path: folder + "/s.db")
            let ids = try await store.submit([Fixtures.newJob(), Fixtures.newJob(), Fixtures.newJob()])
            let token = try await store.beginReign(owner: "k", at: Fixtures.now.wall)
            for id in ids { try await store.save(Fixtures.attempt(of: id), of: id, token: token) }
            #expect(try await store.unreadableJobs(.all).isEmpty)
            try await store.write { try $0.execute(sql: statement) }
            for filter in [JobFilter.all, .unfinished, .newest(3), .submission("s1")] {
                #expect(try await store.jobs(filter).map(\.id) == [ids[0], ids[2]])
                let left = try #require(try await store.unreadableJobs(filter).first)
                #expect(left.id == ids[1] && left.name == "train" && !left.isFinished)
                #expect(left.hostnames == [Fixtures.attempt(of: ids[1]).identity.description])
                #expect(left.advice.contains("job 2 (train) cannot be read") && left.advice.contains(left.hostnames[0]))
            }
            #expect(try await store.jobs(.newest(1)).map(\.id) == [ids[2]])
            #expect(try await store.unreadableJobs(.newest(1)).isEmpty)
            // What was asked for by its number says why.
            await #expect(throws: JobStoreError.self) { try await store.job(ids[1]) }
            #expect(try await store.requestCancel(ids[1], at: Fixtures.now.wall))
        }
    }

    @Test func recordsOfANewerMayflyAndDamagedOnesAreNamed() async throws {
        try await withFolder { folder in
            let store = try await SQLiteJobStore(path: folder + "/s.db")
            let ids = try await store.submit([Fixtures.newJob()])
            let token = try await store.beginReign(owner: "k", at: Fixtures.now.wall)
            try await store.save(Fixtures.attempt(of: ids[0]), of: ids[0], token: token)
            for (statement, words) in [
                ("UPDATE attempts SET state_version = 7", "attempt 1 of job 1 was written by a newer Mayfly"),
                ("UPDATE attempts SET state_version = 1, state = '{'", "attempt 1 of job 1 is damaged"),
                ("UPDATE jobs SET definition_version = 7; DELETE FROM attempts", "the definition of job 1 was written"),
                (
                    "UPDATE jobs SET definition_version = 1, cloud_kind = 'moon'",
                    "cloud this Mayfly does not know: moon"
                ),
            ] {
                try await store.write { try $0.execute(sql: statement) }
                let error = await #expect(throws: JobStoreError.self) { try await store.job(ids[0]) }
                #expect(error?.code == .unreadable)
                #expect(error?.message.contains(words) == true, "\(String(describing: error))")
            }
        }
    }
}
