/// Whose bytes keepers were reading when they crashed. Stored before a keeper attaches, so that its crash says whom it
/// speaks against.
///
/// One machine whose bytes crash the keeper would crash every later one that attaches to it. A crash with several machines
/// attaching accuses nobody yet: they are attached in smaller groups, at last one at a time, until the guilty one is known.
public struct AttachLedger: Hashable, Sendable {
    /// The store's note.
    public static let storedUnder = "attaching"

    /// So many crashes while it was attached to alone, and a machine is left alone for good.
    static let limit = 2
    /// So many crashes over its bytes at any other time. One more, because memory that one machine has damaged may end the keeper
    /// while it works for another.
    static let namedLimit = 3
    /// Up to so many suspects are tried one at a time; more are halved.
    static let fewSuspects = 8

    /// The keeper that wrote this; an older one never overwrites a younger one's.
    public var reign: Int64
    /// Hostnames of the machines that it is attaching to just now.
    public private(set) var attaching: [String]
    /// To be tried apart from all others.
    public private(set) var suspects: [String]
    /// How often a keeper crashed while it attached to this machine alone.
    public private(set) var crashes: [String: Int]

    /// How often a keeper crashed over this machine's bytes when it was long attached.
    public private(set) var named: [String: Int]

    public init(reign: Int64 = 0) {
        self.reign = reign
        attaching = []
        suspects = []
        crashes = [:]
        named = [:]
    }

    /// A new keeper reads what the last one left.
    /// - Parameters:
    ///   - afterCrash: whether the last one crashed; one that was killed, or lost its power, accuses nobody.
    ///   - guilty: machines whose bytes the crashing thread was handling, where it could tell. Then nobody else is suspected.
    ///   - connecting: machines that were being logged in to for the first time, which nobody needs to write down twice.
    ///   - living: all machines that are still attached to; what is said of others is forgotten.
    public mutating func take(
        over reign: Int64, afterCrash: Bool, guilty: [String] = [], connecting: [String], living: [String]
    ) {
        self.reign = reign
        // During a trial all others wait, also those that have yet to log in for the first time.
        let wasTrial = attaching.contains { suspects.contains($0) }
        let present = Set(attaching).union(wasTrial ? [] : connecting).intersection(living).sorted()
        attaching = []
        let known = guilty.filter(living.contains)
        if afterCrash, !known.isEmpty {
            for name in known {
                if present.contains(name) { crashes[name, default: 0] += 1 } else { named[name, default: 0] += 1 }
            }
            suspects += known.filter { present.contains($0) && !suspects.contains($0) }
        } else if afterCrash, !present.isEmpty {
            suspects = present
            if present.count == 1 { crashes[present[0], default: 0] += 1 }
        }
        crashes = crashes.filter { living.contains($0.key) }
        named = named.filter { living.contains($0.key) }
        let left = Set(living).subtracting(quarantined)
        suspects = suspects.filter(left.contains)
    }

    /// Whether there is any that nothing is read from.
    public var hasQuarantined: Bool { !quarantined.isEmpty }

    /// Whether nothing of this machine is read any more.
    public func isQuarantined(_ hostname: String) -> Bool {
        crashes[hostname, default: 0] >= Self.limit || named[hostname, default: 0] >= Self.namedLimit
    }

    public var quarantined: [String] { Set(crashes.keys).union(named.keys).filter(isQuarantined).sorted() }

    public mutating func begin(_ hostnames: [String]) { attaching = hostnames }

    /// No crash came while these were attached to.
    public mutating func survived(_ hostnames: Set<String>) {
        attaching.removeAll { hostnames.contains($0) }
        suspects.removeAll { hostnames.contains($0) }
    }

    /// These could not be reached: they are no longer being attached to, and still under suspicion.
    public mutating func leave(_ hostnames: Set<String>) { attaching.removeAll { hostnames.contains($0) } }

    /// The next suspects to be attached to apart from all others.
    /// - Parameter untried: those that this keeper has not tried yet.
    public static func nextGroup(of untried: [String]) -> [String] {
        Array(untried.prefix(untried.count > fewSuspects ? (untried.count + 1) / 2 : 1))
    }
}

/// The stored form: a line for each fact, in words that stay. Golden-tested.
extension AttachLedger {
    public var text: String {
        (["reign \(reign)"] + attaching.map { "attaching \($0)" } + suspects.map { "suspect \($0)" }
            + crashes.sorted { $0.key < $1.key }.map { "crashes \($0.key) \($0.value)" }
            + named.sorted { $0.key < $1.key }.map { "named \($0.key) \($0.value)" }).joined(separator: "\n")
    }

    /// A line that is not understood is left out: a newer Mayfly may say more.
    public init(text: String) {
        self.init()
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 2 else { continue }
            switch words[0] {
            case "reign": reign = Int64(words[1]) ?? 0
            case "attaching": attaching.append(words[1])
            case "suspect": suspects.append(words[1])
            case "crashes" where words.count == 3: crashes[words[1]] = Int(words[2])
            case "named" where words.count == 3: named[words[1]] = Int(words[2])
            default: continue
            }
        }
    }
}
