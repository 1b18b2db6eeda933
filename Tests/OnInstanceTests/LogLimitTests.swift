import Foundation
import MayflyCore
import OnInstance
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// `log_limit`: the beginning is kept, the rest counted, and the command none the worse for it.
@Suite(.timeLimit(.minutes(2)), .everyShell)
struct LogLimitTests {
    private static let limit: Int64 = 64 * 1024
    private static let all = (1...100_000).map { "\($0)\n" }.joined()

    @Test func theBeginningIsKeptAndTheRestCounted() async throws {
        let instance = try await TestInstance()
        let launch = TestInstance.launch(
            .shell("seq 1 100000; echo few >&2; exit 4"), logLimit: Self.limit)
        #expect(try await instance.start(launch) == "started")
        let status = try await instance.sealed()
        #expect(status.result == .exited(4) && !status.isCut)
        let total = Int64(Self.all.utf8.count)
        #expect(status.stdout?.bytes == Self.limit && status.stdout?.dropped == total - Self.limit)
        #expect(status.stderr?.bytes == 4 && status.stderr?.dropped == nil)
        let log = try await instance.run(instance.supervisor.follow(.run, stdoutOffset: 0, stderrOffset: 0))
        #expect(log.stdout.count == Int(Self.limit) && Self.all.hasPrefix(log.text), "what is kept is the beginning")
        #expect(log.errors == "few\n")
    }

    @Test func exactlyTheLimitIsAllOfIt() async throws {
        let instance = try await TestInstance()
        let (status, logs) = try await instance.complete(
            TestInstance.launch(.shell("head -c 65536 /dev/zero"), logLimit: Self.limit))
        #expect(status.stdout?.bytes == Self.limit && status.stdout?.dropped == nil && !status.isCut)
        #expect(logs.stdout.count == Int(Self.limit))
    }

    /// What is kept arrives as it is written, not when some buffer is full.
    @Test func shortOutputIsNotHeldBack() async throws {
        let instance = try await TestInstance()
        let launch = TestInstance.launch(
            .shell("echo first; until [ -e ~/go ]; do sleep 0.02; done; echo last"), logLimit: Self.limit)
        #expect(try await instance.start(launch) == "started")
        let following = try instance.begin(instance.supervisor.follow(.run, stdoutOffset: 0, stderrOffset: 0))
        try await instance.eventually("the first line") { following.stdout == Array("first\n".utf8) }
        _ = FileManager.default.createFile(atPath: "\(instance.home)/go", contents: nil)
        #expect(try await following.end().text == "first\nlast\n")
        #expect(try await instance.sealed().result == .exited(0))
    }

    @Test func aChildThatKeepsThePipeDoesNotHoldUpTheSeal() async throws {
        let instance = try await TestInstance()
        let began = ContinuousClock.now
        let (status, logs) = try await instance.complete(
            TestInstance.launch(
                .shell("sleep 303 & setsid sleep 304 & seq 1 100000; exit 6"), logLimit: Self.limit))
        #expect(status.result == .exited(6) && logs.stdout.count == Int(Self.limit))
        #expect(status.stdout?.dropped == Int64(Self.all.utf8.count) - Self.limit)
        #expect(began.duration(to: .now) < .seconds(30))
        for pid in instance.processes(where: { $0 == "sleep\0304\0" }) { kill(pid, SIGKILL) }
    }

    @Test func setupHasTheSameLimit() async throws {
        let instance = try await TestInstance()
        let launch = TestInstance.launch(.shell("seq 1 100000 >&2; exit 3"), logLimit: Self.limit)
        #expect(try await instance.start(launch, .setup) == "started")
        let status = try await instance.sealed(.setup)
        #expect(status.result == .exited(3) && status.stdout?.bytes == Self.limit)
        #expect(status.stdout?.dropped == Int64(Self.all.utf8.count) - Self.limit)
    }

    @Test func theSealTellsBothStreams() {
        let digest = String(repeating: "a", count: 64)
        let seal = "exit 0 stdout 10 \(digest) stderr 20 \(digest)"
        let both = StageStatus.parse("\(seal) dropped 7 0")
        #expect(both?.stdout == SealedLog(bytes: 10, sha256: digest, dropped: 7))
        #expect(both?.stderr == SealedLog(bytes: 20, sha256: digest) && both?.isCut == false)
        #expect(StageStatus.parse("\(seal) dropped 0 8 cut")?.stderr?.dropped == 8)
        #expect(StageStatus.parse("\(seal) dropped 0 8 cut")?.isCut == true)
        for bad in ["dropped", "dropped 1", "dropped -1 0", "dropped 1 2 3", "dropped x 1"] {
            #expect(StageStatus.parse("\(seal) \(bad)") == nil, "\(bad)")
        }
        #expect(
            both?.stdout?.droppedText("stdout.log")
                == "stdout.log holds the first 10 bytes (log_limit); 7 bytes more were not kept")
        #expect(both?.stderr?.droppedText("stderr.log") == nil)
    }
}
