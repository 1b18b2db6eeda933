/// Headers of a tar in GNU's form: what a file fetched by other means looks like in a supervisor's stream.
enum TarEntry {
    enum Kind {
        case file, folder, link
    }

    private static let block = 512

    /// A header, preceded by the entries that carry what does not fit into it.
    static func header(
        _ path: [UInt8], _ kind: Kind, size: UInt64 = 0, permissions: UInt32, modified: Int64,
        linkTarget: [UInt8] = []
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        for (long, type) in [(linkTarget, "K"), (path, "L")] where long.count > 99 {
            bytes += fields(
                Array("././@LongLink".utf8), type, size: UInt64(long.count + 1), permissions: 0, modified: 0)
            bytes += long + [0]
            bytes += padding(after: UInt64(long.count + 1))
        }
        let type =
            switch kind {
            case .folder: "5"
            case .link: "2"
            case .file: "0"
            }
        return bytes
            + fields(path, type, size: size, permissions: permissions, modified: modified, linkTarget: linkTarget)
    }

    /// What makes a file's content end with a block.
    static func padding(after size: UInt64) -> [UInt8] {
        [UInt8](repeating: 0, count: (block - Int(size % UInt64(block))) % block)
    }

    static let end = [UInt8](repeating: 0, count: 2 * block)

    private static func fields(
        _ path: [UInt8], _ type: String, size: UInt64, permissions: UInt32, modified: Int64, linkTarget: [UInt8] = []
    ) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: block)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int, _ room: Int) {
            for (index, byte) in bytes.prefix(room).enumerated() { header[offset + index] = byte }
        }
        put(path, at: 0, 99)
        put(number(UInt64(permissions), 7), at: 100, 8)
        put(number(0, 7), at: 108, 8)
        put(number(0, 7), at: 116, 8)
        put(number(size, 11), at: 124, 12)
        put(number(UInt64(max(0, modified)), 11), at: 136, 12)
        put([UInt8](repeating: 0x20, count: 8), at: 148, 8)
        put(type.utf8, at: 156, 1)
        put(linkTarget, at: 157, 99)
        put("ustar  ".utf8, at: 257, 7)
        let sum = header.reduce(UInt64(0)) { $0 + UInt64($1) }
        put(number(sum, 6) + [0, 0x20], at: 148, 8)
        return header
    }

    /// Octal, or where that does not fit, in base 256 behind a set bit.
    private static func number(_ value: UInt64, _ digits: Int) -> [UInt8] {
        let text = String(value, radix: 8)
        if text.utf8.count <= digits {
            return Array((String(repeating: "0", count: digits - text.utf8.count) + text).utf8)
        }
        var bytes = [UInt8](repeating: 0, count: digits + 1)
        for index in 0..<min(8, digits) {
            bytes[digits - index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
        }
        bytes[0] = 0x80
        return bytes
    }
}
