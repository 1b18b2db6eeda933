import Glibc
import NIOCore
import SSHTransport

/// One file through `cat` at the other end.
struct BulkCase {
    private let server: Server
    private let isUpload: Bool
    private let remote: String
    private let local: String
    private let window: Int

    init(_ arguments: Arguments) throws {
        server = try Server(arguments)
        isUpload = try arguments.text("direction") == "up"
        remote = try arguments.text("remote")
        local = try arguments.text("local")
        window = try arguments.number("window", or: 32 << 20)
    }

    func run() async throws -> Measurement {
        var measurement = Measurement()
        let file = open(local, isUpload ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw Unexpected(description: "\(local) cannot be opened") }
        defer { close(file) }
        let connection = try await server.connect()
        let exit = try await isUpload ? send(file, over: connection) : receive(file, over: connection)
        await connection.close()
        measurement.stop()
        guard exit == .status(0) else { throw Unexpected(description: "`cat` ended with \(exit)") }
        return measurement
    }

    private func receive(_ file: Int32, over connection: SSHConnection) async throws -> SSHExit {
        try await connection.execute("cat '\(remote)'", options: SSHExecOptions(window: window)) { output in
            guard case .stdout(let bytes) = output else { return }
            try bytes.withUnsafeReadableBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    guard count > 0 else { throw Unexpected(description: "the file cannot be written") }
                    rest = rest.dropFirst(count)
                }
            }
        }
    }

    private func send(_ file: Int32, over connection: SSHConnection) async throws -> SSHExit {
        let options = SSHExecOptions(window: 1 << 17)
        let input = SSHInput.stream {
            var buffer = ByteBufferAllocator().buffer(capacity: 2 << 20)
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 2 << 20) { target in
                max(0, read(file, target.baseAddress, target.count))
            }
            return count > 0 ? buffer : nil
        }
        return try await connection.execute("cat >'\(remote)'", options: options, stdin: input) { _ in }
    }
}
