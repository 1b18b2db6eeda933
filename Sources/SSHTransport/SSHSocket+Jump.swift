import Logging
import NIOCore

extension SSHSocket {
    /// Like connecting a socket, but the jump host does it.
    static func connect(
        to endpoint: SSHEndpoint, through jump: SSHConnection, _ configuration: SSHConfiguration, _ logger: Logger
    ) async throws -> SSHSocket {
        guard (1...65535).contains(endpoint.port) else {
            throw SSHError(.unreachable, "\(endpoint.port) is no TCP port")
        }
        let id = jump.newID()
        let limit = configuration.connectTimeout
        let late = SSHError(
            .timedOut, "\(endpoint) did not answer within \(limit) through the jump host \(jump.endpoint)")
        let deadline = jump.onLoop(after: limit) { $0.abandon(id, late) }
        return try await withTaskCancellationHandler {
            defer { deadline.cancel() }
            do {
                try await jump.open(
                    id,
                    .tunnel(to: endpoint, from: .init(host: "127.0.0.1", port: 0), window: 2 << 20))
            } catch let error as SSHError where ![.cancelled, .timedOut].contains(error.code) {
                let isTarget = error.message.contains("connect failed")
                throw SSHError(
                    isTarget ? .unreachable : .jumpFailed,
                    "the jump host \(jump.endpoint) did not connect to \(endpoint): \(error.message)",
                    libraryCode: error.libraryCode)
            }
            return try await jump.carry(id, configuration, logger)
        } onCancel: {
            jump.cancel(id)
        }
    }
}

extension SSHConnection {
    /// Puts an engine behind an open tunnel.
    fileprivate func carry(_ id: Int, _ configuration: SSHConfiguration, _ logger: Logger) throws -> SSHSocket {
        let inner: SSHEngine
        do {
            inner = try SSHEngine(configuration: configuration, logger: logger)
        } catch {
            abandon(id, error)
            throw error
        }
        let link = SSHTunnelLink(inner, through: self, bound.value, channel: id)
        let boundLink = NIOLoopBound(link, eventLoop: eventLoop)
        link.start()
        return SSHSocket(
            channel: SSHCarrier(eventLoop: eventLoop, closeFuture: link.closeFuture) {
                boundLink.eventLoop.execute { boundLink.value.shut() }
            },
            engine: NIOLoopBound(inner, eventLoop: eventLoop))
    }
}
