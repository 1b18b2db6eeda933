import MayflyCore

/// Waits that grow from `first` to `most`, so that a fast cloud is asked often and a broken one seldom.
struct Backoff {
    private var next: Duration
    private let most: Duration

    init(first: Duration, most: Duration) {
        self.next = min(first, most)
        self.most = most
    }

    /// - Throws: `CancellationError`.
    mutating func wait(_ time: any Timekeeper) async throws {
        let current = next
        next = min(most, next * 3 / 2)
        try await time.sleep(for: current)
    }
}
