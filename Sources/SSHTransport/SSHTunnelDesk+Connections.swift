import NIOCore

/// The connections of the pool: how they come and go.
extension SSHTunnelDesk {
    func add(_ connection: SSHConnection) {
        isConnecting = false
        // Made while the pool was closed: let go is closed.
        guard !isClosed else { return }
        lastLane += 1
        lanes.append(Lane(id: lastLane, connection: connection))
        orders.yield(.watch(lane: lastLane, connection))
        watchIdleness(lanes.count - 1)
        dispatch()
    }

    /// Another connection could not be made. That is the end when there is none that can do instead.
    func couldNotConnect(_ error: any Error) {
        isConnecting = false
        guard lanes.contains(where: { !$0.isRetired }) else { return orders.finish(throwing: error) }
        noConnectBefore = .now() + Self.connectPause
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(deadline: noConnectBefore) { bound.value.dispatch() }
    }

    /// A connection has ended. One that opens nothing more concerns only its own tunnels.
    func lost(_ id: Int, _ error: SSHError) {
        guard let index = lanes.firstIndex(where: { $0.id == id }), !isClosed else { return }
        guard lanes[index].isRetired else { return orders.finish(throwing: error) }
        lanes.remove(at: index)
        dispatch()
    }

    /// - Returns: the connections, which are to be closed.
    func close() -> [SSHConnection] {
        isClosed = true
        for waiter in waiters { settle(waiter.wish, .failure(Self.closed)) }
        for lane in lanes { lane.idleTimer?.cancel() }
        defer { lanes.removeAll() }
        return lanes.map(\.connection)
    }

    static var closed: SSHError { SSHError(.closed, "the tunnels were closed") }

    func change(_ id: Int, _ body: (inout Lane) -> Void) {
        guard !isClosed, let index = lanes.firstIndex(where: { $0.id == id }) else { return }
        body(&lanes[index])
        if lanes[index].isRetired, lanes[index].isIdle { end(index) } else { watchIdleness(index) }
        dispatch()
    }

    private func end(_ index: Int) {
        let lane = lanes.remove(at: index)
        lane.idleTimer?.cancel()
        lane.connection.shut()
    }

    func watchIdleness(_ index: Int) {
        lanes[index].idleTimer?.cancel()
        lanes[index].idleTimer = nil
        guard lanes[index].isIdle else { return }
        let (id, bound) = (lanes[index].id, NIOLoopBound(self, eventLoop: eventLoop))
        lanes[index].idleTimer = eventLoop.scheduleTask(in: Self.idleLimit) { bound.value.endIfSpare(id) }
    }

    private func endIfSpare(_ id: Int) {
        guard let index = lanes.firstIndex(where: { $0.id == id }), lanes[index].isIdle,
            lanes.contains(where: { $0.id != id && !$0.isRetired })
        else { return }
        end(index)
    }
}
