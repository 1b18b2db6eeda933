import MayflyCore
import SSHTransport

/// Ports of this machine that lead to the instance.
extension InstanceConnection {
    package enum ForwardEvent: Sendable {
        /// The port of this machine that connections are accepted at from now on.
        case listening(Int)
        /// One connection was not carried, or broke.
        case failed(String)
    }

    /// Makes a loopback port of this machine lead to a host and port as the instance sees them, until the connection is
    /// lost or the task cancelled.
    /// - Throws: ``Refused`` when the port is taken, ``RemoteError``.
    package func forward(
        _ here: Int, to host: String, _ port: Int, _ onEvent: @escaping @Sendable (ForwardEvent) -> Void
    ) async throws {
        do {
            try await connection.forward(
                from: SSHEndpoint(host: "127.0.0.1", port: here), to: SSHEndpoint(host: host, port: port)
            ) { event in
                switch event {
                case .listening(let endpoint): onEvent(.listening(endpoint.port))
                case .failed(_, let error): onEvent(.failed(error.message))
                case .opened, .closed: break
                }
            }
        } catch let error as SSHError where error.code == .cannotListen {
            throw Refused(message: error.message)
        } catch let error as SSHError {
            throw RemoteError(error)
        }
    }
}
