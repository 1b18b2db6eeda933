import CloudModel

/// Where an instance's SSH server listens.
struct MachineAddress: Codable, Hashable, Sendable {
    var host: String
    var port: Int
}

/// Where a volume appears in an instance.
struct VolumeMount: Codable, Hashable, Sendable {
    /// The volume's id.
    let volume: String
    /// Absolute, inside the instance.
    let path: String
}

/// What the local cloud must remember of one machine to boot, find and remove it.
struct Machine: CloudResource, Hashable {
    let id: String
    let hostname: String
    /// The snapshot its disk begins with.
    let sourceSnapshot: String?
    var address: MachineAddress
    var allowsPassword: Bool
    /// Set before the first boot is started; with ``InstanceBackend/hasBegunBoot(_:)`` it keeps a first boot from being repeated.
    var hasBooted: Bool

    // Absent in states of earlier builds, hence optional.
    private var wantedMounts: [VolumeMount]?
    private var presentMounts: [VolumeMount]?
    /// A scripted fault: its SSH server comes late, or never.
    var ssh: InstanceQuirks.Lateness?

    /// Where its volumes are to be.
    var mounts: [VolumeMount] {
        get { wantedMounts ?? [] }
        set { wantedMounts = newValue.isEmpty ? nil : newValue }
    }

    /// Where volumes are in the machine that runs.
    var mounted: [VolumeMount] {
        get { presentMounts ?? [] }
        set { presentMounts = newValue.isEmpty ? nil : newValue }
    }

    init(
        id: String, hostname: String, sourceSnapshot: String?, address: MachineAddress, allowsPassword: Bool,
        ssh: InstanceQuirks.Lateness? = nil
    ) {
        self.id = id
        self.hostname = hostname
        self.sourceSnapshot = sourceSnapshot
        self.address = address
        self.allowsPassword = allowsPassword
        hasBooted = false
        self.ssh = ssh
    }
}

/// What instances are made of. All methods are called by the service, one at a time per machine.
protocol InstanceBackend: Sendable {
    var kind: LocalCloudConfiguration.Backend { get }

    /// Prepares the machine's folder and first boot. Quick: it happens within the create request.
    func prepare(_ machine: Machine, _ plan: FirstBootPlan, password: String?) throws(LocalCloudError)

    /// An address that is free now and not taken by a machine; on `host` when that is given.
    func freeAddress(
        id: String, on host: String?, isTaken: (String) -> Bool
    ) throws(LocalCloudError) -> MachineAddress

    /// Makes the disk of a machine that has none yet.
    func makeDisk(_ machine: Machine) async throws

    /// Starts the machine's init, with its volumes, and returns at once.
    func launch(_ machine: Machine, isFirst: Bool) throws(LocalCloudError)

    /// Whether a process of the machine ever ran.
    func hasBegunBoot(_ id: String) -> Bool

    /// Whether the machine's init lives.
    func isAlive(_ id: String) -> Bool

    /// Whether an SSH server answers at the machine's address.
    func accepts(_ machine: Machine) -> Bool

    /// What the machine's boot has said, for errors.
    func bootLog(_ id: String) -> String

    /// Ends every process of the machine and returns when none is left.
    func kill(_ id: String) async throws

    /// Removes all that is left of a machine that has been killed.
    func remove(_ id: String) async throws

    /// Copies the machine's disk, while it stands still.
    func copyDisk(of id: String, to snapshot: String) async throws

    /// Copies a snapshot.
    func copySnapshot(_ snapshot: String, to copy: String) async throws

    /// Removes a snapshot's copy, finished or not.
    func removeSnapshot(_ snapshot: String) async throws

    /// Makes an empty volume; one that is there is kept.
    func makeVolume(_ volume: String) async throws

    /// Removes a volume and its data.
    func removeVolume(_ volume: String) async throws

    /// Lets a volume appear in a machine that runs.
    func mount(_ mount: VolumeMount, in id: String) throws(LocalCloudError)

    /// Takes a volume out of a machine that runs; what has a file open there keeps it.
    func unmount(_ mount: VolumeMount, in id: String) throws(LocalCloudError)

    /// Lets a machine run on that was standing still when an earlier local cloud was killed.
    func thaw(_ id: String)

    /// The ids of all machines and of all snapshots that have folders, known or not. Volumes are not among them: a
    /// volume without a record is somebody's data.
    func leftovers() -> (machines: [String], snapshots: [String])
}

/// No machines at all.
struct SimulatedBackend: InstanceBackend {
    var kind: LocalCloudConfiguration.Backend { .simulated }

    func prepare(_ machine: Machine, _ plan: FirstBootPlan, password: String?) throws(LocalCloudError) {}

    /// Nothing listens there, but it is loopback all the same: whoever tries reaches nobody else.
    func freeAddress(
        id: String, on host: String?, isTaken: (String) -> Bool
    ) throws(LocalCloudError) -> MachineAddress {
        if let host { return MachineAddress(host: host, port: 22) }
        let start = AddressSpread.start(id)
        for step in 0..<8_000_000 as Range<UInt64> {
            let number = (start &+ step) % 8_000_000
            let host = "127.\(128 + number / 64_516).\(number / 254 % 254).\(number % 254 + 1)"
            if !isTaken(host) { return MachineAddress(host: host, port: 22) }
        }
        throw LocalCloudError(.machine, "no free loopback address")
    }

    func makeDisk(_ machine: Machine) async throws {}
    func launch(_ machine: Machine, isFirst: Bool) throws(LocalCloudError) {}
    func hasBegunBoot(_ id: String) -> Bool { false }
    func isAlive(_ id: String) -> Bool { true }
    func accepts(_ machine: Machine) -> Bool { true }
    func bootLog(_ id: String) -> String { "" }
    func kill(_ id: String) async throws {}
    func remove(_ id: String) async throws {}
    func copyDisk(of id: String, to snapshot: String) async throws {}
    func copySnapshot(_ snapshot: String, to copy: String) async throws {}
    func removeSnapshot(_ snapshot: String) async throws {}
    func makeVolume(_ volume: String) async throws {}
    func removeVolume(_ volume: String) async throws {}
    func mount(_ mount: VolumeMount, in id: String) throws(LocalCloudError) {}
    func unmount(_ mount: VolumeMount, in id: String) throws(LocalCloudError) {}
    func thaw(_ id: String) {}
    func leftovers() -> (machines: [String], snapshots: [String]) { ([], []) }
}

/// Spreads ids over a range of addresses, the same at every start.
enum AddressSpread {
    static func start(_ id: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
