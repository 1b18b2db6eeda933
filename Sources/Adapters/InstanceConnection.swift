import AsyncAlgorithms
import MayflyCore
import NIOCore
package import OnInstance
package import SSHTransport

/// A connection of a person's own to a job's instance: copies and forwarded ports.
package struct InstanceConnection: Sendable {
    let connection: SSHConnection
    let supervisor: Supervisor
    private let jump: SSHConnection?

    /// - Parameter supervisor: whose folder is on the instance.
    /// - Parameter jump: through which it goes; closed with it.
    package init(connection: SSHConnection, supervisor: Supervisor, jump: SSHConnection? = nil) {
        self.connection = connection
        self.supervisor = supervisor
        self.jump = jump
    }

    package func close() async {
        await connection.close()
        await jump?.close()
    }

    /// What a copy has come to so far.
    package enum Progress: Sendable {
        /// How many bytes there will be, about.
        case total(Int64)
        /// How many more have passed.
        case moved(Int)
    }

    package typealias Report = @Sendable (Progress) -> Void

    /// The instance, or this machine, would not have it: in words.
    package struct Refused: Error, Sendable {
        package var message: String
    }

    // MARK: One exec

    func execute(
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

    static let cutOff = RemoteError(kind: .connectionLost, message: "the connection ended in the middle")
}

/// What a step says beside its data; a flood is cut off.
actor Words {
    private var bytes: [UInt8] = []

    /// - Returns: the size that a line of the supervisor announces, once.
    func take(_ buffer: ByteBuffer) -> Int64? {
        let isFirst = bytes.isEmpty
        bytes.append(contentsOf: buffer.readableBytesView.prefix(8192 - bytes.count))
        guard isFirst else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return words.count >= 2 && words[0] == "size" ? Int64(words[1]) : nil
    }

    /// Of steps that bring no data: both streams are words.
    func take(_ output: SSHOutput) {
        switch output {
        case .stdout(let bytes), .stderr(let bytes): _ = take(bytes)
        }
    }

    /// How many files the instance compared with what was sent.
    var verified: Int? {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("verified ") }.flatMap { Int($0.dropFirst(9)) }
    }

    var text: String {
        let all = String(decoding: bytes, as: UTF8.self)
        let lines = all.split(separator: "\n").filter {
            !$0.hasPrefix("size ") && !$0.hasPrefix("verified ") && $0 != "taken"
        }
        return lines.isEmpty ? "nothing" : lines.joined(separator: "; ")
    }
}
