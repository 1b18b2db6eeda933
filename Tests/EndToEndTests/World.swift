import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// One user on one machine: a home and a working folder of their own, and the real `mayfly` beside this test bundle.
final class World: Sendable {
    /// Unique, and part of every path: by it everything that belongs to this world is found again.
    let mark: String
    let folder: String
    var home: String { "\(folder)/state" }
    var results: String { "\(folder)/results" }

    static let machine = "type: vcpu-2_memory-4g_disk-80g"

    static let binary: String = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appending(path: "mayfly").path
    }()

    /// The repository's own jobs.
    static let jobs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "jobs").path

    private init() throws {
        mark = "mayfly-e2e-\(UUID().uuidString.prefix(8))"
        folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appending(path: mark).path
        try #require(FileManager.default.isExecutableFile(atPath: Self.binary), "no binary at \(Self.binary)")
        try FileManager.default.createDirectory(
            atPath: "\(folder)/user", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    /// Runs a test in a new world and takes the world down, whatever became of the test.
    static func with(_ body: (World) async throws -> Void) async throws {
        let world = try World()
        do {
            try await body(world)
        } catch {
            // Told before the teardown, whose own complaints would follow from it.
            Issue.record(error)
        }
        await world.end()
    }

    // MARK: Commands

    func mayfly(
        _ words: String..., environment: [String: String] = [:], within limit: Duration = .seconds(60)
    ) async throws -> Answer {
        try await mayfly(words, environment: environment, within: limit)
    }

    func mayfly(
        _ words: [String], environment: [String: String] = [:], within limit: Duration = .seconds(60)
    ) async throws -> Answer {
        try await begin(words, environment: environment).end(within: limit)
    }

    /// Of a command: nothing of this test's own environment.
    var environment: [String: String] {
        [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "\(folder)/user",
            "LANG": "C.UTF-8", "MAYFLY_HOME": home,
        ]
    }

    /// Starts a command that the test does something to before its end.
    /// - Parameter binary: this build's `mayfly` unless another is named.
    func begin(
        _ words: [String], binary: String = World.binary, environment: [String: String] = [:]
    ) throws -> Command {
        let streams = "\(folder)/user/\(UUID().uuidString.prefix(8))"
        let child = try Child(
            [binary] + words, in: folder, environment: self.environment.merging(environment) { $1 },
            stdout: "\(streams).out", stderr: "\(streams).err")
        return Command(child: child, words: words, streams: streams)
    }

    /// A command of this world that runs.
    struct Command {
        let child: Child
        let words: [String]
        fileprivate let streams: String

        var pid: pid_t { child.pid }
        var stdoutSoFar: String { Traces.text("\(streams).out") }
        var stderrSoFar: String { Traces.text("\(streams).err") }

        func end(within limit: Duration = .seconds(60)) async throws -> Answer {
            let end = await child.end(within: limit)
            let stdout = FileManager.default.contents(atPath: "\(streams).out") ?? Data()
            let answer = Answer(
                code: end.code, stdout: stdout, stderr: stderrSoFar, peakBytes: end.peakBytes)
            for name in ["out", "err"] { try FileManager.default.removeItem(atPath: "\(streams).\(name)") }
            try #require(end.code != -1, "mayfly \(words) did not end within \(limit):\n\(answer.stderr)")
            return answer
        }
    }

    /// Writes a spec (its machine added), starts it on the local cloud, and goes on when `isThere` says so.
    func begin(
        _ spec: String, named name: String = "probe", until what: String, _ isThere: (Command) async throws -> Bool
    ) async throws -> Command {
        try write("\(name).yaml", "\(Self.machine)\n\(spec)")
        let command = try begin(["run", "\(name).yaml", "--cloud", "local"])
        try await eventually(what) { try await isThere(command) }
        return command
    }

    /// Two jobs of one submission, the second of which waits for the first to be let go with `touch ~/go` on its instance;
    /// before that, a file takes the place of the second one's results folder, `results/second-2`.
    func beginWithFolderInTheWay(_ words: String...) async throws -> Command {
        try write("first.yaml", "\(Self.machine)\ncommand: 'echo on; until [ -e ~/go ]; do sleep 0.1; done'\n")
        try write("second.yaml", "\(Self.machine)\ncommand: echo done\n")
        let command = try begin(["run", "first.yaml", "second.yaml", "--jobs", "1", "--cloud", "local"] + words)
        try await eventually("the first job runs") { text("stdout.log", of: "first-1") == "on\n" }
        try FileManager.default.removeItem(atPath: "\(results)/second-2")
        try write("results/second-2", "a file is in the way\n")
        let answer = try await mayfly("ssh", "1", "--", "touch ~/go")
        #expect(answer.code == 0, "\(answer.stderr)")
        return command
    }

    /// Writes a spec (its machine added) and runs it on the local cloud.
    func run(
        _ spec: String, named name: String = "probe", _ words: String..., environment: [String: String] = [:],
        within limit: Duration = .seconds(60)
    ) async throws -> Answer {
        try write("\(name).yaml", "\(Self.machine)\n\(spec)")
        return try await mayfly(
            ["run", "\(name).yaml", "--cloud", "local"] + words, environment: environment, within: limit)
    }

    /// The keeper that reigns, by its lock's own note.
    var keeperProcess: pid_t? {
        pid_t(Traces.text("\(home)/keeper.lock").trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// Serves the local cloud as a child of the test, which ends it.
    /// - Parameter faults: of docs/local-cloud.md, one in a line.
    func serveCloud(faults: [String]) async throws -> Command {
        try write("faults.yaml", "faults:\(faults.isEmpty ? " []" : "")\n" + faults.map { "  - \($0)\n" }.joined())
        let command = try begin(["cloud", "serve", "--faults", "faults.yaml"])
        try await eventually("the local cloud serves") { [home] in
            FileManager.default.fileExists(atPath: "\(home)/cloud/endpoint.json")
        }
        return command
    }

    // MARK: Files

    func write(_ path: String, _ text: String) throws {
        let url = URL(fileURLWithPath: "\(folder)/\(path)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// A file of the newest job's results.
    func result(_ path: String, of job: String = "latest") -> Data? {
        FileManager.default.contents(atPath: "\(results)/\(job)/\(path)")
    }

    func text(_ path: String, of job: String = "latest") -> String? {
        result(path, of: job).map { String(decoding: $0, as: UTF8.self) }
    }

    func receipt(of job: String = "latest") throws -> [String: Any] {
        let bytes = try #require(result("receipt.json", of: job), "no receipt")
        return try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    }

    // MARK: The end

    private func end() async {
        do {
            let port = endpointPort()
            if port != nil {
                let audit = try await mayfly("audit")
                #expect(audit.code == 0 && !audit.text.contains("leaked"), "\(audit.text)\(audit.stderr)")
                let isUnused = audit.text.contains("nothing was ever created from this home")
                #expect(isUnused || audit.text.contains("local cloud: 0 instances listed"), "\(audit.text)")
                let left = try await mayfly("instance", "ls", "--quiet", "--cloud", "local")
                #expect(left.code == 0 && left.text.isEmpty, "instances are left: \(left.text)\(left.stderr)")
            }
            _ = try await mayfly("keeper", "stop")
            let stopped = try await mayfly("cloud", "stop", "--force")
            #expect(stopped.code == 0, "\(stopped.stderr)")
            try await eventually("the keeper and the local cloud end", within: .seconds(20)) {
                Traces.processes(of: mark).isEmpty
            }
            if let port { #expect(!Traces.answers(port: port), "somebody listens on the local cloud's port") }
        } catch {
            Issue.record(error)
        }
        let left = Traces.processes(of: mark)
        #expect(left.isEmpty, "processes are left")
        for process in left { kill(process.pid, SIGKILL) }
        #expect(Traces.mounts(of: mark) == [], "mounts are left")
        #expect(Traces.files(under: "\(home)/keys") == [], "keys are left")
        #expect(Traces.files(under: "\(home)/cloud/instances") == [], "disks are left")
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            Issue.record(error)
        }
    }

    private func endpointPort() -> UInt16? {
        guard let bytes = FileManager.default.contents(atPath: "\(home)/cloud/endpoint.json"),
            let fields = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any],
            let url = (fields["url"] as? String).flatMap(URL.init(string:))
        else { return nil }
        return url.port.flatMap(UInt16.init(exactly:))
    }
}

/// All of it runs one test after the other: each has a keeper, a cloud and instances of its own, and few cores.
@Suite(.serialized) enum EndToEnd {}
