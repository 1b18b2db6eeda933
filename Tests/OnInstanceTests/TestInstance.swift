import Foundation
import MayflyCore
import OnInstance

/// A machine-in-small: a state root and a home of its own, on which the supervisor's steps run as real processes.
final class TestInstance: Sendable {
    let root: String
    let nonce: String
    let supervisor: Supervisor
    /// What `/bin/sh` is there.
    @TaskLocal static var shell = "/bin/sh"
    private let bin: String

    var state: String { "\(root)/state/\(nonce)" }
    var home: String { "\(root)/home" }

    struct Answer: Sendable {
        var code: Int32
        var stdout: [UInt8]
        var stderr: [UInt8]

        var text: String { String(decoding: stdout, as: UTF8.self) }
        var errors: String { String(decoding: stderr, as: UTF8.self) }
        var line: String { text.split(separator: "\n").first.map(String.init) ?? "" }
    }

    struct Failure: Error { let message: String }

    /// - Parameter startup: what first boot says of the startup script; `nil` = first boot has not run.
    init(startup: String? = "none", installed: Bool = true, nonce: String = "abcdefgh") async throws {
        let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
        root = "\(folder)/mayfly-\(UUID().uuidString.prefix(8))"
        self.nonce = nonce
        supervisor = Supervisor(nonce: nonce)
        try FileManager.default.createDirectory(atPath: "\(root)/state/\(nonce)", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(root)/home", withIntermediateDirectories: true)
        bin = "\(root)/sh"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        // Busybox, too, is the shell when it is called by that name.
        try FileManager.default.createSymbolicLink(atPath: "\(bin)/sh", withDestinationPath: Self.shell)
        if let startup { try write("startup.kind", startup + "\n") }
        if installed { _ = try await run(supervisor.awaitStartup()) }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(state)/\(name)"))
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Starts a step without waiting for it.
    func begin(_ step: RemoteStep, path: String? = nil) throws -> RunningStep {
        let command = step.command.replacing("/bin/sh", with: "\(bin)/sh")
        return try RunningStep(
            RemoteStep(command: command, input: step.input), shell: "\(bin)/sh", environment: environment(path: path))
    }

    func run(_ step: RemoteStep, path: String? = nil) async throws -> Answer {
        try await begin(step, path: path).end()
    }

    private func environment(path: String?) -> [String: String] {
        var environment = [
            "PATH": "\(bin):\(path ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")", "HOME": home,
            "MAYFLY_STATE": "\(root)/state", "MAYFLY_CLOUD_INIT": "\(root)/cloud-init", "LANG": "C.UTF-8",
        ]
        environment["MAYFLY_CLOUD_INIT_LOG"] = "\(root)/cloud-init-output.log"
        return environment
    }

    static func launch(
        _ command: JobCommand, _ arguments: [String] = [], environment: [EnvironmentVariable] = [],
        secrets: [EnvironmentVariable] = [], limit: Duration? = nil, grace: Duration = .seconds(10), pty: Bool = false,
        logLimit: Int64? = nil
    ) -> LaunchDocument {
        LaunchDocument(
            environment: environment, secrets: secrets, command: command, extraArguments: arguments, limit: limit,
            grace: grace, expiry: WallTime(rawValue: 9_999_999_999_000), job: JobID(rawValue: 7), name: "probe",
            attempt: 2, pty: pty, logLimit: logLimit)
    }

    func start(_ launch: LaunchDocument, _ stage: Stage = .run) async throws -> String {
        try await run(supervisor.start(stage, launch)).line
    }

    func sealed(_ stage: Stage = .run) async throws -> StageStatus {
        let answer = try await run(supervisor.wait(stage))
        guard let status = StageStatus.parse(answer.text) else { throw Failure(message: "no status: \(answer)") }
        return status
    }

    /// Runs a command to its seal and returns what was sealed and what follows from the beginning.
    func complete(_ launch: LaunchDocument) async throws -> (status: StageStatus, logs: Answer) {
        let answer = try await start(launch)
        guard answer == "started" else { throw Failure(message: answer) }
        let status = try await sealed()
        return (status, try await run(supervisor.follow(.run, stdoutOffset: 0, stderrOffset: 0)))
    }

    /// The supervisor's process, found by the state folder in its arguments.
    func supervisorProcess(_ stage: Stage = .run) -> pid_t? {
        processes { $0.contains("\(state)/supervisor.sh\0supervise\0\(stage.rawValue)\0") }.min()
    }

    func processes(where isMatch: (String) -> Bool) -> [pid_t] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { pid_t($0) }.filter { pid in
            guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
            return isMatch(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Waits for a condition that a process brings about; five seconds are for a loaded machine.
    func eventually(_ what: String, within limit: Duration = .seconds(10), _ condition: () throws -> Bool) async throws
    {
        let end = ContinuousClock.now + limit
        while try !condition() {
            guard ContinuousClock.now < end else { throw Failure(message: "never: \(what)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
