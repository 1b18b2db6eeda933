import NIOCore

/// Carries one connection through a tunnel of another, the jump host's. Both live on the same loop, so bytes pass from
/// engine to engine without a copy and without waiting.
final class SSHTunnelLink: SSHLink {
    let eventLoop: any EventLoop
    /// Kept alive by the connections it carries.
    private let jump: SSHConnection
    private let outer: SSHEngine
    private let inner: SSHEngine
    private let id: Int
    private let closed: EventLoopPromise<Void>

    /// Encoded by the inner engine, not yet asked of the outer one.
    private var outbox = ByteBuffer()
    private var inFlight = 0
    private var isShut = false

    init(_ inner: SSHEngine, through jump: SSHConnection, _ outer: SSHEngine, channel id: Int) {
        self.inner = inner
        self.jump = jump
        self.outer = outer
        self.id = id
        eventLoop = jump.eventLoop
        closed = jump.eventLoop.makePromise()
    }

    var closeFuture: EventLoopFuture<Void> { closed.futureResult }

    func start() {
        inner.context = self
        inner.eventLoop = eventLoop
        read()
    }

    var isWritable: Bool {
        !isShut && outbox.readableBytes + inFlight < inner.configuration.outboundLimit
    }

    // MARK: Inner to outer

    func send(_ bytes: ByteBuffer) {
        guard !isShut else { return }
        outbox.writeImmutableBuffer(bytes)
        if inFlight == 0 { write() }
    }

    private func write() {
        let bytes = outbox
        outbox = ByteBuffer()
        inFlight = bytes.readableBytes
        outer.write(id, bytes) { [self] result in
            inFlight = 0
            // That the tunnel has ended shows, with its reason, on the reading side.
            guard !isShut, case .success(true) = result else { return }
            if outbox.readableBytes > 0 { write() }
            inner.pump()
        }
    }

    // MARK: Outer to inner

    func read() {
        guard !isShut else { return }
        outer.read(id, .stdout, token: id) { [self] result in
            guard !isShut else { return }
            switch result {
            case .success(.stdout(var bytes)):
                inner.received(&bytes)
                inner.pump()
                if !isShut, inner.mayRead() { read() }
            case .success:
                inner.ended(SSHError(.connectionLost, "the server closed the connection"))
            case .failure(let error):
                let reason = (error as? SSHError)?.message ?? "\(error)"
                inner.ended(SSHError(.jumpFailed, "the jump host \(jump.endpoint) no longer carries this: \(reason)"))
            }
        }
    }

    // MARK: The end

    func shut() {
        guard !isShut else { return }
        isShut = true
        outer.abandon(id, SSHError(.closed, "the connection through this tunnel has ended"))
        inner.ended(SSHError(.connectionLost, "the connection ended"))
        inner.context = nil
        closed.succeed()
    }
}
