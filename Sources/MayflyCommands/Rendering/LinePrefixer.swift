/// Puts a job's name before each of its lines when several jobs share a stream. Only whole lines are handed out, so
/// that two jobs never share one; the bytes of a line stay as they are.
struct LinePrefixer {
    /// A line without an end must not grow in memory without one.
    static let longestLine = 64 * 1024

    let prefix: [UInt8]
    private var partial: [UInt8] = []

    /// Without a prefix: only whole lines.
    init() { prefix = [] }

    init(name: String, width: Int) {
        let padding = String(repeating: " ", count: max(0, width - name.count))
        prefix = Array("\(name)\(padding) | ".utf8)
    }

    mutating func lines(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        for byte in bytes {
            partial.append(byte)
            if byte == 0x0A || partial.count >= Self.longestLine { emit(&output) }
        }
        return output
    }

    /// The line that has not ended yet, with its prefix.
    var pending: [UInt8] { partial.isEmpty ? [] : prefix + partial.suffix(1024) }

    /// The last line, when the stream ended without a newline.
    mutating func finish() -> [UInt8] {
        var output: [UInt8] = []
        if !partial.isEmpty { emit(&output) }
        return output
    }

    private mutating func emit(_ output: inout [UInt8]) {
        output += prefix
        output += partial
        if partial.last != 0x0A { output.append(0x0A) }
        partial.removeAll(keepingCapacity: true)
    }
}
