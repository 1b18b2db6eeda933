import Glibc

/// A path to a socket in the home that fits `sockaddr_un` (108 bytes), however deep the home lies: through
/// `/proc/self/fd` when the plain one is too long.
struct SocketPath: ~Copyable {
    let path: String
    private let descriptor: Int32

    /// - Throws: ``KeeperError`` when the home cannot be opened.
    init(to socket: String, in home: MayflyHome) throws {
        if socket.utf8.count < 104 {
            path = socket
            descriptor = -1
            return
        }
        descriptor = open(home.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw KeeperError(code: .badHome, message: "MAYFLY_HOME \(home.root) cannot be opened")
        }
        path = "/proc/self/fd/\(descriptor)" + socket.dropFirst(home.root.count)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
