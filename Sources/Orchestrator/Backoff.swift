import MayflyCore

/// Waits that grow from `first` to `most`, so that a fast cloud is asked often and a broken one seldom.
struct Backoff {
    private var next: Duration
    private let most: Duration
    private var spread: UInt64?

    /// - Parameter spread: what tells this waiter from others. With it every wait is up to a quarter shorter or longer, so
    ///   that a thousand jobs whose cloud comes back do not all come back in the same moment.
    init(first: Duration, most: Duration, spread: String? = nil) {
        self.next = min(first, most)
        self.most = most
        // FNV-1a: the same attempt waits the same way in every run.
        self.spread = spread.map { $0.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }
    }

    /// - Parameter least: not less than this, for those who count how often they are asked.
    /// - Throws: `CancellationError`.
    @inline(never)
    mutating func wait(_ time: any Timekeeper, least: Duration = .zero) async throws {
        var current = max(next, least)
        next = min(most, next * 3 / 2)
        if let seed = spread {
            let drawn = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            spread = drawn
            current = current * (768 + Int((drawn >> 32) % 513)) / 1024
        }
        try await time.sleep(for: max(current, least))
    }
}
