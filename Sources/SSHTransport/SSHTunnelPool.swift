import NIOCore
import Synchronization

/// Tunnels whose targets do not wait for one another.
///
/// libssh2 stands one opening per connection at a time, and one that is given up still awaits its answer: a target that
/// swallows packets would hold up whatever is opened after it, for a minute, and its late answer would end the connection
/// if another opening waited. So a pool has connections for nothing but tunnels, and makes more when openings take long. Each
/// bears one pending opening; one whose opening was given up opens nothing more and ends with its last tunnel.
///
/// A target holds up nobody but itself: further openings to one that has not answered yet for ``Limits/patience`` wait for
/// it or for their own deadline, and a target that was once silent gets only connections without tunnels.
public final class SSHTunnelPool: Sendable {
    /// What a pool may take.
    public struct Limits: Sendable, Hashable {
        /// Connections at once, those included that only end their tunnels.
        public var connections: Int
        /// How long an opening may take before others get another connection instead of waiting for it.
        public var patience: Duration
        /// How long an opening may take, waiting for a connection included.
        public var opening: Duration

        /// Each value is described at its property.
        public init(
            connections: Int = 8, patience: Duration = .milliseconds(250), opening: Duration = .seconds(15)
        ) {
            self.connections = connections
            self.patience = patience
            self.opening = opening
        }
    }

    let eventLoop: any EventLoop
    private let limits: Limits
    private let desk: NIOLoopBoundBox<SSHTunnelDesk>
    private let orders: AsyncThrowingStream<SSHTunnelDesk.Order, any Error>
    private let lastID = Atomic<Int>(0)

    private init(_ first: SSHConnection, _ limits: Limits) {
        eventLoop = first.eventLoop
        self.limits = limits
        let (orders, orderer) = AsyncThrowingStream<SSHTunnelDesk.Order, any Error>.makeStream()
        self.orders = orders
        desk = .makeBoxSendingValue(
            SSHTunnelDesk(limits, eventLoop: first.eventLoop, orders: orderer), eventLoop: first.eventLoop)
        onLoop { $0.add(first) }
    }

    /// Lends a pool, until `body` ends or a connection of the pool is lost: then `body` is cancelled.
    ///
    /// - Parameters:
    ///   - first: The pool's first connection. It belongs to the pool, which closes it like all the others.
    ///   - limits: What the pool may take.
    ///   - connect: Makes another connection to the same server.
    /// - Throws: What `body` threw; ``SSHError``, why a connection was lost; what `connect` threw, when no other connection
    ///   of the pool could do instead.
    public static func with<Value: Sendable>(
        _ first: SSHConnection, limits: Limits = .init(),
        connect: @escaping @Sendable () async throws -> SSHConnection,
        _ body: @escaping @Sendable (SSHTunnelPool) async throws -> Value
    ) async throws -> Value {
        let pool = SSHTunnelPool(first, limits)
        let result: Result<Value, any Error>
        do {
            result = .success(
                try await withThrowingTaskGroup(of: Value?.self) { group in
                    defer { group.cancelAll() }
                    group.addTask {
                        try await pool.serve(connect)
                        return nil
                    }
                    group.addTask { try await body(pool) }
                    while let value = try await group.next() {
                        if let value { return value }
                    }
                    throw SSHConnection.cancelled
                })
        } catch {
            result = .failure(error)
        }
        await pool.close()
        return try result.get()
    }

    /// Like ``SSHConnection/openTunnel(to:from:window:)``, on whichever connection of the pool is free.
    ///
    /// - Throws: ``SSHError`` with code ``SSHError/Code-swift.enum/channelFailed`` when the server cannot or must not
    ///   connect there, ``SSHError/Code-swift.enum/timedOut`` when the target has not answered within ``Limits/opening``.
    ///   Cancelling the task gives the opening up.
    public func openTunnel(
        to target: SSHEndpoint, from origin: SSHEndpoint = SSHEndpoint(host: "127.0.0.1", port: 0),
        window: Int = 2 << 20
    ) async throws -> SSHTunnel {
        let wish = SSHTunnelDesk.Wish(id: newID(), target: target)
        let place = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiting in
                onLoop { $0.place(wish) { waiting.resume(with: $0) } }
            }
        } onCancel: {
            wish.isCancelled.store(true, ordering: .relaxed)
            onLoop { $0.cancel(wish) }
        }
        let channel = place.connection.newID()
        do {
            try await place.connection.openTunnel(
                channel, to: target, from: origin, window: window, by: place.deadline,
                SSHError(.timedOut, "\(target) behind the server has not answered within \(limits.opening)"))
        } catch {
            onLoop { $0.failed(wish, on: place.lane, error) }
            throw error
        }
        onLoop { $0.opened(wish, on: place.lane) }
        return SSHTunnel(place.connection, channel, to: target) { [self] in
            onLoop { $0.ended(wish, on: place.lane) }
        }
    }

    /// Makes a port of this machine lead to a target behind the server; see
    /// ``SSHConnection/forward(from:to:window:onEvent:)``. Returns when its task is cancelled.
    public func forward(
        from local: SSHEndpoint = SSHEndpoint(host: "127.0.0.1", port: 0), to target: SSHEndpoint,
        window: Int = 2 << 20,
        onEvent: @escaping @Sendable (SSHForwardEvent) -> Void
    ) async throws {
        let forward = SSHForward(target: target, onEvent: onEvent) { origin in
            try await self.openTunnel(to: target, from: origin, window: window)
        }
        try await forward.run(at: local, on: eventLoop)
    }

    // MARK: Connections

    /// Makes the connections that the desk asks for, and watches them.
    /// - Throws: why there can be no more tunnels.
    private func serve(_ connect: @escaping @Sendable () async throws -> SSHConnection) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            defer { group.cancelAll() }
            for try await order in orders {
                group.addTask { [self] in
                    switch order {
                    case .watch(let lane, let connection):
                        guard let loss = await connection.whenLost() else { return }
                        onLoop { $0.lost(lane, loss) }
                    case .connect:
                        do {
                            let connection = try await connect()
                            onLoop { $0.add(connection) }
                        } catch {
                            onLoop { $0.couldNotConnect(error) }
                        }
                    }
                }
            }
        }
    }

    private func close() async {
        let connections = try? await eventLoop.submit { self.desk.value.close() }.get()
        for connection in connections ?? [] { await connection.close() }
    }

    private func newID() -> Int { lastID.add(1, ordering: .relaxed).newValue }

    private func onLoop(_ body: @escaping @Sendable (SSHTunnelDesk) -> Void) {
        eventLoop.execute { [desk] in body(desk.value) }
    }
}
