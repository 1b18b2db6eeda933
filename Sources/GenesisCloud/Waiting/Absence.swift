/// What can be said of an instance's absence.
public enum InstanceAbsence: Sendable, Hashable {
    /// Proved: a GET says 404, the complete listing lacks it, and the same token still sees the anchor.
    case gone
    /// It exists.
    case present(Instance)
    /// The GET says 404, but the listing still shows it.
    case listed(Instance)
    /// Neither it nor the anchor is seen: this is another account, another endpoint, or a cloud that lost everything,
    /// and proves nothing.
    case anchorNotSeen
}

extension GenesisCloudClient {
    /// Whether an instance is provably gone.
    ///
    /// A 404 or an empty list is also what a wrong account, a wrong endpoint or a wiped emulator answers. So there has to
    /// be a third witness: an SSH key that the asker once registered and knows to exist, its anchor. Without one, nothing
    /// is concluded but presence.
    /// - Throws: ``GenesisCloudError``; whatever fails, absence is not concluded.
    public func absence(of id: Instance.ID, anchor: SSHKey.ID?) async throws -> InstanceAbsence {
        do {
            return .present(try await instance(id))
        } catch let error as GenesisCloudError where error.code == .notFound {}
        for try await listed in instances() where listed.id == id { return .listed(listed) }
        guard let anchor, try await sees(anchor) else { return .anchorNotSeen }
        return .gone
    }

    /// Whether the account shows an SSH key, so that an empty answer means something.
    /// - Throws: ``GenesisCloudError``.
    public func sees(_ anchor: SSHKey.ID) async throws -> Bool {
        for try await key in sshKeys() where key.id == anchor { return true }
        return false
    }
}
