/// Where an instance's SSH server listens.
struct MachineAddress: Codable, Hashable, Sendable {
    var host: String
    var port: Int
}

/// What the local cloud must remember of one machine to boot, find and remove it.
struct Machine: Codable, Hashable, Sendable {
    let id: String
    let hostname: String
    /// The snapshot its disk begins with.
    let sourceSnapshot: String?
    var address: MachineAddress
    var allowsPassword: Bool
    /// Set before the first boot is started: a first boot is never repeated.
    var hasBooted: Bool
}

/// What instances are made of. All methods are called by the service, one at a time per machine.
protocol InstanceBackend: Sendable {
    var kind: LocalCloudConfiguration.Backend { get }

    /// Prepares the machine's folder and first boot. Quick: it happens within the create request.
    func prepare(_ machine: Machine, _ plan: FirstBootPlan, password: String?) throws(LocalCloudError)

    /// An address that is free now and not among `taken`.
    func freeAddress(id: String, taken: Set<MachineAddress>) throws(LocalCloudError) -> MachineAddress

    /// Makes the disk of a machine that has none yet.
    func makeDisk(_ machine: Machine) async throws

    /// Starts the machine's init and returns at once.
    func launch(_ machine: Machine, isFirst: Bool) throws(LocalCloudError)

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

    /// Removes a snapshot's copy, finished or not.
    func removeSnapshot(_ snapshot: String) async throws

    /// Lets a machine run on that was standing still when an earlier local cloud was killed.
    func thaw(_ id: String)

    /// The ids of all machines and of all snapshots that have folders, known or not.
    func leftovers() -> (machines: [String], snapshots: [String])
}

/// No machines at all.
struct SimulatedBackend: InstanceBackend {
    var kind: LocalCloudConfiguration.Backend { .simulated }

    func prepare(_ machine: Machine, _ plan: FirstBootPlan, password: String?) throws(LocalCloudError) {}
    func freeAddress(id: String, taken: Set<MachineAddress>) throws(LocalCloudError) -> MachineAddress {
        let number = taken.count % 65_000
        return MachineAddress(host: "127.77.\(number / 250).\(number % 250 + 1)", port: 22)
    }
    func makeDisk(_ machine: Machine) async throws {}
    func launch(_ machine: Machine, isFirst: Bool) throws(LocalCloudError) {}
    func isAlive(_ id: String) -> Bool { true }
    func accepts(_ machine: Machine) -> Bool { true }
    func bootLog(_ id: String) -> String { "" }
    func kill(_ id: String) async throws {}
    func remove(_ id: String) async throws {}
    func copyDisk(of id: String, to snapshot: String) async throws {}
    func removeSnapshot(_ snapshot: String) async throws {}
    func thaw(_ id: String) {}
    func leftovers() -> (machines: [String], snapshots: [String]) { ([], []) }
}
