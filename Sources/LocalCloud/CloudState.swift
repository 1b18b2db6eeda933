import CloudModel

/// All that survives a restart.
struct CloudState: Sendable {
    var model: CloudModel
    var machines = MachineTable()

    init(model: CloudModel) { self.model = model }

    /// Everything that has changed since the last ``confirm()``.
    var changes: StateChanges {
        let model = model.changes
        let machines = machines.changes
        return StateChanges(model: model.isEmpty ? nil : model, machines: machines.isEmpty ? nil : machines)
    }

    mutating func confirm() {
        model.confirmChanges()
        machines.confirm()
    }

    mutating func rollBack() {
        guard !changes.isEmpty else { return }
        model.rollBack()
        machines.rollBack()
    }

    mutating func apply(_ changes: StateChanges) {
        if let changed = changes.model { model.apply(changed) }
        if let changed = changes.machines { machines.apply(changed) }
    }
}

/// One step, as the log holds it.
struct StateChanges: Codable, Sendable {
    var model: CloudChanges?
    var machines: [CloudChange<Machine>]?

    var isEmpty: Bool { model == nil && machines == nil }
}

/// The machines by id, and the addresses they take.
struct MachineTable: Sequence, Sendable {
    private var table = CloudTable<Machine>()
    private var users: [String: Int] = [:]

    init() { table.isTracking = true }

    var changes: [CloudChange<Machine>] { table.changes }
    var all: CloudTable<Machine> { table }

    subscript(id: String) -> Machine? {
        get { table[id] }
        set {
            count(table[id], -1)
            count(newValue, 1)
            table[id] = newValue
        }
    }

    /// Whether a machine has this address.
    func isTaken(_ host: String) -> Bool { users[host] != nil }

    mutating func confirm() { table.confirm() }

    mutating func rollBack() {
        table.rollBack()
        users = [:]
        for machine in table { count(machine, 1) }
    }

    mutating func apply(_ changes: [CloudChange<Machine>]) { for change in changes { self[change.id] = change.item } }

    func makeIterator() -> AnyIterator<Machine> { table.makeIterator() }

    private mutating func count(_ machine: Machine?, _ step: Int) {
        guard let host = machine?.address.host else { return }
        let left = users[host, default: 0] + step
        users[host] = left > 0 ? left : nil
    }
}
