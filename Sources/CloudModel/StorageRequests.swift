/// The body of `POST /volumes`, `POST /filesystems` and their `PATCH`, decoded but not judged.
public struct StorageRequest: Codable, Hashable, Sendable {
    public var name: String?
    public var description: String?
    public var type: String?
    /// GiB.
    public var size: Int?
    public var region: String?

    public init(
        name: String? = nil, description: String? = nil, type: String? = nil, size: Int? = nil, region: String? = nil
    ) {
        self.name = name
        self.description = description
        self.type = type
        self.size = size
        self.region = region
    }
}
