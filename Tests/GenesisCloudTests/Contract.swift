import GenesisCloud
import Testing

/// One walk through every operation of the API, for any server that speaks it: canned answers, the local cloud, the
/// service itself.
struct Contract {
    /// The parts of the API that a server has.
    enum Part: Hashable, CaseIterable {
        case instances, snapshots, sshKeys, images, volumes, filesystems, securityGroups, floatingIPs, account, cloning
    }

    let client: GenesisCloudClient
    var parts = Set(Part.allCases)
    /// Whether what was set can be read again; canned answers are always the same.
    var keepsState = true
    var type = "vcpu-2_memory-4g_disk-80g"
    var region = "ARC-IS-HAF-1"
    var image = "ubuntu-22.04"
    var publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx1HHX1gvrdT2kAEIcBbqjLTAPqxXj5l6S6ppCcZz6T contract"

    func run() async throws {
        if parts.contains(.account) { try await account() }
        if parts.contains(.images) { try await images() }
        if parts.contains(.filesystems) { try await filesystems() }
        if parts.contains(.floatingIPs) { try await floatingIPs() }
        let key = try await sshKey()
        let group = parts.contains(.securityGroups) ? try await securityGroup() : nil
        let volume = parts.contains(.volumes) ? try await volume() : nil
        try await instance(key, group, volume)
        if let volume { try await client.deleteVolume(volume) }
        if let group { try await client.deleteSecurityGroup(group) }
        try await client.deleteSSHKey(key)
        try await expectGone { try await client.sshKey(key) }
    }

    // MARK: Instances

    private func instance(_ key: SSHKey.ID, _ group: SecurityGroup.ID?, _ volume: Volume.ID?) async throws {
        let made = try await client.createInstance(
            CreateInstanceRequest(
                name: "contract", hostname: "contract", type: type, region: region, image: image, sshKeys: [key]))
        #expect(!made.id.rawValue.isEmpty && made.hostname.isEmpty == false)
        expectState(made.name, "contract")
        expectState(made.type, type)
        expectState(made.region, region)
        expectState(made.sshKeys.map(\.id), [key])

        let ready = try await client.waitUntilReachable(made.id, timeout: .seconds(60))
        #expect(ready.isReachable)
        #expect(try await client.instance(made.id).id == made.id)
        #expect(try await client.observe(made.id)?.id == made.id)
        #expect(try await client.listInstances().contains { $0.id == made.id })

        try await update(made.id)
        if let group {
            let grouped = try await client.updateInstance(
                made.id, UpdateInstanceRequest(securityGroups: .replace([group])))
            expectState(grouped.securityGroups.map(\.id), [group])
            if keepsState {
                let none = try await client.updateInstance(made.id, UpdateInstanceRequest(securityGroups: .replace([])))
                #expect(none.securityGroups.isEmpty)
            }
        }
        if let volume { try await attach(volume, to: made.id) }
        if parts.contains(.snapshots) { try await snapshot(of: made.id) }
        try await act(on: made.id)

        try await client.destroyInstance(made.id)
        if keepsState {
            try await client.waitUntilGone(made.id, timeout: .seconds(60))
            #expect(try await client.absence(of: made.id, anchor: key) == .gone)
            #expect(try await client.absence(of: made.id, anchor: "no-such-key") == .anchorNotSeen)
            try await expectGone { try await client.instance(made.id) }
        }
    }

