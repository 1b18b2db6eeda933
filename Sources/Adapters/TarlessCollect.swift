import NIOCore
import SSHTransport
import Synchronization

/// What an instance without `tar` is asked to collect: it answers with a plan, whose files are fetched by SFTP here and handed
/// on as the stream that a tar would have made. So whoever receives it judges names, links and sums as ever.
struct TarlessCollect {
    typealias Handler = @Sendable (SSHOutput) async throws -> Void

    /// What the supervisor ends with where it has no `tar`; `collect`'s stdout is a plan then.
    static let exit = SSHExit.status(71)
    private static let piece = 4 << 20

    private let files: SSHFileSystem
    private let onOutput: Handler

    /// Like the connection's own `execute`, for steps that bring much.
    static func execute(
        _ command: String, on connection: SSHConnection, options: SSHExecOptions, stdin: SSHInput,
        _ onOutput: @escaping Handler
    ) async throws -> SSHExit {
        let sniffer = PlanSniffer()
        let exit = try await connection.execute(command, options: options, stdin: stdin) { output in
            guard case .stdout(let bytes) = output else { return try await onOutput(output) }
            if let rest = try sniffer.take(bytes) { try await onOutput(.stdout(rest)) }
        }
        let (plan, rest) = sniffer.finish()
        if let rest { try await onOutput(.stdout(rest)) }
        guard let plan, exit == Self.exit else { return exit }
        do {
            return try await connection.withFileSystem(window: 8 << 20) { files in
                try await TarlessCollect(files: files, onOutput: onOutput).fetch(CollectPlan(plan))
                return .status(0)
            }
        } catch let error as SSHError where error.code == .fileSystemUnavailable {
            try await onOutput(.stderr(ByteBuffer(string: error.message)))
            return exit
        }
    }

    private func fetch(_ plan: CollectPlan) async throws {
        for item in plan.items {
            do {
                try await send(item)
            } catch let error as SSHError where [.noSuchFile, .permissionDenied].contains(error.code) {
                // It went away, or may not be read: who receives this finds it missing, by the manifest.
                continue
            }
        }
        let size = UInt64(plan.manifest.count)
        try await put(
            TarEntry.header(Array(".mayfly-manifest".utf8), .file, size: size, permissions: 0o600, modified: 0))
        try await put(plan.manifest + TarEntry.padding(after: size) + TarEntry.end)
    }

    private func send(_ item: CollectPlan.Item) async throws {
        let facts = try await files.attributes(of: item.absolute)
        let (rights, modified) = (facts.permissions ?? 0o600, facts.modified ?? 0)
        switch facts.kind {
        case .folder:
            try await put(TarEntry.header(item.path, .folder, permissions: rights, modified: modified))
        case .link:
            let target = try await files.linkTarget(of: item.absolute)
            try await put(
                TarEntry.header(item.path, .link, permissions: rights, modified: modified, linkTarget: target))
        case .file:
            let size = facts.size ?? 0
            try await files.withFile(item.absolute, .read) { file in
                try await put(
                    TarEntry.header(item.path, .file, size: size, permissions: rights, modified: modified))
                try await content(of: file, size)
                try await put(TarEntry.padding(after: size))
            }
        case .other, nil: return
        }
    }

    /// Exactly as much as its header says: a file that has shrunk ends with zeroes, and its sum tells.
    private func content(of file: SSHRemoteFile, _ size: UInt64) async throws {
        var position: UInt64 = 0
        while position < size {
            let wanted = Int(min(UInt64(Self.piece), size - position))
            let bytes = try await file.read(at: position, upTo: wanted)
            guard bytes.readableBytes > 0 else { break }
            try await onOutput(.stdout(bytes))
            position += UInt64(bytes.readableBytes)
        }
        while position < size {
            let count = Int(min(UInt64(Self.piece), size - position))
            try await put([UInt8](repeating: 0, count: count))
            position += UInt64(count)
        }
    }

    private func put(_ bytes: [UInt8]) async throws {
        if !bytes.isEmpty { try await onOutput(.stdout(ByteBuffer(bytes: bytes))) }
    }
}
