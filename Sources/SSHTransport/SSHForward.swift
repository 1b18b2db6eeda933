import NIOCore

/// What happens to a forwarded port.
public enum SSHForwardEvent: Sendable, Hashable {
    /// Connections are accepted here from now on.
    case listening(SSHEndpoint)
    /// A connection was accepted, and the server has reached the target for it. Numbers count up from 1.
    case opened(Int)
    /// A connection came to its proper end.
    case closed(Int)
    /// A connection was not carried, or broke. The others, and those to come, are not affected.
    case failed(Int, SSHError)
}

/// Accepts connections on a port of this machine and carries each through a tunnel of its own.
struct SSHForward: Sendable {
    let target: SSHEndpoint
    let onEvent: @Sendable (SSHForwardEvent) -> Void
    /// Makes the tunnel of a connection that comes from there.
    let open: @Sendable (_ origin: SSHEndpoint) async throws -> SSHTunnel

    /// Listens, and returns when its task is cancelled.
    func run(at local: SSHEndpoint, on eventLoop: any EventLoop) async throws {
        let listener = try await Self.listen(at: local, on: eventLoop)
        onEvent(.listening(Self.address(of: listener)))
        do { try await accept(listener) } catch  where Task.isCancelled {}
    }

    private func accept(_ listener: Listener) async throws {
        try await listener.executeThenClose { clients in
            try await withThrowingDiscardingTaskGroup { group in
                var number = 0
                for try await client in clients {
                    number += 1
                    group.addTask { [number] in await carry(client, number) }
                }
                group.cancelAll()
            }
        }
    }

    private func carry(_ socket: any Channel, _ number: Int) async {
        var failure: (any Error)?
        do {
            let client = try await Self.opened(socket)
            // What goes wrong in here is kept apart: closing a socket that is broken already throws something else.
            failure = try await client.executeThenClose { inbound, outbound in
                do {
                    let tunnel = try await open(Self.origin(of: socket))
                    defer { tunnel.close() }
                    onEvent(.opened(number))
                    try await exchange(inbound, outbound, tunnel, socket)
                    return nil
                } catch {
                    return error
                }
            }
        } catch {
            failure = error
        }
        guard let failure else { return onEvent(.closed(number)) }
        let reason = Task.isCancelled ? SSHConnection.cancelled : failure as? SSHError
        onEvent(.failed(number, reason ?? SSHError(.connectionLost, "the local side broke: \(failure)")))
    }

    private func exchange(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ tunnel: SSHTunnel, _ socket: any Channel
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for try await bytes in inbound { try await tunnel.write(bytes) }
                if Task.isCancelled { return }
                await tunnel.finish()
            }
            group.addTask {
                while let bytes = try await tunnel.read() { try await outbound.write(bytes) }
                // A write returns once it is queued, and NIO drops what is queued when the output of a socket is closed
                // whose input has ended. An empty write is done when all before it are.
                try await withTaskCancellationHandler {
                    try await socket.writeAndFlush(ByteBuffer()).get()
                } onCancel: {
                    // Else a client that does not read would keep the forward from ending.
                    socket.close(mode: .all, promise: nil)
                }
                outbound.finish()
            }
            // Not `waitForAll`, which would wait for the other direction before it passes an error on.
            while try await group.next() != nil {}
        }
    }
}
