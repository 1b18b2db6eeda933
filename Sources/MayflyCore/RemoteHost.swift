/// Where and as whom to log in, and which host key to expect.
public struct RemoteEndpoint: Sendable, Hashable {
    public var address: String
    public var port: Int
    public var user: String
    public var hostKey: SSHSettings.HostKeyPolicy
    public var jump: JumpHost?

    public init(
        address: String, port: Int, user: String, hostKey: SSHSettings.HostKeyPolicy, jump: JumpHost? = nil
    ) {
        self.address = address
        self.port = port
        self.user = user
        self.hostKey = hostKey
        self.jump = jump
    }
}

/// Opens connections to instances with the keys of their attempt.
public protocol RemoteConnector: Sendable {
    /// Makes the attempt's client key and host key if they do not exist yet, durably, and returns what first boot installs.
    func prepareKeys(for identity: AttemptIdentity) async throws -> AttemptKeys

    /// Logs in once.
    /// - Throws: ``RemoteError``.
    func connect(to endpoint: RemoteEndpoint, identity: AttemptIdentity) async throws
        -> any RemoteHost

    /// Forgets the attempt's keys: they have no use once its instance is gone.
    func discardKeys(of identity: AttemptIdentity) async
}

/// What first boot must install for an attempt.
public struct AttemptKeys: Sendable {
    /// OpenSSH private key text of the host key.
    public var hostPrivateKey: String
    public var hostPublicKey: String
    public var clientPublicKey: String

    public init(hostPrivateKey: String, hostPublicKey: String, clientPublicKey: String) {
        self.hostPrivateKey = hostPrivateKey
        self.hostPublicKey = hostPublicKey
        self.clientPublicKey = clientPublicKey
    }
}

/// A logged-in connection on which commands run. Many at once.
public protocol RemoteHost: Sendable {
    /// Runs a command through the user's shell.
    ///
    /// `onOutput` is awaited before more is read, so a slow consumer bounds memory. Cancelling the task closes this
    /// command's channel only.
    /// - Throws: ``RemoteError``, or what `onOutput` or the input throws.
    func execute(
        _ command: String, input: RemoteInput, options: RemoteOptions,
        onOutput: @escaping @Sendable (RemoteOutput) async throws -> Void
    ) async throws -> RemoteExit

    func close() async
}

public enum RemoteInput: Sendable {
    case none
    case bytes([UInt8])
    /// Pulled until it returns `nil`.
    case stream(@Sendable () async throws -> [UInt8]?)
}

public struct RemoteOptions: Sendable {
    /// Whether much data comes back, so that a large window pays.
    public var bulk: Bool

    public init(bulk: Bool = false) { self.bulk = bulk }
}

public enum RemoteOutput: Sendable {
    case stdout([UInt8])
    case stderr([UInt8])
}

public enum RemoteExit: Sendable, Hashable {
    case status(Int32)
    case signal(String)
    /// The channel closed without a status.
    case unknown
}

/// Why a remote operation failed, in the terms decisions are made in.
public struct RemoteError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// Nobody answers yet: refused, closed before the banner, no route. Normal while booting.
        case notReady
        /// Another host key than the pinned one.
        case hostKeyMismatch
        case loginRefused
        /// An established connection ended.
        case connectionLost
        case protocolFailure
    }

    public var kind: Kind
    public var message: String

    public init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
