/// How many requests may be sent when: a pure value over a clock's readings.
///
/// A 429 halves the rate at most once a second, empties the bucket, and keeps it shut for as long as the server asks,
/// a minute at most.
/// The rate then grows back to its full height over half a minute without another 429.
struct TokenBucket: Sendable {
    let fullRate: Double
    let burst: Double
    private(set) var rate: Double
    private(set) var tokens: Double
    private var updated: Duration
    private var shutUntil: Duration = .zero
    private var lastPenalty: Duration?

    private static let recovery = 30.0
    private static let longestShut: Duration = .seconds(60)

    /// - Parameters:
    ///   - perSecond: how many requests a second the bucket refills with.
    ///   - burst: how many it holds, and holds at first.
    init(perSecond: Double, burst: Int, now: Duration) {
        fullRate = max(perSecond, 0.001)
        self.burst = Double(max(burst, 1))
        rate = fullRate
        tokens = self.burst
        updated = now
    }

    /// Takes one request's worth if there is one.
    mutating func take(now: Duration) -> Bool {
        refill(now)
        // A hair less than one is one: sums of fractions are not exact.
        guard now >= shutUntil, tokens > 1 - 1e-6 else { return false }
        tokens = max(0, tokens - 1)
        return true
    }

    /// How long until ``take(now:)`` can succeed.
    func wait(now: Duration) -> Duration {
        var copy = self
        copy.refill(now)
        let missing = copy.tokens > 1 - 1e-6 ? Duration.zero : .seconds((1 - copy.tokens) / copy.rate)
        return max(missing, shutUntil - now, .zero)
    }

    /// The server said 429.
    mutating func penalize(now: Duration, retryAfter: Duration?) {
        refill(now)
        // However long the server wants: a destroy is asked for again within a minute, come what may.
        shutUntil = max(shutUntil, now + min(retryAfter ?? .seconds(1 / rate), Self.longestShut))
        // Of a burst that was under way when the first one was refused, every answer says so.
        if let lastPenalty, now - lastPenalty < .seconds(1) { return }
        lastPenalty = now
        tokens = 0
        rate = max(rate / 2, min(fullRate, 0.5))
    }

    private mutating func refill(_ now: Duration) {
        let elapsed = (now - updated).inSeconds
        guard elapsed > 0 else { return }
        updated = now
        tokens = min(burst, tokens + elapsed * rate)
        rate = min(fullRate, rate + elapsed * fullRate / Self.recovery)
    }
}
