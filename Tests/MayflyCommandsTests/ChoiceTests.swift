import ArgumentParser
import Keeper
import MayflyCore
import Testing

@testable import MayflyCommands

@Suite struct CloudChoiceTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var flag: CloudReference.Kind?
        var variable: String?
        var token = false
        var used = false
        var gpu = false
        var terminal = true
        var expected: CloudReference.Kind?
        var notice = false

        var testDescription: String { "\(self)" }
    }

    @Test(arguments: [
        Row(expected: .local, notice: true),
        Row(token: true, expected: .genesis),
        Row(flag: .local, token: true, used: true, expected: .local),
        Row(flag: .genesis, expected: nil),
        Row(flag: .genesis, token: true, expected: .genesis),
        Row(variable: "local", token: true, expected: .local),
        Row(variable: "genesis", token: true, expected: .genesis),
        Row(variable: "genesis", expected: nil),
        Row(variable: "moon", token: true, expected: nil),
        Row(variable: "", expected: .local, notice: true),
        Row(flag: .local, variable: "moon", expected: .local),
        Row(used: true, expected: nil),
        Row(gpu: true, terminal: true, expected: .local, notice: true),
        Row(gpu: true, terminal: false, expected: nil),
        Row(terminal: false, expected: .local, notice: true),
    ])
    func table(_ row: Row) {
        let choice = CloudChoice(
            flag: row.flag, variable: row.variable, hasToken: row.token, homeUsedGenesis: row.used,
            wantsGPU: row.gpu, hasTerminal: row.terminal)
        let decision = try? choice.decide()
        #expect(decision?.kind == row.expected)
        #expect((decision?.notice != nil) == row.notice)
    }

    @Test func gpuTypes() {
        #expect(!CloudChoice.isGPU("vcpu-2_memory-4g_disk-80g"))
        #expect(!CloudChoice.isGPU("vcpu-2_memory-4g"))
        #expect(CloudChoice.isGPU("vcpu-4_memory-24g_disk-80g_nvidia3090-1"))
        #expect(CloudChoice.isGPU("vcpu-16_memory-120g_intel-gaudi2-1"))
    }
}

@Suite struct EndpointTests {
    @Test(arguments: [
        ("https://api.genesiscloud.com", "https://api.genesiscloud.com/compute/v1"),
        ("https://API.genesiscloud.com/compute/v1/", "https://api.genesiscloud.com/compute/v1"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/compute/v1"),
        ("http://[::1]:80", "http://[::1]:80/compute/v1"),
    ])
    func oneSpelling(_ text: String, _ expected: String) throws {
        #expect(try Endpoint.normalized(text) == expected)
    }

    @Test(arguments: [
        "api.genesiscloud.com", "http://api.genesiscloud.com", "http://127.0.0.1.evil.com", "ftp://h", "https://",
        "https://user:pw@h", "https://h/?q", "http://[::1].evil.com",
    ])
    func refused(_ text: String) {
        #expect(throws: CommandError.self) { try Endpoint.normalized(text) }
    }
}

@Suite struct ExitStatusTests {
    @Test func ofOneJob() {
        #expect(Samples.finished(outcome: .failedUser(exitCode: 7), exitCode: 7).exitStatus == 7)
        #expect(Samples.finished(delivery: .partial).exitStatus == 246)
        #expect(Samples.finished(outcome: .timedOut(.provision), exitCode: nil).exitStatus == 244)
        #expect(Samples.job().exitStatus == 249, "not finished: something may have leaked")
        var leaked = Samples.finished(outcome: .failedUser(exitCode: 7), exitCode: 7)
        leaked.attempts[0].teardown = .leaked(["i-1"])
        #expect(leaked.exitStatus == 249)
    }

    @Test func interrupts() {
        func response(_ interrupt: Interrupt, runs: Bool, canAsk: Bool, watches: Bool = false) -> Interrupt.Response {
            interrupt.response(isRunning: runs, canAsk: canAsk, onlyWatches: watches)
        }
        #expect(response(.controlC, runs: false, canAsk: true) == .cancel)
        #expect(response(.controlC, runs: true, canAsk: true) == .ask)
        #expect(response(.controlC, runs: true, canAsk: false) == .cancel)
        #expect(response(.controlC, runs: true, canAsk: true, watches: true) == .ask)
        #expect(response(.terminate, runs: true, canAsk: true) == .cancel)
        #expect(response(.terminate, runs: true, canAsk: true, watches: true) == .detach)
        #expect(response(.hangUp, runs: false, canAsk: false) == .detach)
        #expect(response(.outputClosed, runs: true, canAsk: true) == .detach)
    }
}

@Suite struct ParsingTests {
    private func parse<Command>(_ arguments: String, as type: Command.Type) throws -> Command {
        let words = arguments.split(separator: " ").map(String.init)
        return try #require(try MayflyRoot.parseAsRoot(words) as? Command)
    }

