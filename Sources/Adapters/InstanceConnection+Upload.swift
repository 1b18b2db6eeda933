import AsyncAlgorithms
import MayflyCore
import NIOCore
import OnInstance
import SSHTransport
package import TreeArchive

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
        init(warnings: [String], listed: Int, unreadable: Int, verified: Int?) throws {
            guard verified == nil || verified == listed else {
                throw Refused(message: "it verified \(verified ?? 0) of \(listed) files")
            }
            self.warnings = warnings
            self.unreadable = unreadable
            isVerified = verified != nil
        }
    }

    /// Under which name what a cut upload brought stays on the instance, and what is left out because it is there.
    package struct Resumption: Sendable {
        package var key: String
        package var held: [KeptFile]

        package init(key: String, held: [KeptFile]) {
            self.key = key
            self.held = held
        }
    }

    /// What an instance has to say before an upload.
    package struct Offer: Sendable {
        /// Whether what comes over several connections can be put together there.
        package var mergesStripes = false
        /// What a cut upload of the same key has left there.
        package var files: [KeptFile] = []
    }

    /// - Returns: `nil` when an older Mayfly prepared the instance.
    /// - Throws: ``RemoteError``.
    package func offer(at path: String, key: String) async throws -> Offer? {
        let said = Gathered()
        let exit = try await execute(supervisor.staged(at: path, key: key), window: connection.bulkWindow) { output in
            if case .stdout(let bytes) = output { await said.add(bytes) }
        }
        guard exit != .unknown else { throw Self.cutOff }
        guard exit == .status(0) else { return nil }
        var offer = Offer()
        for line in await said.bytes.split(separator: UInt8(ascii: "\n")) {
            if line.elementsEqual("stripes".utf8) {
                offer.mergesStripes = true
            } else if let file = KeptFile(line: line) {
                offer.files.append(file)
            }
        }
        return offer
    }

    /// Drops what a cut upload has left on the instance, but for these files.
    /// - Returns: whether that was done.
    package func keep(_ files: [KeptFile], at path: String, key: String) async throws -> Bool {
        let step = supervisor.keep(files.flatMap(\.line), at: path, key: key)
        return try await execute(step, window: 1 << 17) { _ in } == .status(0)
    }

    /// Whether what comes over several connections can be put together there.
    package func canMergeStripes() async throws -> Bool {
        let step = RemoteStep(command: "command -v perl >/dev/null && command -v mkfifo >/dev/null", input: [])
        return try await execute(step, window: 1 << 17) { _ in } == .status(0)
    }

    /// Streams files and folders of this machine to a path on the instance, over several connections at once when
    /// `others` are given: one channel carries at most the server's window (2 MiB) per round trip.
    /// - Parameters:
    ///   - token: tells this copy from others; letters and digits.
    ///   - resumption: when what a cut stream brought is to stay there.
    ///
    /// What arrived is compared there, file by file, with the SHA-256 of what was read here.
    /// - Throws: ``Refused`` in the instance's words, ``RemoteError``, ``TreeArchiveError``.
    package func upload(
        _ paths: [String], to path: String, over others: [InstanceConnection] = [], token: String,
        _ resumption: Resumption? = nil, _ progress: @escaping Report
    ) async throws -> Sent {
        let held = resumption?.held ?? []
        let sender = try TreeSender(paths: paths, held: held)
        let stripes = (0...others.count).map { _ in AsyncThrowingChannel<[UInt8], any Error>() }
        let take = supervisor.take(
            at: path, stripes: stripes.count, token: token, key: resumption?.key, goesOn: !held.isEmpty)
        let said = Words()
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
                try await execute(take, input: stripes[0], window: 1 << 17) { await said.take($0) }
            }
            defer { group.cancelAll() }
            while let next = try await group.next() {
                if let next { return next }
            }
            return .unknown
        }
        switch exit {
        case .status(0):
            return try Sent(
                warnings: sender.warnings, listed: sender.listedFiles, unreadable: sender.unreadableFiles,
                verified: await said.verified)
        case TarlessCollect.exit:
            return try await uploadFiles(paths, to: path, token: token, key: resumption?.key ?? token, progress)
        case .unknown: throw Self.cutOff
        case .status, .signal:
            let words = await said.text
            // All was sent, and not all of it came: one of the connections ended without having said so here yet.
            if words.contains("the copy ended early") { throw Self.cutOff }
            throw Refused(message: words)
        }
    }

    /// A MiB to each in turn; ``Supervisor/take(at:stripes:token:key:goesOn:)`` puts them together in the same order.
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

/// What a step answers, up to a size that only a hostile instance exceeds.
private actor Gathered {
    private(set) var bytes: [UInt8] = []

    func add(_ buffer: ByteBuffer) {
        bytes.append(contentsOf: buffer.readableBytesView.prefix(max(0, (64 << 20) - bytes.count)))
    }
}
