import MayflyCore
import MayflyTestKit
import Testing

@testable import JobStoreSQLite

@Suite struct SharingTests {
    @Test func twoHandlesSeeEachOthersWrites() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            let keeper = try await SQLiteJobStore(path: path)
            let client = try await SQLiteJobStore(path: path)
            var seen = try await keeper.changeCounter()
            #expect(try await keeper.changeCounter() == seen, "it stands still by itself")
            let ids = try await client.submit([Fixtures.newJob()])
            #expect(try await keeper.changeCounter() != seen)
            #expect(try await keeper.jobs(.unfinished).map(\.id) == ids)
            let token = try await keeper.beginReign(owner: "k", at: Fixtures.now.wall)
            seen = try await client.changeCounter()
            let state = Fixtures.attempt(of: ids[0])
            try await keeper.save(state, of: ids[0], token: token)
            #expect(try await client.changeCounter() != seen)
            #expect(try await client.job(ids[0])?.attempt == state)
        }
    }

    @Test func aReignBegunByAnotherHandleFences() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            let old = try await SQLiteJobStore(path: path)
            let new = try await SQLiteJobStore(path: path)
            let ids = try await old.submit([Fixtures.newJob()])
            let token = try await old.beginReign(owner: "old", at: Fixtures.now.wall)
            _ = try await new.beginReign(owner: "new", at: Fixtures.now.wall)
            let error = await #expect(throws: JobStoreError.self) {
                try await old.save(Fixtures.attempt(of: ids[0]), of: ids[0], token: token)
            }
            #expect(error?.code == .fenced)
            #expect(error?.message.contains("new") == true)
        }
    }

    @Test func manyHandlesOpenAndCreateTheSameFileAtOnce() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            let names = try await withThrowingTaskGroup(of: String.self) { group in
                for opener in 0..<8 {
                    group.addTask {
                        let store = try await SQLiteJobStore(path: path)
                        for _ in 0..<5 { _ = try await store.submit([Fixtures.newJob()]) }
                        return try await store.installation(fresh: "aaaaaaa\(opener)")
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(names.count == 1, "one installation, got \(names)")
            let store = try await SQLiteJobStore(path: path)
            #expect(try await store.jobs(.all).map(\.id.rawValue) == Array(1...40))
        }
    }

    @Test func anotherProcessSeesAndMakesNews() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            let store = try await SQLiteJobStore(path: path)
            _ = try await store.submit([Fixtures.newJob()])
            let seen = try await store.changeCounter()
            let output = try runSQLite(path, "UPDATE jobs SET waiting_for = 'x'; SELECT count(*) FROM jobs;")
            #expect(output == "1\n")
            #expect(try await store.changeCounter() != seen)
            #expect(try await store.jobs(.all).first?.waitingFor == "x")
        }
    }
}
