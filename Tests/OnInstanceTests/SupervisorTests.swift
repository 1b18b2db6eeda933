import Foundation
import MayflyCore
import OnInstance
import Testing

@Suite(.timeLimit(.minutes(2)), .everyShell)
struct SupervisorTests {
    @Test(arguments: [(0, 0), (7, 7), (255, 255)])
    func exitCodeIsKept(given: Int, expected: Int32) async throws {
        let instance = try await TestInstance()
        let (status, _) = try await instance.complete(TestInstance.launch(.shell("exit \(given)")))
        #expect(status.result == .exited(expected))
    }

    @Test func signalIs128PlusItsNumber() async throws {
        let instance = try await TestInstance()
        let (status, _) = try await instance.complete(TestInstance.launch(.shell("kill -SEGV $$")))
        #expect(status.result == .exited(139))
    }

    @Test func missingProgramIs127() async throws {
        let instance = try await TestInstance()
        let (status, logs) = try await instance.complete(TestInstance.launch(.argv(["no-such-program-here"])))
        #expect(status.result == .exited(127))
        #expect(logs.errors.contains("no-such-program-here"))
    }

    @Test func reopeningStandardErrorDoesNotTruncateIt() async throws {
        let instance = try await TestInstance()
        let (status, logs) = try await instance.complete(
            TestInstance.launch(.shell("echo one >&2; echo two > /dev/stderr; echo three >&2; echo out > /dev/stdout")))
        #expect(status.result == .exited(0))
        #expect(logs.errors == "one\ntwo\nthree\n")
        #expect(logs.text == "out\n")
    }

