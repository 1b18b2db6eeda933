import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A connected socket and its engine, before they are a connection: the steps of logging in.
struct SSHSocket: Sendable {
    let channel: SSHCarrier
    let engine: NIOLoopBound<SSHEngine>

    static func connect(
        to endpoint: SSHEndpoint, _ configuration: SSHConfiguration, _ group: any EventLoopGroup, _ logger: Logger
    ) async throws -> SSHSocket {
        guard (1...65535).contains(endpoint.port) else {
            throw SSHError(.unreachable, "\(endpoint.port) is no TCP port")
        }
        // NIO's connect does not notice cancellation; closing the channel it works on does.
        let pending = Mutex<(channel: (any Channel)?, isCancelled: Bool)>((nil, false))
        let bootstrap = ClientBootstrap(group: group.next())
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(
                .writeBufferWaterMark,
                value: .init(low: max(1, configuration.outboundLimit / 2), high: max(2, configuration.outboundLimit)))
        let initialize: @Sendable (any Channel) -> EventLoopFuture<SSHSocket> = { channel in
            channel.eventLoop.makeCompletedFuture {
                if pending.withLock({
                    $0.channel = channel
                    return $0.isCancelled
                }) {
                    throw SSHConnection.cancelled
                }
                let engine = try SSHEngine(configuration: configuration, logger: logger)
                try channel.pipeline.syncOperations.addHandler(SSHChannelHandler(engine))
                return SSHSocket(
                    channel: SSHCarrier(channel), engine: NIOLoopBound(engine, eventLoop: channel.eventLoop))
            }
        }
        return try await withTaskCancellationHandler {
            do {
                if let address = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port) {
                    return try await bootstrap.connect(to: address, channelInitializer: initialize)
                }
                return try await bootstrap.connect(
                    host: endpoint.host, port: endpoint.port, channelInitializer: initialize)
            } catch {
                if Task.isCancelled { throw SSHConnection.cancelled }
                throw SSHError.connecting(error, endpoint, configuration.connectTimeout)
            }
        } onCancel: {
            let channel = pending.withLock {
                $0.isCancelled = true
                return $0.channel
            }
            channel?.close(mode: .all, promise: nil)
        }
    }

    func handshake(_ check: SSHHostKeyCheck, _ endpoint: SSHEndpoint) async throws -> SSHPublicKey {
        let wanted = try check.wantedAlgorithms(of: endpoint)
        do {
            let blob: [UInt8] = try await onLoop { engine, waiting in engine.handshake(hostKeys: wanted, waiting) }
            return try SSHPublicKey(blob: blob)
        } catch let error as SSHError where error.isDisagreement && !wanted.isEmpty {
            var error = error
            error.message += "; host keys asked for: \(wanted.joined(separator: ", "))"
            if wanted.contains("ssh-rsa"), wanted.count == 3 {
                error.message +=
                    " (libssh2 verifies RSA only with SHA-1 before 1.11; give the host's Ed25519 key instead)"
            }
            throw error
        }
    }

    func authenticate(_ credential: SSHCredential) async throws {
        try await onLoop { engine, waiting in engine.authenticate(credential, waiting) }
    }

    /// Ends everything; safe from any thread.
    func terminate(with error: SSHError) {
        let engine = engine
        channel.eventLoop.execute { engine.value.terminate(error) }
    }

    func terminate(after limit: Duration, with error: SSHError) -> Scheduled<Void> {
        let engine = engine
        return channel.eventLoop.scheduleTask(in: TimeAmount(limit)) { engine.value.terminate(error) }
    }

    func close() async {
        terminate(with: SSHError(.closed, "the login failed"))
        channel.close()
        try? await channel.closeFuture.get()
    }

    private func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable (SSHEngine, CheckedContinuation<Value, any Error>) -> Void
    ) async throws -> Value {
        let engine = engine
        return try await withCheckedThrowingContinuation { waiting in
            channel.eventLoop.execute { body(engine.value, waiting) }
        }
    }
}
