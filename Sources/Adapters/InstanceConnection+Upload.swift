import AsyncAlgorithms
import MayflyCore
import OnInstance
import SSHTransport
import TreeArchive

/// To the instance.
extension InstanceConnection {
    /// What became of an upload.
    package struct Sent: Sendable {
        /// About files that were left out or changed meanwhile.
        package let warnings: [String]
        /// Whether the instance has compared: one that was prepared by an older Mayfly cannot.
        package let isVerified: Bool
        /// Files that it could not read again.
        package let unreadable: Int

        /// - Throws: ``Refused`` when the instance has seen other files than were sent.
        init(_ sender: TreeSender, verified: Int?) throws {
            guard verified == nil || verified == sender.listedFiles else {
                throw Refused(message: "it verified \(verified ?? 0) of \(sender.listedFiles) files")
            }
            warnings = sender.warnings
            isVerified = verified != nil
            unreadable = sender.unreadableFiles
        }
    }

    /// Whether what comes over several connections can be put together there.
    package func canMergeStripes() async throws -> Bool {
        let step = RemoteStep(command: "command -v perl >/dev/null && command -v mkfifo >/dev/null", input: [])
        return try await execute(step, window: 1 << 17) { _ in } == .status(0)
    }

    /// Streams files and folders of this machine to a path on the instance, over several connections at once when
    /// `others` are given: one channel carries at most the server's window (2 MiB) per round trip.
    /// - Parameter token: tells this copy from others; letters and digits.
    /// What arrived is compared there, file by file, with the SHA-256 of what was read here.
    /// - Throws: ``Refused`` in the instance's words, ``RemoteError``, ``TreeArchiveError``.
    package func upload(
        _ paths: [String], to path: String, over others: [InstanceConnection] = [], token: String,
        _ progress: @escaping Report
    ) async throws -> Sent {
        let sender = try TreeSender(paths: paths)
        let stripes = (0...others.count).map { _ in AsyncThrowingChannel<[UInt8], any Error>() }
        let (take, said) = (supervisor.take(at: path, stripes: stripes.count, token: token), Words())
        let exit: SSHExit = try await withThrowingTaskGroup(of: SSHExit?.self) { group in
            group.addTask {
                await Self.deal(sender, to: stripes, progress)
                return nil
            }
            for (number, other) in others.enumerated() {
                let stripe = stripes[number + 1]
                let step = supervisor.stripe(number + 1, token: token)
                group.addTask {
                    // How the whole went is the first connection's to say.
                    let exit = try await other.execute(step, input: stripe, window: 1 << 17) { _ in }
                    if exit == .status(0) { return nil }
                    // Usually because the whole has failed, which explains more than this.
                    try await Task.sleep(for: .seconds(3))
                    throw RemoteError(kind: .connectionLost, message: "one of the connections ended early (\(exit))")
                }
            }
            group.addTask {
                try await execute(take, input: stripes[0], window: 1 << 17) { output in
                    switch output {
                    case .stdout(let bytes), .stderr(let bytes): _ = await said.take(bytes)
                    }
                }
            }
            defer { group.cancelAll() }
            while let next = try await group.next() {
                if let next { return next }
            }
            return .unknown
        }
        switch exit {
        case .status(0): return try Sent(sender, verified: await said.verified)
        case .unknown: throw Self.cutOff
        case .status, .signal: throw Refused(message: await said.text)
        }
    }

    /// A MiB to each in turn; ``Supervisor/take(at:stripes:token:)`` puts them together in the same order.
    private static func deal(
        _ sender: TreeSender, to stripes: [AsyncThrowingChannel<[UInt8], any Error>], _ progress: Report
    ) async {
        do {
            var block: [UInt8] = []
            var turn = 0
            while let piece = try await sender.next() {
                var rest = piece[...]
                while !rest.isEmpty {
                    let part = rest.prefix((1 << 20) - block.count)
                    block.append(contentsOf: part)
                    rest = rest.dropFirst(part.count)
                    guard block.count == 1 << 20 else { continue }
                    await stripes[turn].send(block)
                    progress(.moved(block.count))
                    turn = (turn + 1) % stripes.count
                    block.removeAll(keepingCapacity: true)
                }
            }
            if !block.isEmpty {
                await stripes[turn].send(block)
                progress(.moved(block.count))
            }
            for stripe in stripes { stripe.finish() }
        } catch {
            for stripe in stripes { stripe.fail(error) }
        }
    }
}
