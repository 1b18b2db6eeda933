import NIOCore

/// Who is next, and where.
extension SSHTunnelDesk {
    func dispatch() {
        guard !isClosed else { return }
        for waiter in waiters {
            guard let index = freeLane(for: waiter) else { continue }
            lanes[index].pending = (waiter.wish.target, .now())
            watchIdleness(index)
            settle(
                waiter.wish,
                .success(
                    Place(lane: lanes[index].id, connection: lanes[index].connection, deadline: waiter.deadline)))
        }
        guard needsAnother() else { return }
        isConnecting = true
        orders.yield(.connect)
    }

    /// Whether a target may have another opening beside those under way. One that is slow to answer holds up itself only.
    private func mayOpen(_ waiter: Waiter) -> Bool {
        let target = waiter.wish.target
        // Not worth a connection for its last moment.
        if silent.contains(target), waiter.deadline <= .now() + TimeAmount(limits.patience) { return false }
        return !lanes.contains { $0.pending?.target == target && isSlow($0) }
    }

    /// Whether something is being opened that takes long, or took so the last time.
    func isSlow(_ lane: Lane) -> Bool {
        guard let pending = lane.pending else { return false }
        return pending.since <= .now() - TimeAmount(limits.patience) || silent.contains(pending.target)
    }

    private func freeLane(for waiter: Waiter) -> Int? {
        guard mayOpen(waiter) else { return nil }
        // Tunnels on a connection whose opening is given up would keep it from ending.
        let needsEmpty = silent.contains(waiter.wish.target)
        return lanes.firstIndex { !$0.isRetired && $0.pending == nil && (!needsEmpty || $0.tunnels.isEmpty) }
    }

    private func needsAnother() -> Bool {
        guard !isConnecting, lanes.count < max(1, limits.connections), NIODeadline.now() >= noConnectBefore else {
            return false
        }
        // There is always one to open with, and to tell whether the server is still there.
        if !lanes.contains(where: { !$0.isRetired }) { return true }
        let patient = NIODeadline.now() - TimeAmount(limits.patience)
        let isHopeless = lanes.allSatisfy { $0.isRetired || isSlow($0) }
        return waiters.contains { waiter in
            mayOpen(waiter)
                && (isHopeless || waiter.since <= patient || silent.contains(waiter.wish.target))
        }
    }
}
