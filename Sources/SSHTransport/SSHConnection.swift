import NIOCore
import Synchronization

/// A logged-in connection on which any number of commands run at once.
///
/// The actor runs on its socket's event loop, so a connection costs no thread and its calls take no lock. Close it with
/// ``close()``; one that is merely let go is closed without a goodbye.
public actor SSHConnection {
    public nonisolated let endpoint: SSHEndpoint
    /// The key the server proved to hold.
    public nonisolated let hostKey: SSHPublicKey
    /// About how long the server is away, as the login showed it: an upper bound, never exact. What is transferred in bulk
    /// gets a window (``SSHExecOptions/window``) of what fits into this time: less limits the rate, and much more costs
    /// OpenSSH's server processor time without any gain.
    public nonisolated let roundTrip: Duration

    private nonisolated let channel: SSHCarrier
    private nonisolated let executor: any SerialExecutor
    nonisolated let bound: NIOLoopBound<SSHEngine>
    private nonisolated let lastID = Atomic<Int>(0)

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(endpoint: SSHEndpoint, hostKey: SSHPublicKey, roundTrip: Duration, socket: SSHSocket) {
        self.endpoint = endpoint
        self.hostKey = hostKey
        self.roundTrip = roundTrip
        channel = socket.channel
        bound = socket.engine
        executor = socket.channel.eventLoop.executor
    }

    deinit {
        channel.close()
    }

    /// Says goodbye, ends every running command with ``SSHError/Code-swift.enum/closed``, and returns when the socket and
    /// all memory are free. Calling it again does nothing.
    public nonisolated func close() async {
        let closed = channel.closeFuture
        try? await channel.eventLoop.flatSubmit { [bound] in
            bound.value.terminate(SSHError(.closed, "the connection was closed"))
            return closed
        }.get()
    }

    /// Closes without waiting for it.
    nonisolated func shut() {
        onLoop { $0.terminate(SSHError(.closed, "the connection was closed")) }
    }

    /// Whether the connection can no longer start a command.
    public var isLost: Bool { bound.value.lost != nil }

    /// Waits until the connection is lost or closed, and returns why. `nil` when the waiting task is cancelled.
    public nonisolated func whenLost() async -> SSHError? {
        let id = newID()
        return await withTaskCancellationHandler {
            await loss(id)
        } onCancel: {
            onLoop { $0.stopWatching(id) }
        }
    }

    private func loss(_ id: Int) async -> SSHError? {
        if Task.isCancelled { return nil }
        return await withCheckedContinuation { waiting in
            bound.value.whenLost(id) { waiting.resume(returning: $0) }
        }
    }

    // MARK: Steps of one channel, each on the loop

    nonisolated func newID() -> Int {
        lastID.add(1, ordering: .relaxed).newValue
    }

    /// - Parameter limit: when it is too late to begin, and the error that says so.
    func open(
        _ id: Int, _ purpose: SSHEngineChannel.Purpose, by limit: (time: NIODeadline, error: SSHError)? = nil
    ) async throws {
        if Task.isCancelled { throw Self.cancelled }
        if let limit, NIODeadline.now() >= limit.time { throw limit.error }
        try await withCheckedThrowingContinuation { waiting in
            bound.value.open(id, purpose) { waiting.resume(with: $0) }
        }
    }

    /// Cancelling ends only this read.
    nonisolated func next(_ id: Int, _ stream: SSHEngineChannel.Stream) async throws -> SSHOutput? {
        let token = newID()
        return try await withTaskCancellationHandler {
            try await read(id, stream, token)
        } onCancel: {
            onLoop { $0.cancelRead(id, token: token) }
        }
    }

    private func read(_ id: Int, _ stream: SSHEngineChannel.Stream, _ token: Int) async throws -> SSHOutput? {
        if Task.isCancelled { throw Self.cancelled }
        return try await withCheckedThrowingContinuation { waiting in
            bound.value.read(id, stream, token: token) { waiting.resume(with: $0) }
        }
    }

    /// Cancelling ends only this wait.
    nonisolated func exit(_ id: Int) async throws -> SSHExit {
        let token = newID()
        return try await withTaskCancellationHandler {
            try await awaitExit(id, token)
        } onCancel: {
            onLoop { $0.cancelExit(id, token: token) }
        }
    }

    private func awaitExit(_ id: Int, _ token: Int) async throws -> SSHExit {
        if Task.isCancelled { throw Self.cancelled }
        return try await withCheckedThrowingContinuation { waiting in
            bound.value.exit(id, token: token) { waiting.resume(with: $0) }
        }
    }

    func resize(_ id: Int, _ size: SSHTerminalSize) {
        bound.value.resize(id, size)
    }

    /// Opens a channel and waits for its first output, without leaving the loop in between.
    nonisolated func start(
        _ id: Int, _ purpose: SSHEngineChannel.Purpose, input: ByteBuffer?,
        unless isCancelled: @escaping @Sendable () -> Bool
    ) async throws -> SSHEngine.Turn {
        try await withCheckedThrowingContinuation { waiting in
            onLoop { engine in
                if isCancelled() { return waiting.resume(throwing: Self.cancelled) }
                engine.start(id, purpose, input: input) { waiting.resume(with: $0) }
            }
        }
    }

    nonisolated func nextTurn(_ id: Int) async throws -> SSHEngine.Turn {
        try await withCheckedThrowingContinuation { waiting in
            onLoop { $0.nextTurn(id) { waiting.resume(with: $0) } }
        }
    }

    func write(_ id: Int, _ bytes: ByteBuffer) async throws -> Bool {
        try await withCheckedThrowingContinuation { waiting in
            bound.value.write(id, bytes) { waiting.resume(with: $0) }
        }
    }

    /// What ended a channel that takes no more bytes.
    func whyClosed(_ id: Int, _ otherwise: String) -> any Error {
        bound.value.end(of: id) ?? SSHError(.channelFailed, otherwise)
    }

    func endInput(_ id: Int) {
        bound.value.endInput(id)
    }

    func abandon(_ id: Int, _ error: any Error) {
        bound.value.abandon(id, error)
    }

    /// From a cancellation handler, which cannot await.
    nonisolated func cancel(_ id: Int) {
        onLoop { $0.abandon(id, Self.cancelled) }
    }

    nonisolated var eventLoop: any EventLoop { channel.eventLoop }

    nonisolated func onLoop(
        after delay: Duration, _ body: @escaping @Sendable (SSHEngine) -> Void
    ) -> Scheduled<Void> {
        let bound = bound
        return channel.eventLoop.scheduleTask(in: TimeAmount(delay)) { body(bound.value) }
    }

    nonisolated func onLoop(_ body: @escaping @Sendable (SSHEngine) -> Void) {
        let bound = bound
        channel.eventLoop.execute { body(bound.value) }
    }

    static var cancelled: SSHError { SSHError(.cancelled, "the task was cancelled") }
}
