public import NIOCore

/// What a command reads. The end of input is always sent after it.
public enum SSHInput: Sendable {
    case none
    case bytes(ByteBuffer)
    /// Called for the next piece when the previous one has been accepted; `nil` ends the input. Must return soon after
    /// its task is cancelled, which happens when the command ends first.
    case stream(@Sendable () async throws -> ByteBuffer?)
}

/// A piece of what a command wrote. Pieces of one stream arrive in order; how the two streams interleave is not kept.
public enum SSHOutput: Sendable, Hashable {
    case stdout(ByteBuffer)
    case stderr(ByteBuffer)
}

/// How a command ended.
public enum SSHExit: Sendable, Hashable {
    case status(Int32)
    /// The signal's name without `SIG`, as in RFC 4254 6.10.
    case signal(String)
    /// The server closed the channel without saying how the command ended.
    case unknown
}

/// How a command is run.
public struct SSHExecOptions: Sendable, Hashable {
    /// Bytes the server may send ahead of the reader. Bounds memory per command, and throughput to window per round
    /// trip: followers of a log keep it small, bulk transfers ask for 16 to 32 MiB.
    public var window: Int
    /// The terminal to run in, which merges stderr into stdout; `nil` for none.
    public var terminal: SSHTerminal?
    /// How long a reader of ``SSHConnection/withProcess(_:environment:options:_:)`` waits behind a full window of an output
    /// that nobody reads before the process fails.
    public var stallLimit: Duration

    public init(window: Int = 2 << 20, terminal: SSHTerminal?, stallLimit: Duration = .seconds(10)) {
        self.window = window
        self.terminal = terminal
        self.stallLimit = stallLimit
    }

    public init(window: Int = 2 << 20, pty: Bool = false) {
        self.init(window: window, terminal: pty ? SSHTerminal() : nil)
    }

    /// Whether a terminal is asked for; setting it asks for an ordinary one.
    public var pty: Bool {
        get { terminal != nil }
        set { terminal = newValue ? terminal ?? SSHTerminal() : nil }
    }
}
