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

    private nonisolated let channel: any Channel
    private nonisolated let executor: any SerialExecutor
    private nonisolated let bound: NIOLoopBound<SSHEngine>
    private nonisolated let lastID = Atomic<Int>(0)

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(endpoint: SSHEndpoint, hostKey: SSHPublicKey, socket: SSHSocket) {
        self.endpoint = endpoint
        self.hostKey = hostKey
        channel = socket.channel
        bound = socket.engine
        executor = socket.channel.eventLoop.executor
    }

    deinit {
        channel.close(mode: .all, promise: nil)
    }

    /// Says goodbye, ends every running command with ``SSHError/Code-swift.enum/closed``, and returns when the socket and
    /// all memory are free. Calling it again does nothing.
    public func close() async {
        bound.value.terminate(SSHError(.closed, "the connection was closed"))
        try? await channel.closeFuture.get()
    }

    /// Whether the connection can no longer start a command.
    public var isLost: Bool { bound.value.lost != nil }

    // MARK: Steps of one command, each on the loop

    nonisolated func newID() -> Int {
        lastID.add(1, ordering: .relaxed).newValue
    }

    func open(_ id: Int, _ command: String, _ options: SSHExecOptions) async throws {
        if Task.isCancelled { throw Self.cancelled }
        try await withCheckedThrowingContinuation { waiting in
            bound.value.open(id, command: command, options: options, waiting)
        }
    }

    func nextOutput(_ id: Int) async throws -> SSHOutput? {
        try await withCheckedThrowingContinuation { waiting in
            bound.value.read(id, waiting)
        }
    }

    func write(_ id: Int, _ bytes: ByteBuffer) async throws -> Bool {
        try await withCheckedThrowingContinuation { waiting in
            bound.value.write(id, bytes, waiting)
        }
    }

    func endInput(_ id: Int) {
        bound.value.endInput(id)
    }

    func finish(_ id: Int) -> SSHExit {
        bound.value.finish(id)
    }

    func abandon(_ id: Int, _ error: any Error) {
        bound.value.abandon(id, error)
    }

    /// From a cancellation handler, which cannot await.
    nonisolated func cancel(_ id: Int) {
        let bound = bound
        channel.eventLoop.execute { bound.value.abandon(id, Self.cancelled) }
    }

    static var cancelled: SSHError { SSHError(.cancelled, "the task was cancelled") }
}
