/// A file's bytes from its beginning to its end, once, and what they come to.
package protocol TreeContent: Sendable {
    /// The next bytes; empty at the end.
    func content(upTo count: Int) async throws -> [UInt8]

    /// Of all that was read, in lower-case hex.
    var sha256: String { get }
}