    private func update(_ id: Instance.ID) async throws {
        let updated = try await client.updateInstance(
            id, UpdateInstanceRequest(name: "My Genesis Cloud instance", isProtected: true))
        expectState(updated.name, "My Genesis Cloud instance")
        expectState(updated.hostname, "contract")
        guard keepsState else { return }
        #expect(updated.isProtected != false)
        let refused = await #expect(throws: GenesisCloudError.self) { try await client.destroyInstance(id) }
        #expect(refused?.requestMayHaveTakenEffect == false)
        _ = try await client.updateInstance(id, UpdateInstanceRequest(isProtected: false))
        let shrunk = await #expect(throws: GenesisCloudError.self) {
            _ = try await client.updateInstance(id, UpdateInstanceRequest(diskSizeGiB: 10))
        }
        #expect(shrunk?.field == "disk_size")
    }

    private func attach(_ volume: Volume.ID, to id: Instance.ID) async throws {
        let attached = try await client.updateInstance(id, UpdateInstanceRequest(volumes: .replace([volume])))
        expectState(attached.volumes.map(\.id), [volume])
        guard keepsState else { return }
        let detached = try await client.updateInstance(id, UpdateInstanceRequest(volumes: .detach(volume)))
        #expect(detached.volumes.isEmpty)
    }

    private func act(on id: Instance.ID) async throws {
        let possible = try await client.actions(of: id)
        #expect(possible.contains(.stop) && possible.contains(.reset))
        try await client.perform(.reset, on: id)
        guard keepsState else { return }
        _ = try await client.waitUntilReachable(id, timeout: .seconds(60))
        try await client.perform(.stop, on: id)
        _ = try await client.waitForInstance(id, toBe: .stopped, timeout: .seconds(60))
        #expect(try await client.actions(of: id).contains(.start))
        try await client.perform(.start, on: id)
        _ = try await client.waitUntilReachable(id, timeout: .seconds(60))
    }

    private func snapshot(of id: Instance.ID) async throws {
        let made = try await client.createSnapshot(instance: id, name: "snapshot")
        #expect(made.name == "snapshot")
        let ready = try await client.waitUntilCreated(made.id, timeout: .seconds(60))
        #expect(ready.status == .created)
        #expect(try await !client.listSnapshots(instance: id).isEmpty)
        #expect(try await client.listSnapshots().contains { $0.name == ready.name } || !keepsState)
        expectState(try await client.renameSnapshot(made.id, to: "renamed").name, "renamed")
        if parts.contains(.cloning) {
            let copy = try await client.cloneSnapshot(made.id, name: "copy", region: region)
            _ = try await client.waitUntilCreated(copy.id, timeout: .seconds(60))
            try await client.deleteSnapshot(copy.id)
        }
        try await client.deleteSnapshot(made.id)
        if keepsState { try await expectGone { try await client.snapshot(made.id) } }
    }

    // MARK: The rest

    private func sshKey() async throws -> SSHKey.ID {
        let made = try await client.createSSHKey(name: "contract", publicKey: publicKey)
        expectState(made.name, "contract")
        #expect(made.value?.hasPrefix("ssh-") == true)
        #expect(try await client.sshKey(made.id).id == made.id)
        #expect(try await client.listSSHKeys().contains { $0.id == made.id })
        expectState(try await client.renameSSHKey(made.id, to: "renamed").name, "renamed")
        #expect(try await client.sees(made.id))
        return made.id
    }

    private func images() async throws {
        let images = try await client.listImages()
        #expect(!images.isEmpty)
        #expect(images.allSatisfy { !$0.id.rawValue.isEmpty && !$0.name.isEmpty })
        #expect(try await client.listImages(type: .cloudImage).allSatisfy { $0.type == .cloudImage })
    }

    private func volume() async throws -> Volume.ID {
        let made = try await client.createVolume(CreateVolumeRequest(name: "data", region: region, sizeGiB: 50))
        _ = try await client.waitUntilCreated(made.id, timeout: .seconds(60))
        expectState(made.sizeGiB, 50)
        #expect(try await client.listVolumes().contains { $0.id == made.id })
        let grown = try await client.updateVolume(made.id, UpdateStorageRequest(name: "renamed", sizeGiB: 60))
        expectState(grown.sizeGiB, 60)
        let shrunk = await #expect(throws: GenesisCloudError.self) {
            try await client.updateVolume(made.id, UpdateStorageRequest(sizeGiB: 1))
        }
        #expect(shrunk?.field == "size")
        return made.id
    }

    private func filesystems() async throws {
        let made = try await client.createFilesystem(
            CreateFilesystemRequest(name: "shared", region: region, sizeGiB: 100))
        _ = try await client.waitUntilCreated(made.id, timeout: .seconds(60))
        #expect(try await client.listFilesystems().contains { $0.id == made.id })
        expectState(
            try await client.updateFilesystem(made.id, UpdateStorageRequest(name: "renamed")).name, "renamed")
        try await client.deleteFilesystem(made.id)
        if keepsState { try await expectGone { try await client.filesystem(made.id) } }
    }

    private func securityGroup() async throws -> SecurityGroup.ID {
        let rule = SecurityGroup.Rule(protocol: .tcp, portRangeMin: 443, portRangeMax: 443)
        let made = try await client.createSecurityGroup(
            CreateSecurityGroupRequest(name: "web", region: region, rules: [rule]))
        expectState(made.rules, [rule])
        #expect(try await client.securityGroup(made.id).rules.contains(rule))
        #expect(try await client.listSecurityGroups().contains { $0.id == made.id })
        let ping = SecurityGroup.Rule(protocol: .icmp)
        let updated = try await client.updateSecurityGroup(made.id, UpdateSecurityGroupRequest(rules: [rule, ping]))
        #expect(updated.rules == [rule, ping])
        return made.id
    }

    private func floatingIPs() async throws {
        let made = try await client.createFloatingIP(CreateFloatingIPRequest(name: "front", region: region))
        #expect(try await client.waitUntilCreated(made.id, timeout: .seconds(60)).ipAddress != nil)
        #expect(try await client.listFloatingIPs().contains { $0.id == made.id })
        expectState(
            try await client.updateFloatingIP(made.id, UpdateFloatingIPRequest(name: "renamed")).name, "renamed")
        try await client.deleteFloatingIP(made.id)
        if keepsState { try await expectGone { try await client.floatingIP(made.id) } }
    }

    private func account() async throws {
        #expect(try await client.availability(in: region).instanceTypes.contains { $0.type == type })
        #expect(try await client.listQuotas().allSatisfy { !$0.key.isEmpty })
        _ = try await client.listReservations()
    }

    // MARK: Expectations

    private func expectState<Value: Equatable>(_ value: Value, _ expected: Value) {
        if keepsState { #expect(value == expected) }
    }

    private func expectGone(_ body: () async throws -> some Sendable) async throws {
        guard keepsState else { return }
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while ContinuousClock.now < deadline {
            do { _ = try await body() } catch let error as GenesisCloudError where error.code == .notFound { return }
        }
        Issue.record("it was deleted and is still there")
    }
}
