/// Where an SSH server listens.
public struct SSHEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or a literal IPv4 or IPv6 address.
    public var host: String
    /// The TCP port, 1 to 65535.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
