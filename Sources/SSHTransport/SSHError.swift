/// Why a connection, a login or a command over it failed.
public struct SSHError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable names of what went wrong; callers decide by these.
    public enum Code: String, Sendable, Hashable {
        /// The host answered that nothing listens on that port.
        case connectionRefused
        /// The host's name does not resolve, or no route leads there.
        case unreachable
        /// A deadline of ``SSHConfiguration`` passed before the login was complete, or one of an ``SSHFileSystem``'s operations.
        case timedOut
        /// The peer accepted the connection and closed it without saying that it speaks SSH.
        case closedBeforeBanner
        /// The server's host key is not the expected one, or was not accepted. Nothing was sent to it.
        case hostKeyMismatch
        /// No ``SSHKnownHosts`` file knows the host. Nothing was sent to it.
        case hostKeyUnknown
        /// A ``SSHKnownHosts`` file says that the key is no longer to be trusted. Nothing was sent to the server.
        case hostKeyRevoked
        /// A `known_hosts` file cannot be read or written.
        case knownHostsUnusable
        /// The server lets this user in with none of the given methods.
        case authenticationRefused
        /// The server wants the password changed before it lets the user in.
        case passwordExpired
        /// No ssh-agent answers, or it refuses to sign.
        case agentUnavailable
        /// The connection ended, or the peer has been silent for longer than allowed.
        case connectionLost
        /// The server refused a channel, a terminal or the start of a command. The connection goes on.
        case channelFailed
        /// The peer does not speak SSH as libssh2 understands it.
        case protocolError
        /// The text is no key, or a damaged one.
        case invalidKey
        /// A proper key that this library cannot use.
        case unsupportedKey
        /// The jump host refused to connect further, or the connection to it ended.
        case jumpFailed
        /// What was to be run cannot be written as a command.
        case invalidCommand
        /// The server has no SFTP subsystem, or one that does not start.
        case fileSystemUnavailable
        /// There is no file of that name on the server.
        case noSuchFile
        /// The server does not let this user do that to a file.
        case permissionDenied
        /// The server could not do that to a file, for a reason it may have told.
        case fileOperationFailed
        /// The local port to forward is taken, or must not be used.
        case cannotListen
        /// The key file is encrypted and no passphrase was given.
        case passphraseRequired
        /// The key file is encrypted with another passphrase.
        case wrongPassphrase
        /// The task was cancelled.
        case cancelled
        /// ``SSHConnection/close()`` was called.
        case closed
    }

    /// What went wrong, for programs.
    public var code: Code
    /// One sentence for people; holds no secret.
    public var message: String
    /// libssh2's own error number, where the failure came from there.
    public var libraryCode: Int32?

    /// For errors of the library itself; public so that tests of others can make one.
    public init(_ code: Code, _ message: String, libraryCode: Int32? = nil) {
        self.code = code
        self.message = message
        self.libraryCode = libraryCode
    }

    /// Code, message and libssh2's number.
    public var description: String {
        if let libraryCode {
            "\(code.rawValue): \(message) (libssh2 \(libraryCode))"
        } else {
            "\(code.rawValue): \(message)"
        }
    }
}
