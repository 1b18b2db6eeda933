extension CloudModel {
    /// Registers a public key.
    /// - Parameter facts: what the value decodes to; `nil` when it is no OpenSSH public key.
    /// - Throws: 400.
    public mutating func createSSHKey(
        name: String?, value: String?, facts: CloudSSHKey.KeyFacts?, id: String, now: Int64
    ) throws(CloudRefusal) -> CloudSSHKey {
        let name = try Self.name(name)
        guard let value, let facts, value.utf8.count <= 16_384 else {
            throw .invalid("value must be an OpenSSH public key")
        }
        let key = CloudSSHKey(id: id, name: name, value: value, facts: facts, createdAt: now, updatedAt: now)
        sshKeys[id] = key
        return key
    }

    /// Renames a key.
    /// - Throws: 404, 400.
    public mutating func renameSSHKey(_ id: String, to name: String?, now: Int64) throws(CloudRefusal) -> CloudSSHKey {
        var key = try sshKey(id)
        key.name = try Self.name(name)
        key.updatedAt = now
        sshKeys[id] = key
        return key
    }

    /// Forgets a key. Instances keep what was put into them.
    /// - Throws: 404.
    public mutating func deleteSSHKey(_ id: String) throws(CloudRefusal) {
        _ = try sshKey(id)
        sshKeys[id] = nil
    }
}
