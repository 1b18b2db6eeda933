import NIOCore
import Synchronization

/// Decides on which connection of a pool a tunnel is opened, and when there has to be another. Lives on one event loop.
final class SSHTunnelDesk {
    /// Somebody wants a tunnel.
    final class Wish: Sendable {
        let id: Int
        let target: SSHEndpoint
        let isCancelled = Atomic<Bool>(false)

        init(id: Int, target: SSHEndpoint) {
            self.id = id
            self.target = target
        }
    }

    /// Where and by when it is to be opened. Whoever has a place says how it went.
    struct Place: Sendable {
        let lane: Int
        let connection: SSHConnection
        let deadline: NIODeadline
    }

    /// What the pool is to do.
    enum Order: Sendable {
        case watch(lane: Int, SSHConnection)
        case connect
    }

    /// One connection.
    struct Lane {
        let id: Int
        let connection: SSHConnection
        /// What is being opened, and since when.
        var pending: (target: SSHEndpoint, since: NIODeadline)?
        /// Its open tunnels, by their wishes.
        var tunnels: Set<Int> = []
        /// Opens no more.
        var isRetired = false
        /// Ends it when it is not needed.
        var idleTimer: Scheduled<Void>?

        var isIdle: Bool { pending == nil && tunnels.isEmpty }
    }

    /// A wish without a place.
    struct Waiter {
        let wish: Wish
        let since: NIODeadline
        let deadline: NIODeadline
        let timers: [Scheduled<Void>]
        let resume: (Result<Place, any Error>) -> Void
    }

    /// Connections that nothing needs are kept for this long.
    static let idleLimit = TimeAmount.seconds(30)
    /// A server that refused another connection is not asked again for this long.
    static let connectPause = TimeAmount.seconds(2)
    /// So many silent targets are remembered.
    static let silentLimit = 64

    let limits: SSHTunnelPool.Limits
    let eventLoop: any EventLoop
    let orders: AsyncThrowingStream<Order, any Error>.Continuation
    var lanes: [Lane] = []
    var waiters: [Waiter] = []
    /// Targets that did not answer the last time.
    var silent: Set<SSHEndpoint> = []
    var lastLane = 0
    var isConnecting = false
    var noConnectBefore = NIODeadline.distantPast
    var isClosed = false

    init(
        _ limits: SSHTunnelPool.Limits, eventLoop: any EventLoop,
        orders: AsyncThrowingStream<Order, any Error>.Continuation
    ) {
        self.limits = limits
        self.eventLoop = eventLoop
        self.orders = orders
    }

    // MARK: Openings

    func place(_ wish: Wish, _ resume: @escaping (Result<Place, any Error>) -> Void) {
        if isClosed { return resume(.failure(Self.closed)) }
        if wish.isCancelled.load(ordering: .relaxed) { return resume(.failure(SSHConnection.cancelled)) }
        let now = NIODeadline.now()
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let timers = [
            // Somebody may have to be asked for another connection then.
            eventLoop.scheduleTask(in: TimeAmount(limits.patience)) { bound.value.dispatch() },
            eventLoop.scheduleTask(in: TimeAmount(limits.opening)) { bound.value.giveUp(wish) },
        ]
        waiters.append(
            Waiter(
                wish: wish, since: now, deadline: now + TimeAmount(limits.opening), timers: timers, resume: resume))
        dispatch()
    }

    func cancel(_ wish: Wish) { settle(wish, .failure(SSHConnection.cancelled)) }

    func opened(_ wish: Wish, on id: Int) {
        silent.remove(wish.target)
        change(id) { lane in
            lane.pending = nil
            lane.tunnels.insert(wish.id)
        }
    }

    func failed(_ wish: Wish, on id: Int, _ error: any Error) {
        let error = error as? SSHError
        let isLate = error?.code == .timedOut || error?.libraryCode.map(SSHError.isTimeout) == true
        let isSlow = lanes.contains { $0.id == id && self.isSlow($0) }
        if isLate, isSlow, silent.count < Self.silentLimit { silent.insert(wish.target) }
        if error?.code == .channelFailed, !isLate { silent.remove(wish.target) }
        change(id) { lane in
            lane.pending = nil
            // Its answer is still to come.
            if isLate || error?.code == .cancelled { lane.isRetired = true }
        }
    }

    func ended(_ wish: Wish, on id: Int) {
        change(id) { $0.tunnels.remove(wish.id) }
    }

    func giveUp(_ wish: Wish) {
        let isAlone = !silent.contains(wish.target) && !lanes.contains { $0.pending?.target == wish.target }
        settle(
            wish,
            .failure(
                SSHError(
                    .timedOut,
                    isAlone
                        ? "no connection for a tunnel to \(wish.target) was free within \(limits.opening)"
                        : "\(wish.target) behind the server has not answered within \(limits.opening)")))
    }

    func settle(_ wish: Wish, _ result: Result<Place, any Error>) {
        guard let index = waiters.firstIndex(where: { $0.wish === wish }) else { return }
        let waiter = waiters.remove(at: index)
        for timer in waiter.timers { timer.cancel() }
        waiter.resume(result)
    }
}
