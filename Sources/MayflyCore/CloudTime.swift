/// What a cloud answered to a request for destruction.
public struct DestroyAnswer: Sendable, Hashable {
    /// Whether the cloud still had the instance when it was asked.
    public var existed: Bool
    /// The answer's `Date` header: the cloud's own clock, to the second. `nil` when it sent none.
    public var answeredAt: WallTime?

    public init(existed: Bool = true, answeredAt: WallTime? = nil) {
        self.existed = existed
        self.answeredAt = answeredAt
    }
}

/// Between which moments of the cloud's own clock something happened there.
public struct CloudTimeBounds: Codable, Hashable, Sendable {
    public var earliest: WallTime
    public var latest: WallTime

    public init(earliest: WallTime, latest: WallTime) {
        self.earliest = earliest
        self.latest = max(earliest, latest)
    }

    /// Of what a request brought about, which was sent at most `elapsed` before its answer came.
    ///
    /// A `Date` header is cut to the second, so the answer was written within the second that begins there.
    public init(answeredAt date: WallTime, elapsed: Duration) {
        self.init(earliest: date.advanced(by: .zero - elapsed), latest: date.advanced(by: .seconds(1)))
    }
}

/// For how long a cloud had an instance: from its creation to the moment when its destruction was accepted, as narrowly
/// as can be known.
public struct BillableEstimate: Codable, Hashable, Sendable {
    /// Seconds.
    public var min: Double
    /// Seconds.
    public var max: Double

    init(min: Duration, max: Duration) {
        self.min = Self.seconds(Swift.max(.zero, min))
        self.max = Self.seconds(Swift.max(.zero, max))
    }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.milliseconds) / 1000 }

    /// The estimate of several instances together.
    static func sum(of all: [BillableEstimate]) -> BillableEstimate? {
        guard var sum = all.first else { return nil }
        for next in all.dropFirst() {
            sum.min = ((sum.min + next.min) * 1000).rounded() / 1000
            sum.max = ((sum.max + next.max) * 1000).rounded() / 1000
        }
        return sum
    }
}

extension AttemptState {
    /// `nil` where there was no instance, or where its end is not known.
    ///
    /// By the cloud's own clock. Where it told none, by this host's: then the longer of what its two clocks say is the most,
    /// and the shorter the least, because either may have been set or have stood still meanwhile.
    public var billableEstimate: BillableEstimate? {
        guard let instance = self.objects.first(where: { $0.kind == .instance }), instance.cloudID != nil else {
            return nil
        }
        if let created = instance.createdWithin, let destroyed = instance.destroyedWithin {
            return BillableEstimate(
                min: created.latest.duration(to: destroyed.earliest),
                max: created.earliest.duration(to: destroyed.latest))
        }
        guard let asked = self.spans.first(where: { $0.phase == "creating" })?.began, let made = createdAt,
            let accepted = self.spans.first(where: { $0.phase == "verifying" })?.began
        else { return nil }
        let seen = lastSignOfLife ?? made
        return BillableEstimate(
            min: Swift.min(made.wall.duration(to: seen.wall), made.boot.duration(to: seen.boot)),
            max: Self.longest(from: asked, to: accepted))
    }

    /// Between two moments, of which the second may be another boot's: then its boot clock says nothing, and the wall
    /// clock may have been set.
    static func longest(from began: Moment, to now: Moment) -> Duration {
        max(.zero, began.wall.duration(to: now.wall), began.boot.duration(to: now.boot))
    }

    /// Until when the instance certainly existed, where nobody can say when it went: the phases that begin with an answer
    /// from the cloud or from the instance itself.
    var lastSignOfLife: Moment? {
        self.spans.last { ["booting", "connecting", "preparing", "running", "collecting"].contains($0.phase) }?.began
    }
}

extension JobRecord {
    /// All attempts together; `nil` where no instance was had, or where the end of one is not known.
    public var billableEstimate: BillableEstimate? {
        let objects = attempts.flatMap { $0.objects }.filter { $0.kind == .instance }
        // A lost create that was given up may have made one.
        guard !objects.contains(where: { $0.state == .unsettled }) else { return nil }
        let instances = attempts.filter { $0.instance != nil }
        let known = instances.compactMap { $0.billableEstimate }
        return known.count == instances.count ? BillableEstimate.sum(of: known) : nil
    }
}
