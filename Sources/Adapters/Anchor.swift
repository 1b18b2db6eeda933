import GenesisCloud
import MayflyCore
import SSHTransport

/// The installation's one registered SSH key. It satisfies `ssh_keys`, and whether the same token still sees it is what
/// makes a 404 or an empty list mean something: a wrong account, endpoint or wiped cloud answers the same.
actor Anchor {
    private let store: any JobStore
    private let installation: String
    private let cloud: CloudReference
    private var confirmed: String?
    private var isEnsuring = false
    private var waiting: [CheckedContinuation<String, any Error>] = []

    init(store: any JobStore, installation: String, cloud: CloudReference) {
        self.store = store
        self.installation = installation
        self.cloud = cloud
    }

    private var storedUnder: String { "anchor:\(cloud.kind.rawValue):\(cloud.endpoint)" }

    /// The registered key's id; registers it on first use.
    ///
    /// A recorded anchor that the cloud no longer shows is replaced only when no attempt there still counts on it as its
    /// witness: a new key would make a wiped cloud's emptiness look like proof.
    ///
    /// Those that ask at the same time share one look-up: a home's first jobs begin together, and each would register a key of
    /// its own.
    func ensure(_ client: GenesisCloudClient) async throws -> String {
        if isEnsuring { return try await withCheckedThrowingContinuation { waiting.append($0) } }
        isEnsuring = true
        let result: Result<String, any Error>
        do { result = .success(try await lookUp(client)) } catch { result = .failure(Self.told(error)) }
        isEnsuring = false
        let others = waiting
        waiting = []
        for other in others { other.resume(with: result) }
        return try result.get()
    }

    /// The one that asks may have been cancelled; that is no news about the others.
    private static func told(_ error: any Error) -> any Error {
        guard error is CancellationError else { return error }
        return ProviderError(
            kind: .unreachable,
            reason: Reason(code: "anchor-look-up", message: "the look-up of this installation's key was broken off"))
    }

    private func lookUp(_ client: GenesisCloudClient) async throws -> String {
        if let confirmed { return confirmed }
        // The record first: a key that another keeper registers in between must not be missing from an older listing.
        let recorded = try await store.value(storedUnder)
        let keys = try await client.listSSHKeys()
        if let recorded {
            if keys.contains(where: { $0.id.rawValue == recorded }) {
                confirmed = recorded
                return recorded
            }
            switch try await use(of: recorded) {
            case .none: break
            // Its create is settled soon, one way or the other.
            case .byCreates: throw ProviderError(kind: .unreachable, reason: Self.missing)
            case .byInstances: throw ProviderError(kind: .unauthorized, reason: Self.missing)
            }
        }
        let name = "mayfly-\(installation)"
        let id: String
        if let found = keys.first(where: { $0.name == name }) {
            id = found.id.rawValue
        } else {
            // Nobody ever logs in with it: its private half is forgotten at once.
            let key = SSHPrivateKey.generateEd25519(comment: name)
            id = try await client.createSSHKey(name: name, publicKey: key.publicKey.openSSH).id.rawValue
        }
        try await store.setValue(id, for: storedUnder)
        confirmed = id
        return id
    }

    private static let missing = Reason(
        code: "anchor-missing",
        message:
            "the cloud does not show this installation's anchor key: wrong account or endpoint, or a wiped cloud; no new "
            + "instance is created while others there are not proved gone: give it the right token, or "
            + "`mayfly cancel JOB --forget` ends their jobs as possible leaks")

    /// As far as it is known without asking.
    var known: String? { confirmed }

    /// An attempt's own key, or the recorded one.
    func key(_ own: String?) async throws -> SSHKey.ID? {
        if let own { return SSHKey.ID(own) }
        return try await recorded()
    }

    /// The very key that was recorded, whether or not the cloud still shows it.
    func recorded() async throws -> SSHKey.ID? {
        try await store.value(storedUnder).map { SSHKey.ID($0) }
    }

    /// Whether the cloud still shows it.
    func isSeen(_ own: String?, _ client: GenesisCloudClient) async throws -> Bool {
        guard let key = try await key(own), try await client.sees(key) else {
            confirmed = nil
            return false
        }
        return true
    }

    /// The cloud did not show it.
    func wasNotSeen() { confirmed = nil }

    private enum Use { case none, byCreates, byInstances }

    /// Who still counts on a key. A create that is under way does, once its key is on record: its instance may appear any
    /// moment. One without a key on record was not sent.
    private func use(of key: String) async throws -> Use {
        let attempts = try await store.jobs(.unfinished).filter { $0.cloud == cloud }.flatMap(\.attempts)
            .filter { $0.anchor == nil || $0.anchor == key }
        func has(_ states: CreatedObject.State...) -> Bool {
            attempts.flatMap(\.objects).contains { $0.kind == .instance && states.contains($0.state) }
        }
        if has(.existing, .destroyAccepted) { return .byInstances }
        // Nobody knows what those count on.
        if try await store.unreadableJobs(.unfinished).contains(where: { $0.cloud ?? cloud.kind == cloud.kind }) {
            return .byInstances
        }
        return has(.intended) ? .byCreates : .none
    }
}