    @Test func run() throws {
        let command = try parse(
            "run a.yaml b.yaml --jobs 2 --set env.A=1 --set image=x -e K=V --cloud local --json -d -y --destroy-wait 1m",
            as: RunCommand.self)
        #expect(command.options.specs == ["a.yaml", "b.yaml"])
        #expect(command.options.jobs == 2)
        #expect(command.options.set == ["env.A=1", "image=x"])
        #expect(command.options.environment == ["K=V"])
        #expect(command.options.cloud == .local)
        #expect(command.following.json && command.detach && command.options.yes)
        #expect(command.following.destroyWait.duration == .seconds(60))
    }

    @Test func whatFollowsTheDashesBelongsToTheJob() {
        let split = MayflyCLI.splitExtra(["run", "a.yaml", "--", "--jobs", "--", "x y"])
        #expect(split.own == ["run", "a.yaml"])
        #expect(split.extra == ["--jobs", "--", "x y"])
        #expect(MayflyCLI.splitExtra(["logs", "--", "3"]).own == ["logs", "--", "3"])
    }

    @Test(arguments: [
        "run", "run a.yaml --jobs 0", "run a.yaml --cloud moon", "nonsense", "run a.yaml --destroy-wait x",
    ])
    func mistakesAreUsageErrors(_ arguments: String) {
        let words = arguments.split(separator: " ").map(String.init)
        let error = #expect(throws: (any Error).self) { try MayflyRoot.parseAsRoot(words) }
        #expect(error.map { MayflyRoot.exitCode(for: $0).rawValue } == 64)
    }

    @Test(arguments: [
        ("ls", ListCommand.self as any ParsableCommand.Type), ("ps", ListCommand.self), ("status", ListCommand.self),
        ("stop last", CancelCommand.self), ("kill 3", CancelCommand.self), ("attach all", AttachCommand.self),
        ("show 3", ShowCommand.self), ("logs -f", LogsCommand.self), ("check a.yaml", CheckCommand.self),
        ("submit a.yaml", SubmitCommand.self), ("init --from pytorch", InitCommand.self),
        ("schema", SchemaCommand.self), ("login", LoginCommand.self), ("logout", LogoutCommand.self),
        ("audit", AuditCommand.self), ("serve", ServeCommand.self), ("keeper status", KeeperCommand.Status.self),
        ("keeper stop", KeeperCommand.Stop.self), ("keeper process", KeeperCommand.Process.self),
        ("cloud serve --backend process", CloudCommand.Serve.self), ("cloud status", CloudCommand.Status.self),
        ("cloud stop --force", CloudCommand.Stop.self), ("cloud process", CloudCommand.Process.self),
    ])
    func everyCommandIsFoundAndRuns(_ arguments: String, _ type: any ParsableCommand.Type) throws {
        let words = arguments.split(separator: " ").map(String.init)
        let command = try MayflyRoot.parseAsRoot(words)
        #expect(Swift.type(of: command) == type)
        #expect(command is any MayflyCommand)
        // The short way leads to the same command, or to none.
        if let everyday = try EverydayCommand.parse(words) { #expect(Swift.type(of: everyday) == type) }
    }

    @Test(arguments: [
        "run", "run a.yaml --jbos 2", "run --help", "ls --cloud moon", "keeper fly", "cloud serve --x",
        "attach --version",
    ])
    func theShortWaySaysWhatTheLongOneSays(_ arguments: String) throws {
        let words = arguments.split(separator: " ").map(String.init)
        func answer(_ parse: ([String]) throws -> (any ParsableCommand)?) throws -> (String, Int32) {
            let error = try #require(throws: (any Error).self) {
                guard var command = try parse(words) else { return }
                try command.run()
            }
            return (MayflyRoot.fullMessage(for: error), MayflyRoot.exitCode(for: error).rawValue)
        }
        let long = try answer { try MayflyRoot.parseAsRoot($0) }
        #expect(try answer(EverydayCommand.parse) == long)
    }

    @Test(arguments: ["ps", "help run", "--help", "nonsense", "check a.yaml", ""])
    func whatIsNotTypedAllDayTakesTheLongWay(_ arguments: String) throws {
        #expect(try EverydayCommand.parse(arguments.split(separator: " ").map(String.init)) == nil)
    }

    @Test func jobReferences() {
        #expect(JobReference(argument: "41") == .number(JobID(rawValue: 41)))
        #expect(JobReference(argument: "last") == .last)
        #expect(JobReference(argument: "all") == .all)
        #expect(JobReference(argument: "train") == .name("train"))
    }
}
