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
        let inputFailure = InputFailure()
        return try await withTaskCancellationHandler {
            do {
                try await open(id, .command(command, options))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await self.feed(stdin, to: id, inputFailure) }
                    do {
                        while let output = try await nextOutput(id) { try await onOutput(output) }
                    } catch {
                        // Ends the input that may wait for the window: the group waits for it.
                        await abandon(id, error)
                        throw error
                    }
                    group.cancelAll()
                }
                return await finish(id)
            } catch {
                await abandon(id, error)
                // The channel may have gone before anybody read from it: then only the input knows why.
                if let failure = inputFailure.error { throw failure }
                throw Task.isCancelled && error is SSHError ? Self.cancelled : error
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// Sends the input. A failure of the stream is the command's failure; that nobody reads is not.
    private nonisolated func feed(_ stdin: SSHInput, to id: Int, _ failure: InputFailure) async {
        do {
            switch stdin {
            case .none:
                break
            case .bytes(let bytes):
                guard try await write(id, bytes) else { return }
            case .stream(let next):
                while let bytes = try await next() {
                    guard try await write(id, bytes) else { return }
                }
            }
            await endInput(id)
        } catch {
            // Cancelled because the command has ended: its end is the result, not this.
            guard !Task.isCancelled else { return }
            failure.set(error)
            await abandon(id, error)
        }
    }
}

/// Why a command's input could not be read.
private final class InputFailure: Sendable {
    private let first = Mutex<(any Error)?>(nil)

    var error: (any Error)? { first.withLock { $0 } }

    func set(_ error: any Error) { first.withLock { $0 = $0 ?? error } }
}
