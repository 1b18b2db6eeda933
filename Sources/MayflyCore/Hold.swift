/// How long an instance stays although its attempt is over: for a look at what failed, or because results are on it that
/// could not be fetched.
public struct Hold: Hashable, Sendable {
    public enum Cause: String, Codable, Sendable {
        /// The user's command or setup failed, and the spec wants the instance kept for a look.
        case failure
        /// Results are on it that could not be fetched; fetching them is tried again meanwhile.
        case collect
    }

    public var cause: Cause
    public var began: Moment
    public var length: Duration
    /// Whether a person lengthened it: then it lasts, also when what it was begun for is done.
    public var isExtended: Bool

    public init(cause: Cause, began: Moment, length: Duration, isExtended: Bool = false) {
        self.cause = cause
        self.began = began
        self.length = length
        self.isExtended = isExtended
    }

    /// When it ends, by the wall clock; for people.
    public var endsAt: WallTime { began.wall.advanced(by: length) }
}

/// What a person wants of one attempt, as it stands in the store until the keeper has acted on it.
public protocol AttemptWish: Hashable, Sendable {
    /// The store's key for such a wish about one attempt: another attempt is never meant.
    static func key(_ job: JobID, attempt: Int) -> String
    /// As it stands there.
    var stored: String { get }
}

/// What a person wants of an instance that is held.
public enum HoldWish: AttemptWish {
    case release
    case extend(to: WallTime)

    public static func key(_ job: JobID, attempt: Int) -> String { "hold:\(job):\(attempt)" }

    /// `release`, or `until:` and milliseconds since 1970.
    public var stored: String {
        switch self {
        case .release: "release"
        case .extend(let end): "until:\(end.rawValue)"
        }
    }

    public init?(stored text: String) {
        if text == "release" {
            self = .release
        } else if text.hasPrefix("until:"), let end = Int64(text.dropFirst(6)) {
            self = .extend(to: WallTime(rawValue: end))
        } else {
            return nil
        }
    }
}

/// A person's wish that a command that runs may run until then.
public struct RunWish: AttemptWish {
    public var end: WallTime

    public init(end: WallTime) { self.end = end }

    public static func key(_ job: JobID, attempt: Int) -> String { "run:\(job):\(attempt)" }

    /// `until:` and milliseconds since 1970.
    public var stored: String { "until:\(end.rawValue)" }

    public init?(stored text: String) {
        guard text.hasPrefix("until:"), let end = Int64(text.dropFirst(6)) else { return nil }
        self.init(end: WallTime(rawValue: end))
    }
}

extension AttemptState {
    /// How long its command may run, all in all: the spec's limit, or as far as a person extended it.
    public func runLimit(_ timeouts: Timeouts) -> Duration {
        guard let runsUntil = self.runsUntil, let began = runBegan else { return timeouts.run }
        return max(timeouts.run, began.wall.duration(to: runsUntil))
    }

    /// Until when its command may run, by the wall clock; for people. `nil` before it began.
    public func runEnd(_ timeouts: Timeouts) -> WallTime? { runBegan?.wall.advanced(by: runLimit(timeouts)) }

    var runBegan: Moment? { began("running") }
}

extension AttemptState {
    /// Whether its instance is held now.
    public var isHeld: Bool {
        if case .holding = self.phase { return self.hold != nil }
        return false
    }

    /// What is left of the hold.
    public func restOfHold(now: Moment, bootID: String) -> Duration {
        guard let hold = self.hold else { return .zero }
        return max(.zero, hold.length - elapsed(since: hold.began, now: now, bootID: bootID))
    }
}

extension JobDefinition {
    /// How much longer than all its clocks and holds an instance may live before it counts as forgotten.
    public static let slack: Duration = .seconds(2 * 3600)

    /// How long an instance may live at most: fixed before the create request, and readable in its name.
    public var life: Duration {
        let limits = timeouts
        return limits.provision + limits.setup + limits.run + limits.collect + limits.snapshot + longestHold
            + Self.slack
    }

    /// The longest hold the spec asks for.
    public var longestHold: Duration {
        var longest = onFailure?.hold ?? .zero
        if case .hold(let length) = onCollectFailure { longest = max(longest, length) }
        return longest
    }

    /// Until when an instance of this expiry can be held at most: afterwards there must be time to take a snapshot and
    /// to destroy it.
    public func latestHoldEnd(expiry: WallTime) -> WallTime {
        expiry.advanced(by: .zero - timeouts.collect - timeouts.snapshot)
    }
}

/// What becomes of the instance of an attempt that failed by its user.
public struct FailurePolicy: Hashable, Sendable {
    /// It stays so long for a look.
    public var hold: Duration

    public init(hold: Duration) { self.hold = hold }
}
