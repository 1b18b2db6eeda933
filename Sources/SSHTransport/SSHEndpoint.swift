/// Where an SSH server listens.
public struct SSHEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or a literal IPv4 or IPv6 address.
    public var host: String
    /// The TCP port, 1 to 65535.
    public var port: Int

    /// Nothing is looked up or checked before it is used.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, with brackets around an IPv6 address.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
