public import Foundation

/// A public key registered with the account.
public struct SSHKey: Sendable, Hashable, Codable, Identifiable {
    public typealias ID = ResourceID<SSHKey>

    public var id: ID
    public var name: String
    /// The key in OpenSSH's one-line form; very old answers call it `public_key`.
    public var value: String?
    /// In the API's samples the MD5 form with colons.
    public var fingerprint: String?
    /// For example `rsa` or `ed25519`.
    public var type: String?
    /// The key's length in bits.
    public var size: Int?
    public var createdAt: Date?
    public var updatedAt: Date?

    enum CodingKeys: String, CodingKey {
        case id, name, value, fingerprint, type, size
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    /// The API returns single keys without an envelope, unlike every other object. One that appears is understood.
    public init(from decoder: any Decoder) throws {
        let bare = try LenientFields(decoder)
        let fields = bare.nested("ssh_key") ?? bare
        id = try fields.id("id")
        name = try fields.required("name")
        value = fields.text("value") ?? fields.text("public_key")
        fingerprint = fields.text("fingerprint")
        type = fields.text("type")
        size = fields.integer("size")
        createdAt = fields.date("created_at")
        updatedAt = fields.date("updated_at")
    }
}
