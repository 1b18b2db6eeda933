import NIOCore
import OnInstance
import SSHTransport
import Synchronization
import TreeArchive

/// Frozen code on its way to an instance: the tar as it lies here, or where the instance has no `tar` the files in it by SFTP,
/// each compared there with its SHA-256.
struct FrozenUpload {
    typealias Source = @Sendable () async throws -> [UInt8]?

    let connection: SSHConnection
    let supervisor: Supervisor
    let onOutput: @Sendable (SSHOutput) async throws -> Void

    /// Like the connection's own `execute` of ``Supervisor/upload()``.
    /// - Parameter source: the tar.
    func execute(_ source: @escaping Source, _ options: SSHExecOptions) async throws -> SSHExit {
        let beginning = UploadBeginning(source)
        let exit = try await connection.execute(
            supervisor.upload().command, options: options,
            stdin: .stream { try await beginning.next().map { ByteBuffer(bytes: $0) } }
        ) { output in
            guard case .stdout(let bytes) = output else { return try await onOutput(output) }
            if let rest = beginning.heard(bytes) { try await onOutput(.stdout(rest)) }
        }
        guard beginning.hasNoTar, exit == TarlessCollect.exit else { return exit }
        do {
            return try await send(FrozenTree(beginning.again))
        } catch let error as TreeArchiveError {
            try await complain(error.message)
            return .status(1)
        } catch let error as SSHError where StagedFiles.refusals.contains(error.code) {
            try await complain("\(error.message) (it has no tar, and was sent files by SFTP)")
            return .status(1)
        }
    }

    private func send(_ tree: FrozenTree) async throws -> SSHExit {
        // A login shell may say this and that on stderr.
        let (place, all) = (Words(), Words())
        let staged = try await connection.execute(supervisor.stageCode().command, options: Self.options) { output in
            if case .stdout = output { await place.take(output) }
            await all.take(output)
        }
        let said = await place.text
        // An earlier try has come to its end meanwhile.
        if staged == .status(0), said == "uploaded" { return staged }
        guard staged == .status(0), said.hasPrefix("staging /") else {
            try await complain(await all.text)
            return staged == .status(0) ? .status(1) : staged
        }
        let folder = Array(said.utf8.dropFirst("staging ".utf8.count))
        let sums = try await connection.withFileSystem(window: 1 << 20) { files in
            var staged = StagedFiles(in: folder, files)
            while let item = try await tree.next() {
                try await staged.add(
                    item.path, item.kind, permissions: item.permissions, modified: item.modified, of: tree)
            }
            return try await staged.finish()
        }
        let words = Words()
        let taken = try await perform(supervisor.takeCode(), words)
        guard taken == .status(0), await words.verified == sums.count else {
            try await complain(await words.text)
            return taken == .status(0) ? .status(1) : taken
        }
        return taken
    }

    private func perform(_ step: RemoteStep, _ words: Words) async throws -> SSHExit {
        try await connection.execute(step.command, options: Self.options) { await words.take($0) }
    }

    private static var options: SSHExecOptions { SSHExecOptions(window: 1 << 17) }

    private func complain(_ words: String) async throws { try await onOutput(.stderr(ByteBuffer(string: words))) }
}

/// The beginning of an upload. What is pulled before the instance has said whether it can unpack is kept, because without
/// `tar` it is needed once more: that is little more than fits into OpenSSH's window, and what does not fit into a smaller
/// one is read there and dropped.
private final class UploadBeginning: Sendable {
    private struct State {
        var kept: [[UInt8]] = []
        var size = 0
        /// The first line of stdout, until it is whole.
        var line: [UInt8] = []
        /// Whether it unpacks.
        var unpacks: Bool?
    }

    private static let window = 2 << 20
    private let source: FrozenUpload.Source
    private let state = Mutex(State())
    private let (answers, answer) = AsyncStream.makeStream(of: Void.self)

    init(_ source: @escaping FrozenUpload.Source) { self.source = source }

    var hasNoTar: Bool { state.withLock { $0.unpacks == false } }

    /// The next bytes for the instance.
    func next() async throws -> [UInt8]? {
        if state.withLock({ $0.unpacks == nil && $0.size >= Self.window }) { for await _ in answers {} }
        guard !hasNoTar else { return nil }
        let bytes = try await source()
        state.withLock { state in
            guard state.unpacks != true, let bytes else { return }
            state.kept.append(bytes)
            state.size += bytes.count
        }
        return bytes
    }

    /// - Returns: what is behind the first line.
    func heard(_ bytes: ByteBuffer) -> ByteBuffer? {
        state.withLock { state in
            guard state.unpacks == nil else { return bytes }
            state.line += bytes.readableBytesView
            // A line that has no end is not what is waited for.
            guard let end = state.line.firstIndex(of: UInt8(ascii: "\n")) ?? (state.line.count > 64 ? 64 : nil) else {
                return nil
            }
            state.unpacks = !state.line[..<end].elementsEqual("no-tar".utf8)
            if state.unpacks == true { state.kept = [] }
            answer.finish()
            let rest = state.line[(end + 1)...]
            return rest.isEmpty ? nil : ByteBuffer(bytes: rest)
        }
    }

    /// All of it once more.
    @Sendable func again() async throws -> [UInt8]? {
        if let kept = state.withLock({ $0.kept.isEmpty ? nil : $0.kept.removeFirst() }) { return kept }
        return try await source()
    }
}
