public import Foundation

/// A public key registered with the account.
public struct SSHKey: Sendable, Hashable, Decodable {
    public var id: String
    public var name: String
    /// The key in OpenSSH's one-line form; very old answers call it `public_key`.
    public var value: String?
    public var fingerprint: String?
    public var createdAt: Date?

    /// The API returns single keys without an envelope, unlike every other object. One that appears is understood.
    public init(from decoder: any Decoder) throws {
        let bare = try LenientFields(decoder)
        let fields = bare.nested("ssh_key") ?? bare
        id = try fields.required("id")
        name = try fields.required("name")
        value = fields.text("value") ?? fields.text("public_key")
        fingerprint = fields.text("fingerprint")
        createdAt = fields.date("created_at")
    }
}

/// An image that instances can be created from.
public struct Image: Sendable, Hashable, Decodable {
    public var id: String
    public var name: String
    /// Accepted in place of the id, alone or as `slug:version`.
    public var slug: String?
    public var type: String?
    public var versions: [String]
    public var regions: [String]

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.required("id")
        name = try fields.required("name")
        slug = fields.text("slug")
        type = fields.text("type")
        versions = fields.list(String.self, "versions")
        regions = fields.list(String.self, "regions")
    }
}
