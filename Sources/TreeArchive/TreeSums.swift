internal import Crypto

/// SHA-256 of every file that a sender has read, as the supervisor's `take` compares them with what it has written.
package struct TreeSums: Sendable {
    /// Files listed.
    package private(set) var count = 0
    /// Files that the receiver could not read again: their rights, or a folder's, keep even their owner out.
    package private(set) var unreadable = 0
    private var text: [UInt8] = []
    /// Folders that keep their owner out.
    private var closed: [[UInt8]] = []

    package init() {}

    package mutating func enter(_ folder: [UInt8], permissions: UInt32) {
        if permissions & 0o500 != 0o500, !isBehindClosed(folder) { closed.append(folder + [UInt8(ascii: "/")]) }
    }

    /// Whether the receiver can read a file again.
    func lists(_ path: [UInt8], permissions: UInt32) -> Bool { permissions & 0o400 != 0 && !isBehindClosed(path) }

    mutating func add(_ path: [UInt8], permissions: UInt32, _ digest: SHA256.Digest) {
        add(path, permissions: permissions, sum: hex(digest))
    }

    /// - Parameter sum: lower-case hex.
    package mutating func add(_ path: [UInt8], permissions: UInt32, sum: String) {
        guard lists(path, permissions: permissions) else {
            unreadable += 1
            return
        }
        count += 1
        let sum = Array(sum.utf8)
        if path.contains(UInt8(ascii: "\n")) {
            text += Array("e ".utf8) + sum + Array("  ".utf8) + path.flatMap(Self.escaped) + [UInt8(ascii: "\n")]
        } else {
            text += Array("h ".utf8) + sum + Array("  ./".utf8) + path + [UInt8(ascii: "\n")]
        }
    }

    package mutating func finish() -> [UInt8] {
        text += Array("end\n".utf8)
        return text
    }

    private func isBehindClosed(_ path: [UInt8]) -> Bool { closed.contains { path.starts(with: $0) } }

    /// For the shell's `printf %b`.
    private static func escaped(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."):
            return [byte]
        default:
            let digits = String(byte, radix: 8)
            return Array(("\\0" + String(repeating: "0", count: 3 - digits.count) + digits).utf8)
        }
    }
}