    @Test func bytesArriveExactlyAndAreSealed() async throws {
        let instance = try await TestInstance()
        let (status, logs) = try await instance.complete(
            TestInstance.launch(.shell(#"printf '\000\377\r\n\001no newline at the end'"#)))
        let expected: [UInt8] = [0, 255, 13, 10, 1] + Array("no newline at the end".utf8)
        #expect(logs.stdout == expected)
        #expect(status.stdout?.bytes == Int64(expected.count))
        // printf '\000\377\r\n\001no newline at the end' | sha256sum
        let digest = try await instance.run(RemoteStep(command: "sha256sum", input: expected)).text.prefix(64)
        #expect(status.stdout?.sha256 == String(digest))
        #expect(status.stderr?.bytes == 0)
    }

    @Test func worldOfTheJob() async throws {
        let instance = try await TestInstance()
        let odd = "it's \"ā😀\"\nsecond $HOME `line` \\ end\n\n"
        let (_, logs) = try await instance.complete(
            TestInstance.launch(
                .shell(
                    """
                    printf '%s|' "$PWD" "$MAYFLY_JOB" "$MAYFLY_NAME" "$MAYFLY_ATTEMPT" "$MAYFLY_OUTPUTS" "$MAYFLY_GPUS" \
                    "$PYTHONUNBUFFERED" "$ODD" "$TOKEN"
                    [ -d "$MAYFLY_OUTPUTS" ] && [ ! -e /dev/fd/9 ] && read -r x || echo "stdin at its end"
                    """),
                environment: [
                    EnvironmentVariable(name: "ODD", value: "first"), EnvironmentVariable(name: "ODD", value: odd),
                ], secrets: [EnvironmentVariable(name: "TOKEN", value: "s3'cret")]))
        let gpus = logs.text.split(separator: "|")[5]
        #expect(Int(gpus) != nil)
        #expect(
            logs.text
                == "\(instance.home)/work|7|probe|2|\(instance.state)/outputs|\(gpus)|1|\(odd)|s3'cret|stdin at its end\n"
        )
    }

    @Test func secretsAreNeitherOnDiskNorInArguments() async throws {
        let instance = try await TestInstance()
        let secret = "hunter2-\(UUID().uuidString)"
        let launch = TestInstance.launch(
            .shell("touch up; until [ -e go ]; do sleep 0.02; done"),
            secrets: [EnvironmentVariable(name: "TOKEN", value: secret)])
        #expect(!instance.supervisor.start(.run, launch).command.contains(secret))
        #expect(try await instance.start(launch) == "started")
        try await instance.eventually("the command runs") { instance.exists("\(instance.home)/work/up") }
        #expect(instance.processes { $0.contains(secret) }.isEmpty)
        let found = try await instance.run(
            RemoteStep(command: "grep -rls '\(secret)' '\(instance.root)' /dev/shm || true"))
        #expect(found.text.isEmpty)
        _ = FileManager.default.createFile(atPath: "\(instance.home)/work/go", contents: nil)
        #expect(try await instance.sealed().result == .exited(0))
    }

    @Test func extraArgumentsReachTheCommandExactly() async throws {
        let arguments = ["a b", "", "$HOME", "it's", "*", "-n", "é\nx"]
        let expected = arguments.map { "<\($0)>" }.joined()
        for command: JobCommand in [
            .shell("printf '<%s>'"), .shell("printf '<%s>'   \n"), .shell("shift 0; printf '<%s>' \"$@\"\n"),
            .argv(["printf", "<%s>"]),
        ] {
            let instance = try await TestInstance()
            let (_, logs) = try await instance.complete(TestInstance.launch(command, arguments))
            #expect(logs.text == expected)
        }
    }

    @Test func interruptsAreNotIgnoredByTheJob() async throws {
        let instance = try await TestInstance()
        let (status, _) = try await instance.complete(
            TestInstance.launch(.argv(["bash", "-c", "kill -INT $$; exit 3"])))
        #expect(status.result == .exited(130))
    }

    @Test func onlyOneOfManyStartsRuns() async throws {
        let instance = try await TestInstance()
        let launch = TestInstance.launch(.shell("echo ran >> count; sleep 0.2"))
        let answers = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<6 { group.addTask { try await instance.start(launch) } }
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(answers.filter { $0 == "started" }.count == 1)
        #expect(answers.filter { $0 == "already-started" }.count == 5)
        #expect(try await instance.sealed().result == .exited(0))
        #expect(try await instance.start(launch) == "already-started")
        #expect(try String(contentsOfFile: "\(instance.home)/work/count", encoding: .utf8) == "ran\n")
    }

    @Test func aCutDocumentStartsNothing() async throws {
        let instance = try await TestInstance()
        var step = instance.supervisor.start(.run, TestInstance.launch(.shell("touch ran")))
        let whole = step.input
        for length in [0, 1, whole.count / 2, whole.count - 4] {
            step.input = Array(whole.prefix(length))
            #expect(try await instance.run(step).line.hasPrefix("cannot-start "))
        }
        step.input = whole
        #expect(try await instance.run(step).line == "started")
        #expect(try await instance.sealed().result == .exited(0))
    }

    @Test func aVariableWithAnImpossibleNameIsRefused() async throws {
        let instance = try await TestInstance()
        let answer = try await instance.start(
            TestInstance.launch(.shell("true"), environment: [EnvironmentVariable(name: "a-b", value: "x")]))
        #expect(answer.hasPrefix("cannot-start "))
        #expect(answer.contains("a-b"))
    }

    @Test func limitEndsTheCommandAndItsGroup() async throws {
        let instance = try await TestInstance()
        let (status, logs) = try await instance.complete(
            TestInstance.launch(
                .shell("echo begun; sleep 300 & echo $! > child; wait"), limit: .milliseconds(300)))
        #expect(status.result == .timedOut)
        #expect(logs.text == "begun\n")
        let child = try #require(
            pid_t(try String(contentsOfFile: "\(instance.home)/work/child", encoding: .utf8).dropLast()))
        #expect(instance.processes { $0 == "sleep\0300\0" }.contains(child) == false)
    }

    @Test func aLimitThatIsNotReachedLeavesNothingBehind() async throws {
        let instance = try await TestInstance()
        let (status, _) = try await instance.complete(
            TestInstance.launch(.shell("exit 4"), limit: .seconds(43217)))
        #expect(status.result == .exited(4))
        try await instance.eventually("the watchdog's sleep is gone") {
            instance.processes { $0.hasPrefix("sleep\0" + "43217") }.isEmpty
        }
    }

    @Test func aLimitCanBeExtendedUntilItHasPassed() async throws {
        let instance = try await TestInstance()
        func extend(_ limit: Duration) async throws -> String {
            try await instance.run(instance.supervisor.extend(.run, to: limit)).line
        }
        #expect(try await extend(.seconds(60)) == "not-extended it has not begun")
        let launch = TestInstance.launch(
            .shell("touch up; until [ -e ~/go ]; do sleep 0.02; done; exit 3"), limit: .seconds(1))
        #expect(try await instance.start(launch) == "started")
        #expect(try await extend(.seconds(4659)) == "extended")
        // Whoever waits longer than the first limit sees that it did not end it.
        let waiting = try instance.begin(instance.supervisor.wait(.run))
        try await instance.eventually("the guard has looked, and waits on") {
            !instance.processes { $0 == "sleep\04658\0" }.isEmpty
        }
        #expect(waiting.isRunning)
        _ = FileManager.default.createFile(atPath: "\(instance.home)/go", contents: nil)
        #expect(StageStatus.parse(try await waiting.end().text)?.result == .exited(3))
        #expect(try await extend(.seconds(90)) == "not-extended it has ended")
    }

    @Test func anExtensionThatComesTooLateIsRefused() async throws {
        let instance = try await TestInstance()
        let launch = TestInstance.launch(
            .shell("trap '' TERM; touch up; while :; do sleep 0.02; done"), limit: .milliseconds(200),
            grace: .seconds(3))
        #expect(try await instance.start(launch) == "started")
        try await instance.eventually("its limit has passed") { instance.exists("\(instance.state)/run.limit.final") }
        let answer = try await instance.run(instance.supervisor.extend(.run, to: .seconds(60)))
        #expect(answer.line == "not-extended its limit has passed")
        #expect(try await instance.sealed().result == .timedOut)
    }

    @Test func aCommandThatIgnoresTermIsKilledAfterItsGrace() async throws {
        let instance = try await TestInstance()
        let (status, _) = try await instance.complete(
            TestInstance.launch(
                .shell("trap '' TERM; while :; do sleep 0.05; done"), limit: .milliseconds(200), grace: .seconds(1)))
        #expect(status.result == .timedOut)
    }

    @Test func stopEndsTheCommand() async throws {
        let instance = try await TestInstance()
        #expect(
            try await instance.start(
                TestInstance.launch(.shell("trap 'echo saved; exit 0' TERM; touch up; while :; do sleep 0.02; done")))
                == "started")
        try await instance.eventually("the command runs") { instance.exists("\(instance.home)/work/up") }
        #expect(try await instance.run(instance.supervisor.stop(.run)).code == 0)
        #expect(try await instance.sealed().result == .stopped)
        let logs = try await instance.run(instance.supervisor.follow(.run, stdoutOffset: 0, stderrOffset: 0))
        #expect(logs.text == "saved\n")
    }

