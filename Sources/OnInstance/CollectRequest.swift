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

    /// Files that the asker has from an earlier stream, a line "SIZE SECONDS RIGHTS ./path" each. Those that are the same by length, second and rights are not sent
    /// again; the manifest covers them, so that they can be compared.
    public var held: [UInt8] = []

    /// The request as the supervisor evaluates it; the last line tells a complete one from a cut one.
    var document: [UInt8] {
        let lines =
            only.map { "only \(ShellText.quote($0))\n" } ?? outputs.map { "output \(ShellText.quote($0))\n" }.joined()
        return Array("# outputs\n\(lines)".utf8) + heldLines + Array("mayfly_end=1\n".utf8)
    }

    /// One word, as a call for each of many files would take long. A supervisor that an older Mayfly installed knows no
    /// such word, and sends everything.
    private var heldLines: [UInt8] {
        if held.isEmpty { return [] }
        var text = Array("if command -v already_there >/dev/null; then already_there '".utf8)
        for byte in held {
            if byte == UInt8(ascii: "'") { text += Array("'\\''".utf8) } else { text.append(byte) }
        }
        return text + Array("'; fi\n".utf8)
    }
}
