/// The last entry of a stream: what the instance offers, its digests, and what it skipped.
struct TreeManifest {
    /// Files in the order they were offered.
    private(set) var offered: [[UInt8]] = []
    private(set) var digests: [[UInt8]: [UInt8]] = [:]
    /// Harmless remarks.
    private(set) var notes: [String] = []
    /// What does not arrive.
    private(set) var problems: [String] = []
    /// What was asked for and never was there.
    private(set) var missing: [String] = []
    private(set) var isWhole = false

    private var rest: [UInt8] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// - Returns: `false` when the text is no manifest.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        rest.append(contentsOf: bytes)
        var start = rest.startIndex
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
            guard takeLine(rest[start..<end]) else { return false }
            start = end + 1
        }
        rest.removeSubrange(..<start)
        return rest.count <= 64 * 1024
    }

    private mutating func takeLine(_ line: ArraySlice<UInt8>) -> Bool {
        guard !isWhole, offered.count <= limit, digests.count <= limit,
            notes.count + problems.count + missing.count <= limit
        else {
            return false
        }
        let body = line.dropFirst(2)
        switch (line.first, line.dropFirst().first) {
        case (UInt8(ascii: "o"), UInt8(ascii: " ")):
            offered.append(Self.path(body))
        case (UInt8(ascii: "h"), UInt8(ascii: " ")):
            // sha256sum's own form: digest, space, mode, path.
            guard body.count > 66 else { return false }
            digests[Self.path(body.dropFirst(66))] = Array(body.prefix(64))
        case (UInt8(ascii: "n"), UInt8(ascii: " ")):
            notes.append(printable(body))
        case (UInt8(ascii: "x"), UInt8(ascii: " ")):
            problems.append(printable(body))
        case (UInt8(ascii: "m"), UInt8(ascii: " ")):
            missing.append(printable(body))
        default:
            guard line.elementsEqual("end".utf8) else { return false }
            isWhole = true
        }
        return true
    }

    private static func path(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(bytes.starts(with: [0x2e, 0x2f]) ? bytes.dropFirst(2) : bytes)
    }
}
