/// One command for an instance's login shell, and what it reads on stdin.
public struct RemoteStep: Sendable, Hashable {
    /// Holds no secret: it is visible in the instance's process list.
    public var command: String
    /// May hold secrets.
    public var input: [UInt8]

    public init(command: String, input: [UInt8] = []) {
        self.command = command
        self.input = input
    }
}

/// What the supervisor runs on an instance. The startup script is first boot's, not a stage.
public enum Stage: String, Sendable, CaseIterable {
    case setup, run
}
