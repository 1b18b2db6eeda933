public import Foundation

/// A snapshot of an instance's boot disk. Its id can be used as an image.
public struct Snapshot: Sendable, Hashable, Codable, Identifiable {
    public typealias ID = ResourceID<Snapshot>

    public var id: ID
    public var name: String
    public var status: Status
    public var region: String?
    /// GiB. Missing in some answers; very old ones gave bytes as a text, which are converted.
    public var sizeGiB: Int?
    /// The instance it was taken of, under whichever of its names the API sends it.
    public var resourceID: Instance.ID?
    /// The snapshot it is a copy of.
    public var sourceSnapshotID: ID?
    public var osType: OSType?
    public var createdAt: Date?
    public var updatedAt: Date?

    enum CodingKeys: String, CodingKey {
        case id, name, status, region
        case sizeGiB = "size"
        case resourceID = "resource_id"
        case sourceSnapshotID = "source_snapshot_id"
        case osType = "os_type"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.id("id")
        name = try fields.required("name")
        status = Status(wire: try fields.required("status"))
        region = fields.text("region")
        sizeGiB = fields.integer("size").map { $0 >= 1 << 20 ? $0 >> 30 : $0 }
        resourceID = (fields.text("resource_id") ?? fields.text("source_instance_id")).map { Instance.ID($0) }
        sourceSnapshotID = fields.text("source_snapshot_id").map { ID($0) }
        osType = fields.word(OSType.self, "os_type")
        createdAt = fields.date("created_at")
        updatedAt = fields.date("updated_at")
    }

    public enum Status: OpenEnum {
        case creating
        /// Usable. Older versions of the API say `available` or `active`.
        case created
        case pendingDelete, deleting, error
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [
            (.creating, "creating"), (.created, "created"), (.pendingDelete, "pending_delete"),
            (.deleting, "deleting"), (.error, "error"),
        ]
        public static let olderWords: [(value: Self, word: String)] = [
            (.creating, "snapshotting"), (.created, "available"), (.created, "active"),
        ]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }
}
