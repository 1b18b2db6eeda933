/// The terminal a command is run in.
public struct SSHTerminal: Sendable, Hashable {
    /// What becomes `TERM`.
    public var type: String
    public var columns: Int
    public var rows: Int
    /// How the terminal starts out; what is not named is up to the server.
    public var modes: [Mode: UInt32]

    public init(type: String = "xterm", columns: Int = 80, rows: Int = 24, modes: [Mode: UInt32] = [:]) {
        self.type = type
        self.columns = columns
        self.rows = rows
        self.modes = modes
    }

    /// One setting of a terminal, by its number in RFC 4254 8.
    public struct Mode: RawRepresentable, Sendable, Hashable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Keys such as the one for interrupting make signals.
        public static let signals = Mode(rawValue: 50)
        /// Input arrives line by line.
        public static let canonical = Mode(rawValue: 51)
        /// Input is shown.
        public static let echo = Mode(rawValue: 53)
        /// Output is processed at all.
        public static let processesOutput = Mode(rawValue: 70)
        /// A line feed of the output becomes carriage return and line feed.
        public static let newlineToCRLF = Mode(rawValue: 72)
    }

    var encodedModes: [UInt8] {
        var writer = SSHBlobWriter()
        for (mode, value) in modes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where mode.rawValue != 0 {
            writer.raw([mode.rawValue])
            writer.integer(value)
        }
        writer.raw([0])
        return writer.bytes
    }
}

/// How many characters fit a terminal.
struct SSHTerminalSize: Hashable {
    var columns: Int
    var rows: Int
}
