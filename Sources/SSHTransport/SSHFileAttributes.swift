/// What the server tells about a file; `nil` is what it does not.
public struct SSHFileAttributes: Sendable, Hashable {
    /// What stands under a name.
    public enum Kind: Sendable, Hashable {
        case file, folder, link
        /// A pipe, a socket, a device.
        case other
    }

    public var kind: Kind?
    /// Bytes.
    public var size: UInt64?
    /// The lower twelve bits of the mode, set-id and sticky included.
    public var permissions: UInt32?
    /// Seconds since 1970: the protocol's version 3 has no finer ones, and none before or after 32 bits of them.
    public var modified: Int64?

    /// What is to be set of a file: rights, time, or both.
    public init(permissions: UInt32? = nil, modified: Int64? = nil) {
        self.permissions = permissions
        self.modified = modified
    }
}

/// A name in a folder of the server.
public struct SSHFileEntry: Sendable, Hashable {
    /// Any bytes but slash and NUL.
    public var name: [UInt8]
    /// Of the name itself: links are not followed.
    public var attributes: SSHFileAttributes
}
