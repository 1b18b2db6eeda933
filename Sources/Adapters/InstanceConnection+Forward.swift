import MayflyCore
import SSHTransport

extension InstanceConnection {
    /// Lends this connection, and others like it when it takes a target long to answer, to forwarded ports alone. Until
    /// `body` ends, or the instance is lost; closes them all.
    /// - Parameter again: makes another connection to the same instance.
    /// - Throws: ``RemoteError``, or what `body` threw.
    package func withForwards(
        again: @escaping @Sendable () async throws -> InstanceConnection,
        _ body: @escaping @Sendable (InstanceForwards) async throws -> Void
    ) async throws {
        do {
            // A jump host's connection is kept by what it carries, and goes with it.
            try await SSHTunnelPool.with(connection, connect: { try await again().connection }) { pool in
                try await body(InstanceForwards(pool: pool))
            }
        } catch let error as SSHError {
            throw RemoteError(error)
        }
    }
}

/// Ports of this machine that lead to the instance.
package struct InstanceForwards: Sendable {
    fileprivate let pool: SSHTunnelPool

    package enum Event: Sendable {
        /// The port of this machine that connections are accepted at from now on.
        case listening(Int)
        /// One connection was not carried, or broke.
        case failed(String)
    }

    /// Makes a loopback port of this machine lead to a host and port as the instance sees them, until the task is cancelled.
    /// - Throws: ``InstanceConnection/Refused`` when the port is taken, ``RemoteError``.
    package func forward(
        _ here: Int, to host: String, _ port: Int, _ onEvent: @escaping @Sendable (Event) -> Void
    ) async throws {
        do {
            try await pool.forward(
                from: SSHEndpoint(host: "127.0.0.1", port: here), to: SSHEndpoint(host: host, port: port)
            ) { event in
                switch event {
                case .listening(let endpoint): onEvent(.listening(endpoint.port))
                case .failed(_, let error): onEvent(.failed(error.message))
                case .opened, .closed: break
                }
            }
        } catch let error as SSHError where error.code == .cannotListen {
            throw InstanceConnection.Refused(message: error.message)
        } catch let error as SSHError {
            throw RemoteError(error)
        }
    }
}
