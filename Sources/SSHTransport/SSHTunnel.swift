public import NIOCore

/// A TCP connection that the server makes on our behalf (RFC 4254 7.2), with a byte stream in each direction.
///
/// Both directions are back-pressured and end on their own: the peer's end shows as `nil` from ``read()``, ours is
/// announced by ``finish()``. One task may read while another writes. A tunnel that is let go is closed.
public final class SSHTunnel: Sendable {
    /// What the server connected to.
    public let target: SSHEndpoint
    private let connection: SSHConnection
    private let id: Int
    private let onEnd: (@Sendable () -> Void)?

    /// - Parameter onEnd: called when the tunnel is closed, perhaps more than once.
    init(
        _ connection: SSHConnection, _ id: Int, to target: SSHEndpoint, onEnd: (@Sendable () -> Void)? = nil
    ) {
        self.connection = connection
        self.id = id
        self.target = target
        self.onEnd = onEnd
    }

    deinit {
        close()
    }

    /// The next piece, or `nil` when the peer has ended its direction and everything has been read.
    ///
    /// Cancelling the task ends this call and loses nothing.
    /// - Throws: ``SSHError``: the connection was lost, or the tunnel closed.
    public func read() async throws -> ByteBuffer? {
        guard case .stdout(let bytes) = try await connection.next(id, .stdout) else { return nil }
        return bytes
    }

    /// Returns when all bytes are on their way, which is when the next ones are welcome.
    ///
    /// Cancelling the task closes the tunnel: how much has been sent is not known then.
    /// - Throws: ``SSHError``, with code ``SSHError/Code-swift.enum/channelFailed`` when the peer takes no more.
    public func write(_ bytes: ByteBuffer) async throws {
        let isTaken = try await withTaskCancellationHandler {
            if Task.isCancelled { throw SSHConnection.cancelled }
            return try await connection.write(id, bytes)
        } onCancel: {
            connection.cancel(id)
        }
        if !isTaken { throw await connection.whyClosed(id, "\(target) takes no more bytes") }
    }

    /// Tells the peer that no more bytes will come. Reading goes on.
    public func finish() async {
        await connection.endInput(id)
    }

    /// Ends both directions at once. Whoever still reads or writes gets ``SSHError/Code-swift.enum/closed``.
    public func close() {
        let id = id
        connection.onLoop { $0.abandon(id, SSHError(.closed, "the tunnel was closed")) }
        onEnd?()
    }
}

extension SSHConnection {
    /// Lets the server connect to another host, as seen from there.
    ///
    /// The server is asked for one channel at a time: a target that swallows packets delays the channels that are asked
    /// for after it, for a minute at most; open channels are not affected. When it has not answered by then, this connection
    /// opens nothing for five minutes, and ends when nothing runs on it. An ``SSHTunnelPool`` has neither limit.
    ///
    /// - Parameters:
    ///   - target: Resolved and reached by the server.
    ///   - origin: For whom the connection is made; servers log it.
    ///   - window: Bytes the peer may send ahead of the reader.
    /// - Throws: ``SSHError`` with code ``SSHError/Code-swift.enum/channelFailed`` when the server cannot or must not
    ///   connect there; the message says which. Cancelling the task gives the opening up.
    public nonisolated func openTunnel(
        to target: SSHEndpoint, from origin: SSHEndpoint = SSHEndpoint(host: "127.0.0.1", port: 0),
        window: Int = 2 << 20
    ) async throws -> SSHTunnel {
        let id = newID()
        return try await withTaskCancellationHandler {
            try await open(id, .tunnel(to: target, from: origin, window: window))
            return SSHTunnel(self, id, to: target)
        } onCancel: {
            cancel(id)
        }
    }

    /// Opens a tunnel's channel, or gives that up at a time.
    nonisolated func openTunnel(
        _ id: Int, to target: SSHEndpoint, from origin: SSHEndpoint, window: Int, by limit: NIODeadline,
        _ late: SSHError
    ) async throws {
        let deadline = bound.eventLoop.scheduleTask(deadline: limit) { [bound] in bound.value.giveUpOpening(id, late) }
        defer { deadline.cancel() }
        try await withTaskCancellationHandler {
            try await open(id, .tunnel(to: target, from: origin, window: window), by: (limit, late))
        } onCancel: {
            cancel(id)
        }
    }

    /// Opens a tunnel, hands it over, and closes it whatever happens.
    public nonisolated func withTunnel<Value: Sendable>(
        to target: SSHEndpoint, window: Int = 2 << 20, _ body: (SSHTunnel) async throws -> Value
    ) async throws -> Value {
        let tunnel = try await openTunnel(to: target, window: window)
        defer { tunnel.close() }
        return try await body(tunnel)
    }
}
