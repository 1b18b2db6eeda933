import Foundation
import SSHTransport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A port on loopback that swallows whatever knocks: its queue of connections that nobody accepts is full.
final class SilentTarget: Sendable {
    let endpoint: SSHEndpoint
    private let descriptors: [Int32]

    init() throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        func withAddress(_ call: (UnsafeMutablePointer<sockaddr>) -> Int32) -> Int32 {
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0) }
            }
        }
        func newSocket() -> Int32 {
            socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        }
        let listener = newSocket()
        var all = [listener]
        try #require(withAddress { bind(listener, $0, length) } == 0 && listen(listener, 0) == 0)
        try #require(withAddress { getsockname(listener, $0, &length) } == 0)
        endpoint = SSHEndpoint(host: "127.0.0.1", port: Int(UInt16(bigEndian: address.sin_port)))
        for _ in 0..<16 {
            let client = newSocket()
            all.append(client)
            _ = withAddress { connect(client, $0, length) }
            // On loopback it is connected within a millisecond, or never.
            var waiting = pollfd(fd: client, events: Int16(POLLOUT), revents: 0)
            if poll(&waiting, 1, 300) == 0 { break }
        }
        descriptors = all
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}