    @Test func stopBeforeStartMeansNever() async throws {
        let instance = try await TestInstance()
        _ = try await instance.run(instance.supervisor.stop(.run))
        #expect(try await instance.start(TestInstance.launch(.shell("touch ran"))).hasPrefix("cannot-start "))
        #expect(try await instance.sealed().result == .stopped)
        #expect(!instance.exists("\(instance.home)/work/ran"))
    }

    @Test func stopAfterTheEndChangesNothing() async throws {
        let instance = try await TestInstance()
        let (status, _) = try await instance.complete(TestInstance.launch(.shell("exit 5")))
        _ = try await instance.run(instance.supervisor.stop(.run))
        #expect(try await instance.sealed() == status)
        #expect(status.result == .exited(5))
    }

    @Test func aChildThatKeepsThePipeDoesNotHoldUpTheSeal() async throws {
        let instance = try await TestInstance()
        let clock = ContinuousClock()
        let began = clock.now
        let (status, logs) = try await instance.complete(
            TestInstance.launch(.shell("sleep 301 & setsid sleep 302 & echo done; exit 6")))
        #expect(status.result == .exited(6))
        #expect(logs.text == "done\n")
        #expect(clock.now - began < .seconds(20))
        for pid in instance.processes(where: { $0 == "sleep\0302\0" }) { kill(pid, SIGKILL) }
        #expect(instance.processes { $0 == "sleep\0301\0" }.isEmpty)
    }

    @Test func aKilledSupervisorIsUnknownNotSuccess() async throws {
        let instance = try await TestInstance()
        #expect(
            try await instance.start(TestInstance.launch(.shell("echo $$ > me; touch up; sleep 60"))) == "started")
        try await instance.eventually("the command runs") { instance.exists("\(instance.home)/work/up") }
        let waiting = try instance.begin(instance.supervisor.wait(.run))
        let pid = try #require(instance.supervisorProcess())
        kill(pid, SIGKILL)
        #expect(StageStatus.parse(try await waiting.end().text)?.result == .unknown)
        #expect(try await instance.start(TestInstance.launch(.shell("touch again"))) == "already-started")
        #expect(try await instance.sealed().result == .unknown)
        let me = try #require(pid_t(try String(contentsOfFile: "\(instance.home)/work/me", encoding: .utf8).dropLast()))
        kill(-me, SIGKILL)
        for process in instance.processes(where: { $0.contains(instance.state) }) { kill(process, SIGKILL) }
    }

    @Test func aTerminalForThoseWhoAsk() async throws {
        let instance = try await TestInstance()
        let (status, logs) = try await instance.complete(
            TestInstance.launch(.shell("[ -t 1 ] && echo terminal \"$1\"; exit 9"), ["it's"], pty: true))
        #expect(status.result == .exited(9))
        #expect(logs.text.contains("terminal it's"))
    }

    @Test func stagesAreApart() async throws {
        let instance = try await TestInstance()
        #expect(try await instance.start(TestInstance.launch(.shell("exit 3")), .setup) == "started")
        #expect(try await instance.sealed(.setup).result == .exited(3))
        #expect(try await instance.start(TestInstance.launch(.shell("exit 4")), .run) == "started")
        #expect(try await instance.sealed(.run).result == .exited(4))
    }
}
