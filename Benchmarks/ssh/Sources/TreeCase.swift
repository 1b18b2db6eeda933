import Adapters
import Foundation
import NIOCore
import OnInstance
import SSHTransport
import Synchronization
import TreeArchive

/// Files and folders, the way `mayfly cp` moves them.
struct TreeCase {
    private let server: Server
    private let supervisor: Supervisor
    private let arguments: Arguments

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        server = try Server(arguments)
        supervisor = Supervisor(nonce: try arguments.text("nonce"))
    }

    func install() async throws -> Measurement {
        var measurement = Measurement()
        let connection = try await server.connect()
        let step = supervisor.awaitStartup()
        let exit = try await connection.execute(step.command, stdin: .bytes(ByteBuffer(bytes: step.input))) { _ in }
        await connection.close()
        measurement.stop()
        guard exit == .status(0) else { throw Unexpected(description: "the supervisor was not installed: \(exit)") }
        return measurement
    }

    func upload() async throws -> Measurement {
        var measurement = Measurement()
        let remote = try arguments.text("remote")
        let connections = try await connect(try arguments.number("connections", or: 1))
        let sent = try await connections[0].upload(
            [try arguments.text("local")], to: remote, over: Array(connections.dropFirst()),
            token: "copy\(UInt32.random(in: 0 ... .max))"
        ) { _ in }
        for connection in connections { await connection.close() }
        measurement.stop()
        guard sent.warnings.isEmpty, sent.isVerified else {
            throw Unexpected(description: "not verified; " + sent.warnings.joined(separator: "; "))
        }
        return measurement
    }

    func download() async throws -> Measurement {
        var measurement = Measurement()
        let request = CollectRequest.copy(of: try arguments.text("remote"))
        let connection = try await connect(1)[0]
        let local = try arguments.text("local")
        guard let staging = try TreeStaging(path: local + ".arriving") else {
            throw Unexpected(description: "\(local).arriving is in use")
        }
        let stage = try staging.begin()
        let report = try await connection.download(request, into: stage, keepsMetadata: true) { _ in }
        guard rename(stage.tree, local) == 0 else { throw Unexpected(description: "\(local) cannot be made") }
        try FileManager.default.removeItem(atPath: staging.path)
        await connection.close()
        measurement.stop()
        guard report.complete else { throw Unexpected(description: report.skipped.joined(separator: "; ")) }
        measurement.add("files", Double(report.files.count))
        return measurement
    }

    /// At once, or `--in-turn` as long as the command does so.
    private func connect(_ count: Int) async throws -> [InstanceConnection] {
        let server = server
        let supervisor = supervisor
        let open = Mutex<[InstanceConnection]>([])
        try await inParallel(count, atOnce: arguments.has("in-turn") ? 1 : count) { _ in
            let connection = InstanceConnection(connection: try await server.connect(), supervisor: supervisor)
            open.withLock { $0.append(connection) }
        }
        return open.withLock { $0 }
    }
}
