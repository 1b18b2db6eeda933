import MayflyCore

/// The one way in to a running attempt: finished effects, clocks and a person's wish all queue here.
struct AttemptMailbox: Sendable {
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

    let messages: AsyncStream<Message>
    private let continuation: AsyncStream<Message>.Continuation
    /// For whoever waits where no machine listens: between two attempts.
    let cancel = Wish()

    init() {
        (messages, continuation) = AsyncStream.makeStream()
    }

    /// Asks the attempt to end. Idempotent.
    func requestCancel() {
        cancel.make()
        post(.event(.cancelRequested))
    }

    /// Ends the attempt without proof that its instance is gone.
    func requestForget() { post(.event(.forgetRequested)) }

    func post(_ message: Message) { continuation.yield(message) }
}
