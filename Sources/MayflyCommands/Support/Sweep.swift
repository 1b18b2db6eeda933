import Foundation
import GenesisCloud
import MayflyCore

/// Decides from names, and from this home's own records where there are any, which instances of Mayfly's outlived their
/// time. Pure: a sweep that destroys a stranger's machine is worse than a leak.
struct Sweep {
    /// Whose instances are considered.
    enum Scope: Hashable {
        case installation(String)
        case all
    }

    var scope: Scope
    var now: WallTime
    /// Nothing younger is touched, however it is named.
    var minAge: Duration
    /// The age alone decides, not the expiry in the name.
    var evenIfRunning: Bool
    /// Jobs of this home that are under way, by the hostname of their instance.
    var owners: [String: JobRecord] = [:]
    /// Jobs of this home whose rows cannot be read, likewise.
    var unreadable: [String: JobID] = [:]

    /// How long after its expiry an instance is still its keeper's to end.
    static let grace: Duration = .seconds(1800)

    enum Verdict: Hashable {
        case remove(String)
        case keep(String)
    }

    /// An instance of some installation's, and what is to become of it.
    struct Finding {
        var instance: Instance
        var identity: AttemptIdentity
        var expiry: WallTime?
        var verdict: Verdict

        var isRemoved: Bool {
            if case .remove = verdict { return true }
            return false
        }
    }

    /// - Parameter instances: a complete listing. Instances that no Mayfly named are left out.
    func findings(_ instances: [Instance]) -> [Finding] {
        instances.compactMap { instance in
            guard let identity = AttemptIdentity(hostname: instance.hostname) else { return nil }
            let expiry = identity.expiry(inName: instance.name)
            return Finding(
                instance: instance, identity: identity, expiry: expiry, verdict: verdict(instance, identity, expiry))
        }.sorted {
            ($0.identity.installation, $0.instance.id.rawValue) < ($1.identity.installation, $1.instance.id.rawValue)
        }
    }

    private func verdict(_ instance: Instance, _ identity: AttemptIdentity, _ expiry: WallTime?) -> Verdict {
        if case .installation(let wanted) = scope, identity.installation != wanted {
            return .keep("of another installation")
        }
        if let owner = owners[instance.hostname] {
            return .keep("job \(owner.id) is \(owner.phaseWord): `mayfly cancel \(owner.id)`")
        }
        if let owner = unreadable[instance.hostname], !isLongOver(expiry) {
            return .keep("job \(owner) owns it, and cannot be read: `mayfly ls` says more")
        }
        guard let age = age(of: instance) else { return .keep("the cloud does not say how old it is") }
        guard age >= minAge else { return .keep("too young: \(TimeText.duration(age))") }
        if evenIfRunning { return .remove("\(TimeText.duration(age)) old") }
        guard let expiry else { return .keep("renamed: its expiry is not known") }
        let over = expiry.duration(to: now)
        // Until then its own keeper may be collecting; then it has shut itself down.
        if over >= .zero, over < Self.grace {
            return .keep(
                "its time was over \(TimeText.duration(over)) ago; it is taken after \(TimeText.limit(Self.grace))")
        }
        guard over >= .zero else { return .keep("its time is not over for another \(TimeText.duration(.zero - over))") }
        return .remove("its time was over \(TimeText.duration(over)) ago")
    }

    /// Nobody who could still read the row would collect from it any more.
    private func isLongOver(_ expiry: WallTime?) -> Bool { expiry.map { $0.duration(to: now) >= Self.grace } ?? false }

    func age(of instance: Instance) -> Duration? {
        instance.createdAt.map { created in
            WallTime(rawValue: Int64(created.timeIntervalSince1970 * 1000)).duration(to: now)
        }
    }
}
