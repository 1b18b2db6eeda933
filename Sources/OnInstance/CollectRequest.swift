/// What to bring back, beside everything in `$MAYFLY_OUTPUTS`.
public struct CollectRequest: Sendable, Hashable {
    /// Paths and globs (`*`, `?`, `[…]`, `**`) relative to `~/work`. What leads elsewhere is refused on the instance.
    public var outputs: [String]

    public init(outputs: [String]) {
        self.outputs = outputs
    }

    /// The request as the supervisor evaluates it; the last line tells a complete one from a cut one.
    var document: [UInt8] {
        let lines = outputs.map { "output \(ShellText.quote($0))\n" }.joined()
        return Array("# outputs\n\(lines)mayfly_end=1\n".utf8)
    }
}
