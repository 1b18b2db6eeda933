/// The primitive encodings of RFC 4251 5: lengths are 32 bits, big-endian, and count the bytes that follow.
struct SSHBlobWriter {
    private(set) var bytes: [UInt8] = []

    mutating func integer(_ value: UInt32) {
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
    }

    mutating func raw(_ value: some Sequence<UInt8>) {
        bytes.append(contentsOf: value)
    }

    mutating func string(_ value: some Collection<UInt8>) {
        integer(UInt32(truncatingIfNeeded: value.count))
        bytes.append(contentsOf: value)
    }

    mutating func string(_ value: String) {
        string(value.utf8)
    }

    /// A positive number: no leading zeros, one zero byte in front where the top bit would read as a sign.
    mutating func mpint(_ magnitude: some Collection<UInt8>) {
        var trimmed = Array(magnitude.drop { $0 == 0 })
        if let first = trimmed.first, first >= 0x80 { trimmed.insert(0, at: 0) }
        string(trimmed)
    }
}

/// Reads the same; `nil` means that the bytes end too early.
struct SSHBlobReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) {
        rest = ArraySlice(Array(bytes))
    }

    var isAtEnd: Bool { rest.isEmpty }
    var remaining: Int { rest.count }

    mutating func integer() -> UInt32? {
        guard let four = raw(4) else { return nil }
        return four.reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func raw(_ count: Int) -> [UInt8]? {
        guard count >= 0, rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func string() -> [UInt8]? {
        guard let count = integer() else { return nil }
        return raw(Int(count))
    }

    mutating func text() -> String? {
        guard let bytes = string() else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
