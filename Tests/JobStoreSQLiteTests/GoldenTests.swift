import GRDB
import MayflyCore
import MayflyTestKit
import Testing

@testable import JobStoreSQLite

/// What the first version wrote must be read by every later one. These texts are never edited; a change of the
/// encoding gets a new version and new texts beside them.
@Suite struct GoldenTests {
    @Test func aDefinitionOfVersion1() async throws {
        #expect(try StoreCoding.encode(Fixtures.definition()) == Self.definition)
    }

    @Test func anAttemptOfVersion1() async throws {
        #expect(try StoreCoding.encode(Self.state) == Self.attempt)
    }

    @Test func rowsOfVersion1AreRead() async throws {
        try await withFolder { folder in
            let store = try await SQLiteJobStore(path: folder + "/s.db")
            let ids = try await store.submit([Fixtures.newJob()])
            let token = try await store.beginReign(owner: "k", at: Fixtures.now.wall)
            try await store.save(Fixtures.attempt(of: ids[0]), of: ids[0], token: token)
            try await store.write { db in
                try db.execute(
                    sql: "UPDATE jobs SET definition = ?; UPDATE attempts SET state = ?",
                    arguments: [Self.definition, Self.attempt])
            }
            let record = try await store.job(ids[0])
            #expect(record?.definition == Fixtures.definition())
            #expect(record?.attempt == Self.state)
        }
    }

    static var state: AttemptState {
        var state = Fixtures.attempt(of: JobID(rawValue: 1))
        let instance = ReachableInstance(id: InstanceID(rawValue: "i-1"), address: "10.0.0.7", sshPort: 22)
        state.phase = .running(instance, .clock(.run))
        state.outcome = .failedUser(exitCode: 3)
        state.reason = Reason(code: "exit", message: "m")
        state.teardown = .pending
        state.objects = [
            CreatedObject(kind: .instance, name: "h", cloudID: "i-1", state: .existing, intendedAt: Fixtures.now.wall)
        ]
        return state
    }

    static let definition = #"""
        {"command":{"shell":"python train.py"},"environment":[{"name":"EPOCHS","value":"3"}],\#
        "extraArguments":[],"labels":{"team":"vision"},"machine":{"image":"ubuntu-22.04",\#
        "region":"ARC-IS-HAF-1","type":"vcpu-4_memory-12g_disk-80g_nvidia3080-1","volumes":[]},\#
        "name":"train","outputs":["model/*.pt"],"secrets":[{"name":"WANDB_KEY",\#
        "source":{"environment":"WANDB_KEY"}}],"snapshot":{"when":"never"},"ssh":{"hostKey":"pinned",\#
        "pty":false,"user":"ubuntu"},"timeouts":{"collect":1800000,"provision":1800000,\#
        "run":86400000,"setup":1800000,"snapshot":1200000}}
        """#
    static let attempt = #"""
        {"bootID":"boot-1","cancelRequested":false,"commandStarted":false,"delivery":"none",\#
        "expiry":1700003600000,"identity":{"attempt":1,"installation":"abcdefgh","job":1,\#
        "nonce":"aaaaaabb"},"number":1,"objects":[{"cloudID":"i-1","intendedAt":1700000000000,\#
        "kind":"instance","name":"h","state":"existing"}],"outcome":{"exit_code":3,"name":"failed"},\#
        "phase":{"address":"10.0.0.7","instance":"i-1","name":"running","port":22,"stop":"clock:run"},\#
        "reason":{"code":"exit","message":"m"},"spans":[{"began":{"boot":60000,"wall":1700000000000},\#
        "phase":"queued"}],"teardown":{"name":"pending"},"version":1,"warnings":[]}
        """#
}
