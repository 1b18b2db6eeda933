/// All that is known of one attempt: stored after every step, in the same transaction as the next intent.
///
/// A value like any other, but its facts are kept once however many copies there are: every step of an attempt hands it on,
/// and each would copy more than half a kilobyte.
@dynamicMemberLookup
public struct AttemptState: Hashable, Sendable {
    /// The version of this record's encoding. A newer Mayfly reads every older one.
    public static let currentVersion = 1

    /// Its facts are written only while nobody else holds it, which is what `@unchecked` rests on.
    @usableFromInline final class Box: @unchecked Sendable {
        @usableFromInline var facts: AttemptFacts

        @usableFromInline init(_ facts: AttemptFacts) { self.facts = facts }
    }

    @usableFromInline var box: Box

    public init(identity: AttemptIdentity, number: Int, expiry: WallTime, now: Moment, bootID: String) {
        box = Box(AttemptFacts(identity: identity, number: number, expiry: expiry, now: now, bootID: bootID))
    }

    @inlinable public subscript<Value>(dynamicMember fact: WritableKeyPath<AttemptFacts, Value>) -> Value {
        get { box.facts[keyPath: fact] }
        _modify {
            if !isKnownUniquelyReferenced(&box) { box = Box(box.facts) }
            yield &box.facts[keyPath: fact]
        }
    }

    public static func == (lhs: AttemptState, rhs: AttemptState) -> Bool {
        lhs.box === rhs.box || lhs.box.facts == rhs.box.facts
    }

    public func hash(into hasher: inout Hasher) { box.facts.hash(into: &hasher) }

    public var isDone: Bool { self.phase == .done }

    /// When it last entered a phase, by the phase's word; `nil` when it never did.
    public func began(_ phase: String) -> Moment? { self.spans.last { $0.phase == phase }?.began }

    /// The key without which an absence of this attempt's instance proves nothing; `nil` = the one the cloud has on record.
    public var witness: String? { self.anchor.flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether the attempt is over, but its instance may yet turn up: a lost create that was given up, or a person's
    /// word in place of a proof. Watched for until the identity's expiry.
    public func mayStillArrive(at now: WallTime) -> Bool {
        isDone && self.expiry > now
            && self.objects.contains { object in
                guard object.kind == .instance else { return false }
                switch object.state {
                case .unsettled, .existing, .destroyAccepted: return true
                case .intended, .gone, .kept, .refused: return false
                }
            }
    }

    /// When the cloud had answered the create request: the phase after `creating` began then.
    public var createdAt: Moment? {
        guard let index = self.spans.firstIndex(where: { $0.phase == "creating" }), index + 1 < self.spans.count else {
            return nil
        }
        return self.spans[index + 1].began
    }
}

extension AttemptState: Codable {
    public init(from decoder: any Decoder) throws { box = Box(try AttemptFacts(from: decoder)) }

    public func encode(to encoder: any Encoder) throws { try box.facts.encode(to: encoder) }
}

/// How long one phase took. Elapsed time is measured on the boot clock, so a wall-clock jump changes nothing.
public struct PhaseSpan: Codable, Hashable, Sendable {
    public var phase: String
    public var began: Moment
    /// Milliseconds; `nil` while the phase lasts.
    public var elapsed: Int64?

    public init(phase: String, began: Moment, elapsed: Int64? = nil) {
        self.phase = phase
        self.began = began
        self.elapsed = elapsed
    }
}

public struct InstanceSummary: Codable, Hashable, Sendable {
    public var id: InstanceID
    public var name: String
    public var type: String
    public var region: String
    public var address: String?

    public init(id: InstanceID, name: String, type: String, region: String, address: String? = nil) {
        self.id = id
        self.name = name
        self.type = type
        self.region = region
        self.address = address
    }
}

/// One thing this attempt made in the cloud, from the intent to the proof that it is gone.
public struct CreatedObject: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Sendable { case instance, snapshot }

    public enum State: String, Codable, Sendable {
        /// Asked for; the cloud may or may not have it.
        case intended
        case existing
        case destroyAccepted = "destroy_accepted"
        case gone
        /// A snapshot the user asked for: never cleaned up.
        case kept
        /// The create's answer was lost and listings show nothing: watched until its expiry.
        case unsettled
        /// The cloud refused to create it: it never existed.
        case refused
    }

    public var kind: Kind
    /// Hostname of an instance, name of a snapshot: by this it can be found.
    public var name: String
    public var cloudID: String?
    public var state: State
    public var intendedAt: WallTime
    public var destroyAcceptedAt: WallTime?
    public var goneAt: WallTime?
    /// By the cloud's clock; `nil` where it told none, and in older records.
    public var createdWithin: CloudTimeBounds?
    /// When its destruction was accepted, by the cloud's clock.
    public var destroyedWithin: CloudTimeBounds?

    public init(
        kind: Kind, name: String, cloudID: String? = nil, state: State = .intended, intendedAt: WallTime
    ) {
        self.kind = kind
        self.name = name
        self.cloudID = cloudID
        self.state = state
        self.intendedAt = intendedAt
    }
}
