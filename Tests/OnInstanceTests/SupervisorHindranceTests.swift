import Foundation
import MayflyCore
import OnInstance
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What an instance, a user's own variables or a lost connection can put in the supervisor's way.
@Suite(.timeLimit(.minutes(2)), .everyShell)
struct SupervisorHindranceTests {
    @Test func aSecondStartWhileTheFirstPreparesWaitsForItsLatch() async throws {
        let instance = try await TestInstance()
        // What preparing may take: a driver that is asked for its GPUs, a slow disk.
        let tools = "\(instance.root)/tools"
        try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
        _ = FileManager.default.createFile(
            atPath: "\(tools)/mkfifo",
            contents: Data("#!/bin/sh\n: >\"$HOME/prepares\"\nsleep 1\nexec /usr/bin/mkfifo \"$@\"\n".utf8),
            attributes: [.posixPermissions: 0o755])
        let path = "\(tools):/usr/local/bin:/usr/bin:/bin"
        let launch = TestInstance.launch(.shell("echo x >>\"$HOME/runs\"; exit 5"))
        let first = try instance.begin(instance.supervisor.start(.run, launch), path: path)
        try await instance.eventually("the first holds the lock") { instance.exists("\(instance.home)/prepares") }
        let second = try await instance.run(instance.supervisor.start(.run, launch), path: path)
        #expect(second.line == "already-started")
        #expect(instance.exists("\(instance.state)/run.latch"), "said before anything was started")
        #expect(try await instance.sealed().result == .exited(5))
        #expect(try await first.end().line == "started")
        #expect(try String(contentsOfFile: "\(instance.home)/runs", encoding: .utf8) == "x\n")
    }

    @Test func whetherItBeganIsToldWithoutStartingIt() async throws {
        let instance = try await TestInstance()
        #expect(try await instance.run(instance.supervisor.began(.run)).line == "not-started")
        #expect(try await instance.start(TestInstance.launch(.shell("exit 0"))) == "started")
        #expect(try await instance.run(instance.supervisor.began(.run)).line == "started")
    }

    @Test func variablesMayHaveTheNamesOfTheSupervisorsOwn() async throws {
        let instance = try await TestInstance()
        let names = [
            "d", "s", "gpus", "detach", "bash", "terminal", "job", "nl", "mayfly_detach", "mayfly_words", "IFS",
        ]
        let (status, logs) = try await instance.complete(
            TestInstance.launch(
                .shell("echo \"$MAYFLY_OUTPUTS $MAYFLY_GPUS $d $detach $mayfly_words\"; exit 3"),
                environment: names.map { EnvironmentVariable(name: $0, value: "/tmp/zzz") }))
        #expect(status.result == .exited(3))
        #expect(logs.text.hasPrefix("\(instance.state)/outputs 0 /tmp/zzz /tmp/zzz"), "\(logs.text)")
    }

    @Test func bothStreamsOfSetupAreOneLogInTheirOrder() async throws {
        let instance = try await TestInstance()
        let script = "for n in 1 2 3; do echo out $n; echo err $n >&2; done"
        #expect(try await instance.start(TestInstance.launch(.shell(script)), .setup) == "started")
        let status = try await instance.sealed(.setup)
        let log = try await instance.run(instance.supervisor.follow(.setup, stdoutOffset: 6, stderrOffset: 0))
        #expect(log.text == "err 1\nout 2\nerr 2\nout 3\nerr 3\n", "from the offset on")
        #expect(status.stderr?.bytes == 0)
    }

    @Test(.enabled(if: getuid() == 0, "mounts a small file system"))
    func aFullDiskCutsTheLogAndNothingElse() async throws {
        let instance = try await TestInstance()
        let folder = instance.state
        try await tool(instance, "cp -a \(folder) \(folder).kept && mount -t tmpfs -o size=300k tmpfs \(folder)")
        try await tool(instance, "cp -a \(folder).kept/. \(folder)/")
        let outcome: Result<(StageStatus, TestInstance.Answer), any Error>
        do {
            outcome = .success(
                try await instance.complete(TestInstance.launch(.shell("seq 1 100000; echo last >&2; exit 4"))))
        } catch {
            outcome = .failure(error)
        }
        try await tool(instance, "umount \(folder)")
        let (status, logs) = try outcome.get()
        #expect(status.result == .exited(4), "the command neither stalls nor dies of its log")
        #expect(status.isCut)
        let all = (1...100_000).map { "\($0)\n" }.joined()
        #expect(logs.text.utf8.count > 100_000 && all.hasPrefix(logs.text), "what is kept is the beginning")
        #expect(status.stdout?.bytes == Int64(logs.stdout.count))
    }

    @Test func aStartupScriptThatAskedForARebootIsWaitedFor() async throws {
        let instance = try await TestInstance(startup: "script", installed: false)
        try instance.write("startup.began", "")
        try instance.write("startup.lock", "")
        try instance.write("startup.term", "")
        let waiting = try instance.begin(instance.supervisor.awaitStartup())
        try await instance.eventually("it looks") {
            !instance.processes { $0.contains("\(instance.nonce)/supervisor.sh\0await-startup") }.isEmpty
        }
        // What the next boot writes.
        try instance.write("startup.status", "exit 0\n")
        #expect(try await waiting.end().line == "exit 0")
    }

    private func tool(_ instance: TestInstance, _ command: String) async throws {
        let answer = try await instance.run(RemoteStep(command: command, input: []))
        try #require(answer.code == 0, "\(command): \(answer.errors)")
    }
}
