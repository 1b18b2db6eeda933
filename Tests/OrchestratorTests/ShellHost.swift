import Foundation
import MayflyCore

/// Runs what would run on an instance in a folder of this host: the real supervisor, without sshd in between.
final class ShellConnector: RemoteConnector {
    enum Mode: Sendable, Equatable {
        case answers
        case refuses
    }

    let root: String
    let faults: HostFaults

    init(root: String, faults: HostFaults) {
        self.root = root
        self.faults = faults
    }

    func prepareKeys(for identity: AttemptIdentity) async throws -> AttemptKeys {
        AttemptKeys(
            hostPrivateKey: "host key\n", hostPublicKey: "ssh-ed25519 AAAA", clientPublicKey: "ssh-ed25519 BBBB")
    }

    func connect(to endpoint: RemoteEndpoint, identity: AttemptIdentity) async throws -> any RemoteHost {
        await faults.connected()
        if await faults.crashesKeeper(identity.job) {
            // The process is gone: nothing comes after this.
            try await Task.sleep(for: .seconds(3600))
        }
        if await faults.refusesLogin { throw RemoteError(kind: .notReady, message: "connection refused") }
        return ShellHost(root: root, faults: faults)
    }

    func discardKeys(of identity: AttemptIdentity) async { await faults.discarded(identity) }
}

/// What goes wrong, and what was seen to happen.
actor HostFaults {
    private(set) var refusesLogin = false
    private(set) var connections = 0
    private(set) var discardedKeys: [AttemptIdentity] = []
    private var cutsAfter: Int?
    private var guilty: JobID?
    private(set) var crashes = 0
    private var hasCrashed = false

    /// From now on whoever logs in to this job's machine dies of it.
    func setCrashesKeeper(_ job: JobID?) { guilty = job }

    func crashesKeeper(_ job: JobID) -> Bool {
        guard job == guilty else { return false }
        crashes += 1
        hasCrashed = true
        return true
    }

    /// Whether the keeper has died of it since this was last asked.
    func takeCrash() -> Bool {
        defer { hasCrashed = false }
        return hasCrashed
    }

    func setRefusesLogin(_ refuses: Bool) { refusesLogin = refuses }
    /// The connection breaks once this many bytes of output have come.
    func cutAfter(_ bytes: Int) { cutsAfter = bytes }
    func connected() { connections += 1 }
    func discarded(_ identity: AttemptIdentity) { discardedKeys.append(identity) }

    func passes(_ count: Int) -> Bool {
        guard let left = cutsAfter else { return true }
        if left < count {
            cutsAfter = nil
            return false
        }
        cutsAfter = left - count
        return true
    }
}

struct ShellHost: RemoteHost {
    let root: String
    let faults: HostFaults

    func execute(
        _ command: String, input: RemoteInput, options: RemoteOptions,
        onOutput: @escaping @Sendable (RemoteOutput) async throws -> Void
    ) async throws -> RemoteExit {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", Self.closingInherited, "bash", command]
        process.environment = [
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": root + "/home", "MAYFLY_STATE": root + "/state",
        ]
        let (output, error, entrance) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        process.standardInput = entrance
        let exits = AsyncStream.makeStream(of: Int32.self)
        try process.run()
        Thread.detachNewThread {
            process.waitUntilExit()
            exits.continuation.yield(process.terminationStatus)
        }
        let bytes: [UInt8] = if case .bytes(let bytes) = input { bytes } else { [] }
        try? entrance.fileHandleForWriting.write(contentsOf: bytes)
        try? entrance.fileHandleForWriting.close()
        return try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (pipe, isError) in [(output, false), (error, true)] {
                    let chunks = Self.chunks(of: pipe)
                    group.addTask {
                        for await chunk in chunks {
                            guard await faults.passes(chunk.count) else {
                                process.terminate()
                                throw RemoteError(kind: .connectionLost, message: "scripted: the connection was cut")
                            }
                            try await onOutput(isError ? .stderr(chunk) : .stdout(chunk))
                        }
                    }
                }
                try await group.waitForAll()
            }
            try Task.checkCancellation()
            for await status in exits.stream { return .status(status) }
            throw RemoteError(kind: .connectionLost, message: "cancelled")
        } onCancel: {
            process.terminate()
        }
    }

    func close() async {}

    /// Like sshd: `Process` lets other children's pipe ends leak into this one, and a job would hold them open.
    private static let closingInherited = """
        for f in /proc/$BASHPID/fd/*; do n=${f##*/}; if [ "$n" -gt 2 ]; then eval "exec $n>&-"; fi; done
        exec /bin/sh -c "$1"
        """

    /// Blocking reads on a thread of their own: readability handlers miss the end of quick processes.
    private static func chunks(of pipe: Pipe) -> AsyncStream<[UInt8]> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                while case let data = pipe.fileHandleForReading.availableData, !data.isEmpty {
                    continuation.yield(Array(data))
                }
                continuation.finish()
            }
        }
    }
}
