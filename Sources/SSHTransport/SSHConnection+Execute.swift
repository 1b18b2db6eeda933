import NIOCore
import Synchronization

extension SSHConnection {
    /// Runs a command and returns how it ended, after everything it wrote has been handed over.
    ///
    /// - Parameters:
    ///   - command: Handed to the user's login shell on the server.
    ///   - options: Window and terminal.
    ///   - stdin: What the command reads. Sending stops silently when the command ends or no longer reads.
    ///   - onOutput: Gets each piece in order and is awaited before more is read, so a slow one slows the command down
    ///     instead of filling memory. Runs in the caller's context, never on the event loop. What it throws ends the
    ///     channel and is rethrown.
    /// - Throws: ``SSHError``, or what `onOutput` or the input stream threw. Cancelling the task closes this channel only.
    ///   The server then ends the command's streams; whether the command ends with them is up to the command.
    public nonisolated func execute(
        _ command: String,
        options: SSHExecOptions = .init(),
        stdin: SSHInput = .none,
        onOutput: @escaping @Sendable (SSHOutput) async throws -> Void
    ) async throws -> SSHExit {
        let id = newID()
        let fate = Fate()
        return try await withTaskCancellationHandler {
            do {
                // Input that is known as a whole needs nobody who sends it.
                switch stdin {
                case .none: return try await drain(id, .command(command, options), ByteBuffer(), fate, onOutput)
                case .bytes(let bytes): return try await drain(id, .command(command, options), bytes, fate, onOutput)
                case .stream(let next):
                    try await open(id, .command(command, options))
                    return try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { await self.feed(next, to: id, fate) }
                        do {
                            let exit = try await drain(id, nil, nil, fate, onOutput)
                            group.cancelAll()
                            return exit
                        } catch {
                            // Ends the input that may wait for the window: the group waits for it.
                            await abandon(id, error)
                            throw error
                        }
                    }
                }
            } catch {
                await abandon(id, error)
                // The channel may have gone before anybody read from it: then only the input knows why.
                if let failure = fate.inputFailure { throw failure }
                throw Task.isCancelled && error is SSHError ? Self.cancelled : error
            }
        } onCancel: {
            fate.cancel()
            cancel(id)
        }
    }

    /// Hands over all output, of a channel that is opened first when its purpose is given.
    private nonisolated func drain(
        _ id: Int, _ purpose: SSHEngineChannel.Purpose?, _ input: ByteBuffer?, _ fate: Fate,
        _ onOutput: @Sendable (SSHOutput) async throws -> Void
    ) async throws -> SSHExit {
        var turn =
            if let purpose {
                // Asked on the loop: what cancels later comes after it there, and finds the channel.
                try await start(id, purpose, input: input) { fate.isCancelled }
            } else {
                try await nextTurn(id)
            }
        while true {
            switch turn {
            case .ended(let exit): return exit
            case .output(let output): try await onOutput(output)
            }
            turn = try await nextTurn(id)
        }
    }

    /// Sends the input. A failure of the stream is the command's failure; that nobody reads is not.
    private nonisolated func feed(
        _ next: @Sendable () async throws -> ByteBuffer?, to id: Int, _ fate: Fate
    ) async {
        do {
            while let bytes = try await next() {
                guard try await write(id, bytes) else { return }
            }
            await endInput(id)
        } catch {
            // Cancelled because the command has ended: its end is the result, not this.
            guard !Task.isCancelled else { return }
            fate.fail(error)
            await abandon(id, error)
        }
    }
}

/// What ends a command before its time.
private final class Fate: Sendable {
    private struct Facts {
        var isCancelled = false
        var inputFailure: (any Error)?
    }

    private let facts = Mutex(Facts())

    var isCancelled: Bool { facts.withLock { $0.isCancelled } }

    /// Why the input could not be read.
    var inputFailure: (any Error)? { facts.withLock { $0.inputFailure } }

    func cancel() { facts.withLock { $0.isCancelled = true } }

    func fail(_ error: any Error) { facts.withLock { $0.inputFailure = $0.inputFailure ?? error } }
}
