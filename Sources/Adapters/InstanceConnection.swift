import AsyncAlgorithms
import MayflyCore
import NIOCore
package import OnInstance
import SSHTransport
package import TreeArchive

/// A connection of a person's own to a job's instance: copies, and later tunnels.
package struct InstanceConnection: Sendable {
    let connection: SSHConnection
    let supervisor: Supervisor

    private static let window = 32 << 20

    package func close() async { await connection.close() }

    /// What a copy has come to so far.
    package enum Progress: Sendable {
        /// How many bytes there will be, about.
        case total(Int64)
        /// How many more have passed.
        case moved(Int)
    }

    package typealias Report = @Sendable (Progress) -> Void

    // MARK: From the instance

    /// Brings what is asked for into a new folder, verified.
    /// - Throws: ``RemoteError``, ``TreeArchiveError``.
    package func download(
        _ request: CollectRequest, to folder: String, keepsMetadata: Bool, _ progress: @escaping Report
    ) async throws -> TreeReport {
        let receiver = TreeReceiver(destination: folder, limits: TreeLimits(keepsMetadata: keepsMetadata))
        let step = supervisor.collect(request)
        let said = Words()
        let exit = try await execute(step, window: Self.window) { output in
            switch output {
            case .stdout(let bytes):
                progress(.moved(bytes.readableBytes))
                try await receiver.receive(Array(bytes.readableBytesView))
            case .stderr(let bytes):
                if let size = await said.take(bytes) { progress(.total(size)) }
            }
        }
        var report = try await receiver.finish()
        guard exit != .unknown else { throw Self.cutOff }
        if exit != .status(0) {
            report.complete = false
            report.skipped.append("the instance said: \(await said.text)")
        }
        return report
    }

    // MARK: To the instance

    /// Whether what comes over several connections can be put together there.
    package func canMergeStripes() async throws -> Bool {
        let step = RemoteStep(command: "command -v perl >/dev/null && command -v mkfifo >/dev/null", input: [])
        return try await execute(step, window: 1 << 17) { _ in } == .status(0)
    }

    package struct Refused: Error, Sendable {
        package var message: String
    }

    /// Streams files and folders of this machine to a path on the instance, over several connections at once when
    /// `others` are given: one channel carries at most the server's window (2 MiB) per round trip.
    /// - Parameter token: tells this copy from others; letters and digits.
    /// - Returns: warnings about files that were left out or changed meanwhile.
    /// - Throws: ``Refused`` in the instance's words, ``RemoteError``, ``TreeArchiveError``.
    package func upload(
        _ paths: [String], to path: String, over others: [InstanceConnection] = [], token: String,
        _ progress: @escaping Report
    ) async throws -> [String] {
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
                    _ = try await other.execute(step, input: stripe, window: 1 << 17) { _ in }
                    return nil
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
        case .status(0): return sender.warnings
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

    // MARK: One exec

    private func execute(
        _ step: RemoteStep, input: AsyncThrowingChannel<[UInt8], any Error>? = nil, window: Int,
        _ onOutput: @escaping @Sendable (SSHOutput) async throws -> Void
    ) async throws -> SSHExit {
        let options = SSHExecOptions(window: window)
        let stdin: SSHInput =
            if let input {
                .stream {
                    var iterator = input.makeAsyncIterator()
                    return try await iterator.next().map { ByteBuffer(bytes: $0) }
                }
            } else {
                .bytes(ByteBuffer(bytes: step.input))
            }
        do {
            return try await connection.execute(step.command, options: options, stdin: stdin, onOutput: onOutput)
        } catch let error as SSHError {
            throw RemoteError(error)
        }
    }

    private static let cutOff = RemoteError(kind: .connectionLost, message: "the connection ended in the middle")
}

/// What a step says beside its data; a flood is cut off.
private actor Words {
    private var bytes: [UInt8] = []

    /// - Returns: the size that a line of the supervisor announces, once.
    func take(_ buffer: ByteBuffer) -> Int64? {
        let isFirst = bytes.isEmpty
        bytes.append(contentsOf: buffer.readableBytesView.prefix(8192 - bytes.count))
        guard isFirst else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return words.count >= 2 && words[0] == "size" ? Int64(words[1]) : nil
    }

    var text: String {
        let all = String(decoding: bytes, as: UTF8.self)
        let lines = all.split(separator: "\n").filter { !$0.hasPrefix("size ") && $0 != "taken" }
        return lines.isEmpty ? "nothing" : lines.joined(separator: "; ")
    }
}
