import MayflyCore

/// The shell's hold on one running effect.
///
/// Children of a discarding group cannot be cancelled singly, so an effect is abandoned by a signal that its own inner
/// group waits for; and a running command is stopped by a wish, not by ending the effect that follows it.
struct EffectControl: Sendable {
    let generation: Int
    /// Yields when the command is to be stopped, or when a create is to give up trying.
    let stops: AsyncStream<StopCause>
    private let stopContinuation: AsyncStream<StopCause>.Continuation
    private let abandonment: AsyncStream<Never>
    private let abandonContinuation: AsyncStream<Never>.Continuation
    private let mailbox: AttemptMailbox

    init(generation: Int, mailbox: AttemptMailbox) {
        self.generation = generation
        self.mailbox = mailbox
        (stops, stopContinuation) = AsyncStream.makeStream()
        (abandonment, abandonContinuation) = AsyncStream.makeStream()
    }

    func post(_ event: AttemptEvent) { mailbox.post(.effect(generation: generation, event)) }

    func requestStop(_ cause: StopCause) { stopContinuation.yield(cause) }

    func abandon() { abandonContinuation.finish() }

    /// Runs `work` until it ends, or until the effect is abandoned, which cancels it.
    func race(_ work: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await work() }
            group.addTask { for await _ in abandonment {} }
            await group.next()
            group.cancelAll()
        }
    }
}
