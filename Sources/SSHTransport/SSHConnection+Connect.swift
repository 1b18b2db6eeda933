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
        if let jump {
            let socket = try await SSHSocket.connect(to: endpoint, through: jump, configuration, logger)
            return try await login(socket, endpoint, credential, hostKey, configuration)
        }
        let wanted = try hostKey.wantedAlgorithms(of: endpoint)
        let reached = try await SSHSocket.connect(to: endpoint, configuration, group, logger) { socket in
            socket.greet(hostKey, wanted, endpoint, credential, configuration)
        }
        return try await complete(reached.socket, reached.greeting, endpoint, credential, hostKey)
    }

    /// All that happens once there is a carrier, within one deadline.
    static func login(
        _ socket: SSHSocket, _ endpoint: SSHEndpoint, _ credential: SSHCredential, _ hostKey: SSHHostKeyCheck,
        _ configuration: SSHConfiguration
    ) async throws -> SSHConnection {
        let greeting: Result<SSHGreeting, any Error>
        do {
            let wanted = try hostKey.wantedAlgorithms(of: endpoint)
            greeting = .success(
                try await socket.unlessCancelled {
                    try await socket.channel.eventLoop.flatSubmit {
                        socket.greet(hostKey, wanted, endpoint, credential, configuration)
                    }.get()
                })
        } catch {
            greeting = .failure(error)
        }
        return try await complete(socket, greeting, endpoint, credential, hostKey)
    }

    /// What is left of a login after its stay on the loop: nothing, unless somebody else has to judge the host key.
    private static func complete(
        _ socket: SSHSocket, _ result: Result<SSHGreeting, any Error>, _ endpoint: SSHEndpoint,
        _ credential: SSHCredential, _ hostKey: SSHHostKeyCheck
    ) async throws -> SSHConnection {
        do {
            let greeting = try result.get()
            let roundTrip: Duration
            if let known = greeting.roundTrip {
                roundTrip = known
            } else {
                defer { greeting.deadline.cancel() }
                roundTrip = try await socket.unlessCancelled {
                    try await hostKey.verify(greeting.hostKey, of: endpoint)
                    return try await socket.channel.eventLoop.flatSubmit { socket.authenticate(credential) }.get()
                }
            }
            return SSHConnection(
                endpoint: endpoint, hostKey: greeting.hostKey, roundTrip: roundTrip, socket: socket)
        } catch {
            await socket.close()
            throw error
        }
    }
}
