/// The small number by which people name a job (`job 41`). Unique within one `MAYFLY_HOME`, never reused.
public struct JobID: RawRepresentable, Hashable, Comparable, Codable, Sendable,
    CustomStringConvertible
{
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public var description: String { String(rawValue) }

    public static func < (lhs: JobID, rhs: JobID) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// The cloud's identifier of an instance (UUID text on Genesis Cloud, but never assumed to be one).
public struct InstanceID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public var description: String { rawValue }
}

/// The cloud's identifier of a snapshot. Usable wherever an image is expected (Instances page, "From a snapshot").
public struct SnapshotID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public var description: String { rawValue }
}

/// A point of wall-clock time in whole milliseconds since 1970, as the store and receipts record it.
///
/// Wall time is for people and for expiries; elapsed time is always measured on ``BootInstant``.
public struct WallTime: RawRepresentable, Hashable, Comparable, Codable, Sendable {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public static func < (lhs: WallTime, rhs: WallTime) -> Bool { lhs.rawValue < rhs.rawValue }

    public func advanced(by duration: Duration) -> WallTime {
        WallTime(rawValue: rawValue + duration.milliseconds)
    }

    public func duration(to other: WallTime) -> Duration { .milliseconds(other.rawValue - rawValue) }
}

/// A point on the host's `CLOCK_BOOTTIME`, which a wall-clock jump does not move and which counts sleep.
/// Comparable only within one boot; the boot id is recorded beside it.
public struct BootInstant: RawRepresentable, Hashable, Comparable, Codable, Sendable {
    /// Milliseconds since the host booted.
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public static func < (lhs: BootInstant, rhs: BootInstant) -> Bool { lhs.rawValue < rhs.rawValue }

    public func advanced(by duration: Duration) -> BootInstant {
        BootInstant(rawValue: rawValue + duration.milliseconds)
    }

    public func duration(to other: BootInstant) -> Duration {
        .milliseconds(other.rawValue - rawValue)
    }
}

extension Duration {
    /// The whole milliseconds of this duration, rounded toward zero.
    public var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
