public import Foundation

/// A snapshot of an instance's boot disk. Its id can be used as an image.
public struct Snapshot: Sendable, Hashable, Decodable {
    public var id: String
    public var name: String
    public var status: Status
    public var region: String?
    /// GiB. Missing in some answers; very old ones gave bytes as a text, which are converted.
    public var sizeGiB: Int?
    /// The instance it was taken of, under whichever of its names the API sends it.
    public var resourceID: String?
    public var createdAt: Date?

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.required("id")
        name = try fields.required("name")
        status = Status(wire: try fields.required("status"))
        region = fields.text("region")
        sizeGiB = fields.integer("size").map { $0 >= 1 << 20 ? $0 >> 30 : $0 }
        resourceID = fields.text("resource_id") ?? fields.text("source_instance_id")
        createdAt = fields.date("created_at")
    }

    public enum Status: Sendable, Hashable {
        case creating
        /// Usable. Older versions of the API say `available` or `active`.
        case created
        case pendingDelete, deleting, error
        case unknown(String)

        public init(wire: String) {
            switch wire.lowercased() {
            case "creating", "snapshotting": self = .creating
            case "created", "available", "active": self = .created
            case "pending_delete": self = .pendingDelete
            case "deleting": self = .deleting
            case "error": self = .error
            default: self = .unknown(wire)
            }
        }

        /// The API's present word.
        public var wire: String {
            switch self {
            case .creating: "creating"
            case .created: "created"
            case .pendingDelete: "pending_delete"
            case .deleting: "deleting"
            case .error: "error"
            case .unknown(let word): word
            }
        }
    }
}
