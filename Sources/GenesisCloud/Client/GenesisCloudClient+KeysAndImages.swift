internal import Foundation

extension GenesisCloudClient {
    /// `POST /ssh-keys`, unsafe: registers a public key.
    /// - Throws: ``GenesisCloudError``.
    public func createSSHKey(name: String, publicKey: String) async throws -> SSHKey {
        try await request(.createSSHKey, body: CreateSSHKeyRequest(name: name, value: publicKey))
    }

    /// `GET /ssh-keys/{id}`, a read.
    /// - Throws: ``GenesisCloudError``, `notFound` among others.
    public func sshKey(_ id: SSHKey.ID) async throws -> SSHKey { try await request(.getSSHKey, id.rawValue) }

    /// `GET /ssh-keys`, a read: all keys of the account, page by page.
    public func sshKeys() -> Listing<SSHKey> { Listing(self, .listSSHKeys, key: "ssh_keys") }

    /// All keys of the account: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func listSSHKeys() async throws -> [SSHKey] { try await sshKeys().all() }

    /// `PATCH /ssh-keys/{id}`, idempotent.
    /// - Throws: ``GenesisCloudError``.
    public func renameSSHKey(_ id: SSHKey.ID, to name: String) async throws -> SSHKey {
        try await request(.renameSSHKey, id.rawValue, body: RenameRequest(name: name))
    }

    /// `DELETE /ssh-keys/{id}`, idempotent.
    /// - Throws: ``GenesisCloudError``.
    public func deleteSSHKey(_ id: SSHKey.ID) async throws { try await perform(.deleteSSHKey, id.rawValue) }

    /// `GET /images`, a read: all images the account can use, page by page.
    public func images(type: Image.Kind? = nil) -> Listing<Image> {
        Listing(self, .listImages, key: "images", filter: type.map { "&type=\($0.wire.asQueryValue)" } ?? "")
    }

    /// All images the account can use.
    /// - Throws: ``GenesisCloudError``.
    public func listImages(type: Image.Kind? = nil) async throws -> [Image] { try await images(type: type).all() }
}

extension String {
    /// Percent-encoded for use as a query item's value.
    var asQueryValue: String {
        let plain = CharacterSet.alphanumerics.intersection(.init(charactersIn: "\u{21}"..."\u{7E}"))
        return addingPercentEncoding(withAllowedCharacters: plain.union(.init(charactersIn: "-._~"))) ?? ""
    }
}
