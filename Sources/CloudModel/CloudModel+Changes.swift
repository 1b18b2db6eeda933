/// Everything that one step has changed, fit to be written down.
public struct CloudChanges: Codable, Sendable {
    var instances: [CloudChange<CloudInstance>]?
    var snapshots: [CloudChange<CloudSnapshot>]?
    var sshKeys: [CloudChange<CloudSSHKey>]?
    var volumes: [CloudChange<CloudVolume>]?
    var filesystems: [CloudChange<CloudFilesystem>]?
    var securityGroups: [CloudChange<CloudSecurityGroup>]?
    var floatingIPs: [CloudChange<CloudFloatingIP>]?
    var ghosts: [CloudChange<CloudGhost>]?

    public var isEmpty: Bool {
        instances == nil && snapshots == nil && sshKeys == nil && volumes == nil && filesystems == nil
            && securityGroups == nil && floatingIPs == nil && ghosts == nil
    }
}

extension CloudModel {
    /// Whether changes are remembered for ``changes`` and ``rollBack()``.
    public var tracksChanges: Bool {
        get { instances.isTracking }
        set {
            instances.isTracking = newValue
            snapshots.isTracking = newValue
            sshKeys.isTracking = newValue
            volumes.isTracking = newValue
            filesystems.isTracking = newValue
            securityGroups.isTracking = newValue
            floatingIPs.isTracking = newValue
            ghosts.isTracking = newValue
        }
    }

    /// What has changed since the last ``confirmChanges()``.
    public var changes: CloudChanges {
        func some<Item>(_ changes: [CloudChange<Item>]) -> [CloudChange<Item>]? { changes.isEmpty ? nil : changes }
        return CloudChanges(
            instances: some(instances.changes), snapshots: some(snapshots.changes), sshKeys: some(sshKeys.changes),
            volumes: some(volumes.changes), filesystems: some(filesystems.changes),
            securityGroups: some(securityGroups.changes), floatingIPs: some(floatingIPs.changes),
            ghosts: some(ghosts.changes))
    }

    /// The changes are written down: they count.
    public mutating func confirmChanges() {
        instances.confirm()
        snapshots.confirm()
        sshKeys.confirm()
        volumes.confirm()
        filesystems.confirm()
        securityGroups.confirm()
        floatingIPs.confirm()
        ghosts.confirm()
    }

    /// Undoes what has changed since the last ``confirmChanges()``.
    public mutating func rollBack() {
        instances.rollBack()
        snapshots.rollBack()
        sshKeys.rollBack()
        volumes.rollBack()
        filesystems.rollBack()
        securityGroups.rollBack()
        floatingIPs.rollBack()
        ghosts.rollBack()
        rebuildTimers()
    }

    /// Does again what was written down.
    public mutating func apply(_ changes: CloudChanges) {
        instances.apply(changes.instances ?? [])
        snapshots.apply(changes.snapshots ?? [])
        sshKeys.apply(changes.sshKeys ?? [])
        volumes.apply(changes.volumes ?? [])
        filesystems.apply(changes.filesystems ?? [])
        securityGroups.apply(changes.securityGroups ?? [])
        floatingIPs.apply(changes.floatingIPs ?? [])
        ghosts.apply(changes.ghosts ?? [])
    }

    /// To be called once after ``apply(_:)``: works out what is due when.
    public mutating func rebuildTimers() {
        timers = CloudTimers()
        hidden = [:]
        for instance in instances {
            schedule(instance)
            hide(instance)
        }
        for ghost in ghosts { timers.add(.ghost, ghost.id, at: ghost.until) }
        for snapshot in snapshots where snapshot.isSettled { timers.add(.snapshot, snapshot.id, at: snapshot.due) }
        for volume in volumes where volume.isSettled { timers.add(.volume, volume.id, at: volume.due) }
        for filesystem in filesystems { timers.add(.filesystem, filesystem.id, at: filesystem.due) }
        for group in securityGroups { timers.add(.securityGroup, group.id, at: group.due) }
        for address in floatingIPs { timers.add(.floatingIP, address.id, at: address.due) }
    }
}

extension CloudModel: Codable {
    private enum CodingKeys: String, CodingKey {
        case instances, snapshots, sshKeys, volumes, filesystems, securityGroups, floatingIPs, ghosts
    }

    /// Also reads what earlier builds wrote, which knew instances, snapshots and keys only. Delays and limits are
    /// settings of a run, not part of the state.
    public init(from decoder: any Decoder) throws {
        let stored = try decoder.container(keyedBy: CodingKeys.self)
        delays = Delays()
        instances = try stored.decodeIfPresent(CloudTable<CloudInstance>.self, forKey: .instances) ?? .init()
        snapshots = try stored.decodeIfPresent(CloudTable<CloudSnapshot>.self, forKey: .snapshots) ?? .init()
        sshKeys = try stored.decodeIfPresent(CloudTable<CloudSSHKey>.self, forKey: .sshKeys) ?? .init()
        volumes = try stored.decodeIfPresent(CloudTable<CloudVolume>.self, forKey: .volumes) ?? .init()
        filesystems = try stored.decodeIfPresent(CloudTable<CloudFilesystem>.self, forKey: .filesystems) ?? .init()
        securityGroups =
            try stored.decodeIfPresent(CloudTable<CloudSecurityGroup>.self, forKey: .securityGroups) ?? .init()
        floatingIPs = try stored.decodeIfPresent(CloudTable<CloudFloatingIP>.self, forKey: .floatingIPs) ?? .init()
        ghosts = try stored.decodeIfPresent(CloudTable<CloudGhost>.self, forKey: .ghosts) ?? .init()
        addInternalGroups()
        rebuildTimers()
    }

    /// The stored form table by table, for whoever writes it down item by item: ``encode(to:)`` needs memory for all of it
    /// at once.
    public func storedTables(_ visit: (_ key: String, _ items: AnySequence<any Encodable>) throws -> Void) rethrows {
        func items(_ table: some Sequence<some CloudResource>) -> AnySequence<any Encodable> {
            AnySequence(table.lazy.map { $0 as any Encodable })
        }
        try visit(CodingKeys.instances.rawValue, items(instances))
        try visit(CodingKeys.snapshots.rawValue, items(snapshots))
        try visit(CodingKeys.sshKeys.rawValue, items(sshKeys))
        try visit(CodingKeys.volumes.rawValue, items(volumes))
        try visit(CodingKeys.filesystems.rawValue, items(filesystems))
        try visit(CodingKeys.securityGroups.rawValue, items(securityGroups))
        try visit(CodingKeys.floatingIPs.rawValue, items(floatingIPs))
        try visit(CodingKeys.ghosts.rawValue, items(ghosts))
    }

    public func encode(to encoder: any Encoder) throws {
        var stored = encoder.container(keyedBy: CodingKeys.self)
        try stored.encode(instances, forKey: .instances)
        try stored.encode(snapshots, forKey: .snapshots)
        try stored.encode(sshKeys, forKey: .sshKeys)
        try stored.encode(volumes, forKey: .volumes)
        try stored.encode(filesystems, forKey: .filesystems)
        try stored.encode(securityGroups, forKey: .securityGroups)
        try stored.encode(floatingIPs, forKey: .floatingIPs)
        try stored.encode(ghosts, forKey: .ghosts)
    }
}
