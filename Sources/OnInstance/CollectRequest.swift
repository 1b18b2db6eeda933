/// What to bring back, beside everything in `$MAYFLY_OUTPUTS`.
public struct CollectRequest: Sendable, Hashable {
    /// Paths and globs (`*`, `?`, `[…]`, `**`) relative to `~/work`. What leads elsewhere is refused on the instance.
    public var outputs: [String]

    public init(outputs: [String]) {
        self.outputs = outputs
    }

    /// One path or glob to bring instead of all that, also from outside `~/work`; relative ones are in it.
    var only: String?

    /// - Parameter path: relative to `~/work`, absolute, or beginning with `~/`.
    public static func copy(of path: String) -> CollectRequest {
        var request = CollectRequest(outputs: [])
        request.only = path
        return request
    }

    /// The request as the supervisor evaluates it; the last line tells a complete one from a cut one.
    var document: [UInt8] {
        let lines =
            only.map { "only \(ShellText.quote($0))\n" } ?? outputs.map { "output \(ShellText.quote($0))\n" }.joined()
        return Array("# outputs\n\(lines)mayfly_end=1\n".utf8)
    }
}
