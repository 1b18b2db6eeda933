public import Foundation

/// A set of firewall rules.
public struct SecurityGroup: Sendable, Hashable, Codable, Identifiable {
    public typealias ID = ResourceID<SecurityGroup>

    public var id: ID
    public var name: String
    public var description: String?
    /// Made by the cloud itself.
    public var isInternal: Bool?
    public var region: String?
    public var status: Status?
    public var rules: [Rule]
    public var createdAt: Date?
    public var updatedAt: Date?

    enum CodingKeys: String, CodingKey {
        case id, name, description, region, status, rules
        case isInternal = "is_internal"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.id("id")
        name = try fields.required("name")
        description = fields.text("description")
        isInternal = fields.flag("is_internal")
        region = fields.text("region")
        status = fields.word(Status.self, "status")
        rules = fields.list(Rule.self, "rules")
        createdAt = fields.date("created_at")
        updatedAt = fields.date("updated_at")
    }

    public enum Status: OpenEnum {
        case creating, created, deleting, error
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [
            (.creating, "creating"), (.created, "created"), (.deleting, "deleting"), (.error, "error"),
        ]
        public static let olderWords: [(value: Self, word: String)] = [(.creating, "enqueued")]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }

    /// What is let through.
    public struct Rule: Sendable, Hashable, Codable {
        public var `protocol`: NetworkProtocol
        public var direction: Direction
        /// 1 to 65535; `nil` = every port, and always so for `icmp`.
        public var portRangeMin: Int?
        public var portRangeMax: Int?

        public init(
            protocol: NetworkProtocol, direction: Direction = .ingress, portRangeMin: Int? = nil,
            portRangeMax: Int? = nil
        ) {
            self.protocol = `protocol`
            self.direction = direction
            self.portRangeMin = portRangeMin
            self.portRangeMax = portRangeMax
        }

        enum CodingKeys: String, CodingKey {
            case `protocol`, direction
            case portRangeMin = "port_range_min"
            case portRangeMax = "port_range_max"
        }

        public init(from decoder: any Decoder) throws {
            let fields = try LenientFields(decoder)
            self.protocol = NetworkProtocol(wire: try fields.required("protocol"))
            direction = Direction(wire: try fields.required("direction"))
            portRangeMin = fields.integer("port_range_min")
            portRangeMax = fields.integer("port_range_max")
        }

        /// Absent ports are `null`, as in the API's samples.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(self.protocol, forKey: .protocol)
            try container.encode(direction, forKey: .direction)
            try container.encode(portRangeMin, forKey: .portRangeMin)
            try container.encode(portRangeMax, forKey: .portRangeMax)
        }
    }

    public enum NetworkProtocol: OpenEnum {
        case tcp, udp, icmp, all
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [
            (.tcp, "tcp"), (.udp, "udp"), (.icmp, "icmp"), (.all, "all"),
        ]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }

    public enum Direction: OpenEnum {
        case ingress, egress
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [(.ingress, "ingress"), (.egress, "egress")]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }
}
