/// What can go wrong in the local cloud itself; what it refuses to clients is ``CloudModel``'s `CloudRefusal`.
public struct LocalCloudError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Another local cloud serves this home.
        case alreadyRunning
        /// The wanted backend cannot work here.
        case backendUnavailable
        /// A file or folder could not be read or written.
        case storage
        /// A machine could not be started, ended or copied.
        case machine
        /// A fault script that cannot be understood.
        case faults
        /// A token or address that must not be used.
        case settings
        /// The HTTP server could not be started.
        case server
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
