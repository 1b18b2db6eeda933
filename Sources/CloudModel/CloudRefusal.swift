/// A refusal of the API: an HTTP status and the body `{code, message}` that goes with it.
///
/// Only `02001` (invalid route) and `02035` (image not runnable on the type) are published. The other codes are this
/// model's own, in the same five-digit form, so that a client meets the shape; it must not depend on their values.
public struct CloudRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// HTTP status.
    public let status: Int
    /// Five digits with a leading zero.
    public let code: String
    public let message: String

    public init(status: Int, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    public var description: String { "[\(status)] \(code) \(message)" }

    /// The request's token is missing or wrong.
    public static let unauthorized = CloudRefusal(status: 401, code: "01001", message: "Unauthorized")
    /// No such path.
    public static let invalidRoute = CloudRefusal(status: 404, code: "02001", message: "Invalid route")

    /// The path exists, the method does not.
    public static func wrongMethod(_ method: String, allowed: [String]) -> CloudRefusal {
        CloudRefusal(
            status: 405, code: "02002",
            message: "\(method) is not possible here; possible: \(allowed.joined(separator: ", "))")
    }

    /// A body, parameter or value that cannot be accepted.
    public static func invalid(_ message: String) -> CloudRefusal {
        CloudRefusal(status: 400, code: "02010", message: message)
    }

    /// A body longer than the limit.
    public static let tooLarge = CloudRefusal(
        status: 413, code: "02013", message: "The request body is longer than 1 MiB")

    /// A resource that does not exist, or no longer does.
    public static func notFound(_ kind: String, _ id: String) -> CloudRefusal {
        CloudRefusal(status: 404, code: "02004", message: "\(kind) \(id.prefix(100)) not found")
    }

    /// An operation that the resource's state forbids.
    public static func conflict(_ message: String) -> CloudRefusal {
        CloudRefusal(status: 409, code: "02020", message: message)
    }

    /// Somebody else needs the resource.
    public static func inUse(_ kind: String, _ id: String, by user: String) -> CloudRefusal {
        CloudRefusal(status: 409, code: "02021", message: "\(kind) \(id) is in use by \(user)")
    }

    /// The account's limit is reached.
    public static func quota(_ what: String) -> CloudRefusal {
        CloudRefusal(status: 403, code: "02031", message: "Quota exceeded: \(what)")
    }

    /// The cloud has no room.
    public static func noCapacity(_ type: String) -> CloudRefusal {
        CloudRefusal(status: 409, code: "02030", message: "No capacity for instance type \(type)")
    }

    /// The image cannot run on this type (published code).
    public static func incompatibleImage(_ image: String, type: String) -> CloudRefusal {
        CloudRefusal(
            status: 400, code: "02035", message: "Image \(image) cannot be run on instance type \(type)")
    }
}
