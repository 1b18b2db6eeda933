public import NIOCore

/// A command that runs on the server, as long as the scope that started it.
///
/// Its two outputs share one window: what is not read of one of them is held on this side, and once that fills the
/// window the command cannot write to the other one either. So read both at once, or one after the other when the first
/// is short, or let the command merge them. When a reader waits behind a full window of an output that nobody reads, the
/// process fails after ``SSHExecOptions/stallLimit`` instead of waiting for ever.
public struct SSHProcess: Sendable {
    let connection: SSHConnection
    let id: Int

    /// What the command writes to its standard output; in a terminal, all it writes.
    public var stdout: Output { Output(connection: connection, id: id, stream: .stdout) }
    /// What the command writes to its standard error.
    public var stderr: Output { Output(connection: connection, id: id, stream: .stderr) }
    /// What the command reads.
    public var stdin: Input { Input(connection: connection, id: id) }

    /// How the command ended; waits for it. Output that has not been read by then can still be read.
    ///
    /// A command that has more to write than fits the window does not end before somebody reads it.
    public var exit: SSHExit {
        get async throws { try await connection.exit(id) }
    }

    /// Tells the command's terminal a new size. Without a terminal, servers ignore it.
    public func resize(columns: Int, rows: Int) async {
        await connection.resize(id, SSHTerminalSize(columns: columns, rows: rows))
    }

    /// The command's input.
    public struct Input: Sendable {
        let connection: SSHConnection
        let id: Int

        /// Returns when all bytes are on their way; `false` when the command has ended. Cancelling the task ends the
        /// process: how much has been sent is not known then.
        @discardableResult
        public func write(_ bytes: ByteBuffer) async throws -> Bool {
            try await withTaskCancellationHandler {
                if Task.isCancelled { throw SSHConnection.cancelled }
                return try await connection.write(id, bytes)
            } onCancel: {
                connection.cancel(id)
            }
        }

        /// Announces the end of the input.
        public func finish() async {
            await connection.endInput(id)
        }
    }

    /// One of the command's outputs, piece by piece. The next piece is asked of the server only when the reader comes for
    /// it, up to the window. One reader at a time.
    public struct Output: AsyncSequence, Sendable {
        public typealias Element = ByteBuffer
        let connection: SSHConnection
        let id: Int
        let stream: SSHEngineChannel.Stream

        public func makeAsyncIterator() -> Iterator {
            Iterator(presence: Presence(connection, id, stream))
        }

        public struct Iterator: AsyncIteratorProtocol {
            fileprivate let presence: Presence

            /// Cancelling the task ends this call and loses nothing.
            /// - Throws: ``SSHError``: the connection was lost, or the process has failed.
            public mutating func next() async throws -> ByteBuffer? {
                switch try await presence.connection.next(presence.id, presence.stream) {
                case .stdout(let bytes), .stderr(let bytes): bytes
                case nil: nil
                }
            }
        }
    }

    /// Somebody reads an output, if slowly.
    fileprivate final class Presence: Sendable {
        let connection: SSHConnection
        let id: Int
        let stream: SSHEngineChannel.Stream

        init(_ connection: SSHConnection, _ id: Int, _ stream: SSHEngineChannel.Stream) {
            self.connection = connection
            self.id = id
            self.stream = stream
            connection.onLoop { $0.countReaders(id, stream, by: 1) }
        }

        deinit {
            connection.onLoop { [id, stream] in $0.countReaders(id, stream, by: -1) }
        }
    }
}

extension SSHConnection {
    /// Runs a command for as long as the closure does, which reads and writes its streams as it likes.
    ///
    /// When the closure returns, throws or is cancelled the channel is closed: the command's streams end, and whether the
    /// command ends with them is up to the command. Wait for ``SSHProcess/exit`` to see it through.
    ///
    /// - Parameters:
    ///   - command: A program with its arguments, or text for the login shell.
    ///   - environment: Set by `env` on the server, visible there in the list of processes for a moment.
    ///   - options: Window and terminal.
    ///   - body: Gets the running command.
    /// - Throws: ``SSHError``, or what `body` threw.
    public nonisolated func withProcess<Value: Sendable>(
        _ command: SSHCommand, environment: [String: String] = [:], options: SSHExecOptions = .init(),
        _ body: (SSHProcess) async throws -> Value
    ) async throws -> Value {
        let line = try command.line(environment: environment)
        let id = newID()
        try await withTaskCancellationHandler {
            try await open(id, .command(line, options))
        } onCancel: {
            cancel(id)
        }
        defer { onLoop { $0.abandon(id, SSHError(.closed, "the process' scope has ended")) } }
        return try await body(SSHProcess(connection: self, id: id))
    }
}
