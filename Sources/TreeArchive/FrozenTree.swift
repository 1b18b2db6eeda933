internal import Crypto
internal import NIOPosix

/// A tar of a ``TreePacker``'s item by item, while it is pulled: for receivers that cannot unpack one. One call at a time.
package final class FrozenTree: TreeContent, @unchecked Sendable {
    // Safe: used by one task at a time, whose calls follow each other.
    package struct Item: Sendable, Hashable {
        /// Relative to the frozen folder; folders come before what is in them.
        package var path: [UInt8]
        package var kind: TreeListing.Kind
        package var permissions: UInt32
        /// Whole seconds since 1970.
        package var modified: Int64
    }

    private static let block = 512
    private let source: @Sendable () async throws -> [UInt8]?
    private var chunk: ArraySlice<UInt8> = []
    /// Of the file that is being read, and what fills its last block.
    private var left = 0
    private var padding = 0
    private var hasher = SHA256()

    private var links: Set<[UInt8]> = []

    /// - Parameter source: the tar's bytes, pulled until `nil`.
    package init(_ source: @escaping @Sendable () async throws -> [UInt8]?) { self.source = source }

    /// The next item, or `nil` behind the last. What is left of a file before it is passed over.
    /// - Throws: ``TreeArchiveError`` for a tar that is cut or no packer's, or what the source throws.
    package func next() async throws -> Item? {
        while try await !content(upTo: 1 << 20).isEmpty {}
        _ = try await take(padding)
        padding = 0
        var (longPath, longTarget): ([UInt8]?, [UInt8]?)
        while true {
            let header = try await take(Self.block)
            guard let size = Self.number(header[124..<136]), size >= 0, Self.isIntact(header) else {
                throw Self.damaged
            }
            let path = longPath ?? Self.text(header[..<100])
            var item = Item(
                path: path, kind: .file, permissions: UInt32(clamping: Self.number(header[100..<108]) ?? 0o600),
                modified: Self.number(header[136..<148]) ?? 0)
            switch header[156] {
            case UInt8(ascii: "L"): longPath = try await longText(size)
            case UInt8(ascii: "K"): longTarget = try await longText(size)
            case UInt8(ascii: "5"):
                if item.path.last == UInt8(ascii: "/") { item.path.removeLast() }
                item.kind = .folder
                try requireInside(item.path)
                return item
            case UInt8(ascii: "2"):
                item.kind = .link(to: longTarget ?? Self.text(header[157..<257]))
                try requireInside(item.path)
                links.insert(item.path)
                return item
            case UInt8(ascii: "0"):
                if path.elementsEqual(TreeWalk.endMark.utf8) { return nil }
                try requireInside(path)
                (left, padding) = (Int(size), Self.padding(after: size))
                hasher = SHA256()
                return item
            default: throw Self.damaged
            }
        }
    }

    /// The packer writes no others: whatever has become of the file since, nothing is put outside the folder.
    private func requireInside(_ path: [UInt8]) throws {
        var parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if parts.first?.elementsEqual(".".utf8) == true { parts.removeFirst() }
        for part in parts where part.isEmpty || part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8) {
            throw Self.damaged
        }
        guard !links.isEmpty else { return }
        for end in path.indices where path[end] == UInt8(ascii: "/") && links.contains(Array(path[..<end])) {
            throw Self.damaged
        }
    }

    package func content(upTo count: Int) async throws -> [UInt8] {
        guard left > 0 else { return [] }
        let bytes = try await some(upTo: min(count, left))
        left -= bytes.count
        return try await NIOThreadPool.singleton.runIfActive { [self] in
            hasher.update(data: bytes)
            return bytes
        }
    }

    package var sha256: String { hex(hasher.finalize()) }

    // MARK: Bytes

    private func some(upTo count: Int) async throws -> [UInt8] {
        while chunk.isEmpty {
            guard let next = try await source() else {
                throw TreeArchiveError(code: .archiveFailed, message: "the frozen workdir ends early")
            }
            chunk = next[...]
        }
        defer { chunk = chunk.dropFirst(count) }
        return Array(chunk.prefix(count))
    }

    private func take(_ count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += try await some(upTo: count - bytes.count) }
        return bytes
    }

    /// Of an entry that carries what does not fit into the header behind it.
    private func longText(_ size: Int64) async throws -> [UInt8] {
        guard size <= 1 << 20 else { throw Self.damaged }
        let bytes = try await take(Int(size) + Self.padding(after: size))
        return Self.text(bytes[..<Int(size)])
    }

    private static func padding(after size: Int64) -> Int { (block - Int(size % Int64(block))) % block }

    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// Octal, or behind a set bit in base 256.
    private static func number(_ field: ArraySlice<UInt8>) -> Int64? {
        guard let first = field.first, first & 0x80 == 0 else {
            return field.dropFirst(field.count - 8).reduce(0) { $0 << 8 | Int64($1) }
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        return digits.isEmpty ? 0 : Int64(String(decoding: digits, as: UTF8.self), radix: 8)
    }

    private static func isIntact(_ header: [UInt8]) -> Bool {
        let sum = header.enumerated().reduce(Int64(0)) { sum, byte in
            sum + ((148..<156).contains(byte.offset) ? 0x20 : Int64(byte.element))
        }
        return number(header[148..<156]) == sum
    }

    private static let damaged = TreeArchiveError(code: .archiveFailed, message: "the frozen workdir is damaged")
}
