import Glibc

/// Probes on loopback, which answer at once.
enum Loopback {
    /// Whether something listens there.
    static func accepts(_ address: MachineAddress) -> Bool {
        let file = open()
        guard file >= 0 else { return false }
        defer { close(file) }
        return withSockaddr(address.host, address.port) { connect(file, $0, $1) } == 0
    }

    /// Whether a server could listen there.
    static func bindable(_ address: MachineAddress) -> Bool {
        bindable(host: address.host, port: address.port) != nil
    }

    /// The port, if it can be bound (the kernel's choice for 0); `nil` when not.
    static func bindable(host: String, port: Int) -> Int? {
        let file = open()
        guard file >= 0 else { return nil }
        defer { close(file) }
        var on: Int32 = 1  // as sshd does; connections in TIME_WAIT do not count
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard withSockaddr(host, port, { bind(file, $0, $1) }) == 0 else { return nil }
        guard port == 0 else { return port }
        var bound = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutablePointer(to: &bound) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(file, $0, &length) }
        }
        return failed == 0 ? Int(UInt16(bigEndian: bound.sin_port)) : nil
    }

    private static func open() -> Int32 {
        socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    private static func withSockaddr(
        _ host: String, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return -1 }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
