/// Deadlines and sizes of one connection. The defaults suit a server somewhere on the Internet.
public struct SSHConfiguration: Sendable, Hashable {
    /// How long the TCP connection may take.
    public var connectTimeout: Duration
    /// How long the whole login may take once TCP is connected: banner, key exchange, host key check, authentication.
    public var handshakeTimeout: Duration
    /// After this much silence the server is asked for a sign of life.
    public var keepaliveInterval: Duration
    /// The connection is lost when that question stays unanswered for this many intervals.
    public var keepaliveLimit: Int
    /// Undecoded bytes held per connection before reading from the socket pauses.
    public var inboundLimit: Int
    /// Encoded bytes held per connection before writing to channels pauses.
    public var outboundLimit: Int
    /// Bytes libssh2 may hold for this connection, unread channel data included; above it the connection fails.
    /// Must exceed the windows of all channels open at once.
    public var memoryLimit: Int
    /// Called around everything that is done with the server's bytes; `nil` = nobody wants to know.
    public var observer: SSHObserver?

    /// Each value is described at its property.
    public init(
        connectTimeout: Duration = .seconds(10),
        handshakeTimeout: Duration = .seconds(30),
        keepaliveInterval: Duration = .seconds(15),
        keepaliveLimit: Int = 3,
        inboundLimit: Int = 1 << 20,
        outboundLimit: Int = 1 << 20,
        memoryLimit: Int = 256 << 20,
        observer: SSHObserver? = nil
    ) {
        self.connectTimeout = connectTimeout
        self.handshakeTimeout = handshakeTimeout
        self.keepaliveInterval = keepaliveInterval
        self.keepaliveLimit = keepaliveLimit
        self.inboundLimit = inboundLimit
        self.outboundLimit = outboundLimit
        self.memoryLimit = memoryLimit
        self.observer = observer
    }
}
