public import Logging
public import NIOCore
public import NIOPosix

extension SSHConnection {
    /// Connects, verifies the host key, and only then logs in.
    ///
    /// - Parameters:
    ///   - to: Where the server listens.
    ///   - jump: A connection whose server makes this one's connection, as seen from there. It must stay open; its loss
    ///     is this one's, with code ``SSHError/Code-swift.enum/jumpFailed``. Both run on the same loop.
    ///   - credential: Who logs in. Used after the host key has been verified.
    ///   - hostKey: What the server must prove to be.
    ///   - configuration: Deadlines and sizes.
    ///   - group: The connection lives on one loop of this group, which must outlive it. Unused with a
    ///     jump host.
    ///   - logger: Gets debug and trace messages.
    /// - Throws: ``SSHError``, or what the host key check threw. Cancelling the task ends the attempt.
    public static func connect(
        to endpoint: SSHEndpoint,
        through jump: SSHConnection? = nil,
        credential: SSHCredential,
        hostKey: SSHHostKeyCheck,
        configuration: SSHConfiguration = .init(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger
    ) async throws -> SSHConnection {
        let socket =
            if let jump {
                try await SSHSocket.connect(to: endpoint, through: jump, configuration, logger)
            } else {
                try await SSHSocket.connect(to: endpoint, configuration, group, logger)
            }
        return try await login(socket, endpoint, credential, hostKey, configuration)
    }

    /// All that happens once there is a carrier, within one deadline.
    static func login(
        _ socket: SSHSocket, _ endpoint: SSHEndpoint, _ credential: SSHCredential, _ hostKey: SSHHostKeyCheck,
        _ configuration: SSHConfiguration
    ) async throws -> SSHConnection {
        let deadline = socket.terminate(
            after: configuration.handshakeTimeout,
            with: SSHError(.timedOut, "the login at \(endpoint) took longer than \(configuration.handshakeTimeout)"))
        do {
            let connection = try await withTaskCancellationHandler {
                if Task.isCancelled { throw cancelled }
                let presented = try await socket.handshake(hostKey, endpoint)
                try await hostKey.verify(presented, of: endpoint)
                let began = ContinuousClock.now
                try await socket.authenticate(credential)
                // Two exchanges, and what a server needs to look a user up.
                let exchange = (began.duration(to: .now) - .milliseconds(15)) / 2
                return SSHConnection(
                    endpoint: endpoint, hostKey: presented, roundTrip: max(.zero, exchange), socket: socket)
            } onCancel: {
                socket.terminate(with: SSHError(.cancelled, "the task was cancelled"))
            }
            deadline.cancel()
            return connection
        } catch {
            deadline.cancel()
            await socket.close()
            throw error
        }
    }
}
