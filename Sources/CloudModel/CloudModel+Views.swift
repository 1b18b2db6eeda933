extension CloudModel {
    /// The instance as a client sees it now.
    public func view(_ instance: CloudInstance, now: Int64) -> CloudInstanceView {
        let quirks = instance.quirks
        let elapsed = now - (instance.since ?? instance.updatedAt)
        let isUp = instance.status != .creating && instance.status != .starting
        let shows =
            switch quirks?.address {
            case nil: true
            case .never: false
            case .by(let delay): isUp && elapsed >= delay
            }
        return CloudInstanceView(
            instance: instance,
            floatingIP: instance.floatingIP.flatMap { floatingIPs[$0] }.map { .init(id: $0.id, name: $0.name) },
            securityGroups: instance.securityGroups.map { group in
                .init(id: group.id, name: securityGroups[group.id]?.name ?? group.name)
            },
            volumes: instance.volumes.compactMap { volumes[$0] }.map { .init(id: $0.id, name: $0.name) },
            status: quirks?.word(for: instance.status, elapsed: elapsed) ?? instance.status.rawValue,
            privateIP: shows ? instance.privateIP : nil, publicIP: shows ? instance.publicIP : nil,
            sshPort: shows ? instance.sshPort : nil)
    }

    /// - Throws: 404.
    public func instanceView(_ id: String, now: Int64) throws(CloudRefusal) -> CloudInstanceView {
        view(try instance(id), now: now)
    }

    /// One page of all instances. Under a fault script it may lack fresh ones and show gone ones.
    /// - Parameter isWanted: which of the page's instances the caller looks at; the others are on it, and left out.
    public func instancePage(
        _ request: CloudPageRequest, now: Int64, wanting isWanted: (CloudInstance) -> Bool = { _ in true }
    ) -> CloudPage<CloudInstanceView> {
        guard ghosts.isEmpty, !hidden.values.contains(where: { $0 > now }) else {
            return lagging(request, now, isWanted)
        }
        return instances.page(request, wanting: isWanted).map { view($0, now: now) }
    }

    private func lagging(
        _ request: CloudPageRequest, _ now: Int64, _ isWanted: (CloudInstance) -> Bool
    ) -> CloudPage<CloudInstanceView> {
        let shown = instances.filter { (hidden[$0.id] ?? 0) <= now } + ghosts.map(\.instance)
        return request.cut(shown).wanted(isWanted).map { view($0, now: now) }
    }

    /// Remembers that listings do not show the instance yet.
    mutating func hide(_ instance: CloudInstance) {
        guard let delay = instance.quirks?.appearsAfter, delay > 0 else { return }
        hidden[instance.id] = instance.createdAt + delay
    }

    /// All snapshots that were taken of an instance, also of one that is gone.
    /// - Throws: 404 when there never was a trace of it.
    public func snapshotPage(
        ofInstance id: String, _ request: CloudPageRequest
    ) throws(CloudRefusal) -> CloudPage<CloudSnapshot> {
        let page = snapshots.page(request) { $0.resourceID == id }
        if page.totalCount == 0 { _ = try instance(id) }
        return page
    }

    public func page<Item>(
        _ table: KeyPath<CloudModel, CloudTable<Item>>, _ request: CloudPageRequest
    ) -> CloudPage<Item> {
        self[keyPath: table].page(request)
    }

    /// The instance a volume or floating IP belongs to, by name.
    public func user(_ instance: String?) -> CloudReference? {
        instance.flatMap { instances[$0] }.map { CloudReference(id: $0.id, name: $0.name) }
    }
}
