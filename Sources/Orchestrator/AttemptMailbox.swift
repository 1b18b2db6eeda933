import MayflyCore
import Synchronization

/// The one way in to a running attempt: finished effects, clocks and a person's wish all queue here.
final class AttemptMailbox: Sendable {
    enum Message: Sendable {
        /// From outside the attempt.
        case event(AttemptEvent)
        /// A person's wish about this attempt's hold; another attempt's is never meant.
        case wish(attempt: Int, AttemptEvent)
        /// From the effect of this generation; dropped once another has taken its place.
        case effect(generation: Int, AttemptEvent)
        /// A clock's limit has passed since `began`; stale when the phase has moved on.
        case clock(JobClock, began: Moment)
    }

    private struct State {
        /// Those that nobody has taken, oldest first.
        var messages: [Message] = []
        var consumer: CheckedContinuation<Void, Never>?
        /// Nobody will take any more.
        var isClosed = false
    }

    private let state = Mutex(State())
    /// For whoever waits where no machine listens: between two attempts.
    let cancel = Wish()

    /// Asks the attempt to end. Idempotent.
    func requestCancel() {
        cancel.make()
        post(.event(.cancelRequested))
    }

    /// Ends the attempt without proof that its instance is gone.
    func requestForget() { post(.event(.forgetRequested)) }

    func post(_ message: Message) {
        let consumer = state.withLock { state in
            state.messages.append(message)
            return state.consumer.take()
        }
        consumer?.resume()
    }

    /// The next message, for its one consumer; `nil` once its task is cancelled and all that came before is
    /// handed out.
    func next() async -> Message? {
        while true {
            if let message = state.withLock({ $0.messages.isEmpty ? nil : $0.messages.removeFirst() }) {
                return message
            }
            if state.withLock({ $0.isClosed }) { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let hasNews = state.withLock { state in
                        if !state.messages.isEmpty || state.isClosed { return true }
                        state.consumer = continuation
                        return false
                    }
                    if hasNews { continuation.resume() }
                }
            } onCancel: {
                let consumer = state.withLock { state in
                    state.isClosed = true
                    return state.consumer.take()
                }
                consumer?.resume()
            }
        }
    }
}
