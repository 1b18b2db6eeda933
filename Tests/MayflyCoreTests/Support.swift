import MayflyCore
import MayflyTestKit

/// Feeds a machine one event after the other, a second apart, and keeps what it decided.
struct Walk: ~Copyable {
    var machine: AttemptMachine
    private(set) var actions: [AttemptAction] = []
    private(set) var now = Fixtures.now

    init(_ definition: JobDefinition) {
        machine = AttemptMachine(state: Fixtures.attempt(of: JobID(rawValue: 41)), definition: definition)
    }

    init(restoring state: AttemptState, _ definition: JobDefinition) {
        machine = AttemptMachine(state: state, definition: definition)
    }

    @discardableResult
    mutating func feed(_ events: AttemptEvent...) -> AttemptAction {
        var last = AttemptAction.none
        for event in events {
            now = Moment(
                wall: now.wall.advanced(by: .seconds(1)), boot: now.boot.advanced(by: .seconds(1)))
            last = machine.apply(event, at: now)
            actions.append(last)
        }
        return last
    }
}

enum Sample {
    static let id = InstanceID(rawValue: "i-1")
    static let reachable = ReachableInstance(id: id, address: "192.0.2.7", sshPort: 22)
    static let observed = ObservedInstance(
        id: id, name: "n", hostname: "h", status: .creating, address: nil, sshPort: nil, type: "t", region: "r")
    static let code = FrozenCode(sha256: String(repeating: "a", count: 64), byteCount: 10, fileCount: 1)
    static let reason = Reason(code: "test", message: "a reason")

    static func full(_ snapshot: SnapshotPolicy = SnapshotPolicy()) -> JobDefinition {
        var definition = Fixtures.definition(snapshot: snapshot)
        definition.code = code
        definition.setup = "make"
        return definition
    }

    /// Everything up to the running command.
    static let toRunning: [AttemptEvent] = [
        .began, .created(observed), .becameReachable(reachable), .connected, .startupEnded(.exited(0)), .uploaded,
        .setupEnded(.exited(0)), .commandStarted,
    ]
}
