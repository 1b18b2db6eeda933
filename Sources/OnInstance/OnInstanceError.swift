/// What cannot be sent to an instance.
public struct OnInstanceError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The metadata would exceed the API's limit.
        case documentTooLarge = "document-too-large"
        /// A value that cannot stand in a first-boot document.
        case invalidValue = "invalid-value"
    }

    public var code: Code
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
