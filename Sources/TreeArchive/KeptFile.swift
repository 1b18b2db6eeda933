/// A file whose content one side of a copy has already, as both describe it in lists: a line "SIZE SECONDS RIGHTS ./path",
/// whole seconds since 1970 and rights in octal, as `stat -c '%s %Y %a %n'` says it.
public struct KeptFile: Sendable, Hashable {
    /// Relative, as the sender named it. What has a line break in it is in no list.
    public var path: [UInt8]
    public var size: Int64
    public var modified: Int64
    /// With set-id and sticky bits, as they were sent.
    public var permissions: UInt32
    /// The folder that its path begins at; empty where that is not on this machine.
    var tree = ""

    public init(path: [UInt8], size: Int64, modified: Int64, permissions: UInt32) {
        self.path = path
        self.size = size
        self.modified = modified
        self.permissions = permissions
    }

    /// - Returns: `nil` for a line that is none, or that names no path below.
    package init?(line: some Collection<UInt8>) {
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4 else { return nil }
        let words = fields[..<3].map { String(decoding: $0, as: UTF8.self) }
        let components = fields[3].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let size = Int64(words[0]), size >= 0, let modified = Int64(words[1]),
            let permissions = UInt32(words[2], radix: 8), permissions <= 0o7777,
            components.count > 1, components.first?.elementsEqual([0x2e]) == true,
            !components.dropFirst().contains(where: {
                $0.isEmpty || $0.elementsEqual([0x2e]) || $0.elementsEqual([0x2e, 0x2e])
            })
        else { return nil }
        self.init(
            path: Array(fields[3].dropFirst(2)), size: size, modified: modified, permissions: permissions)
    }

    /// With its line break.
    package var line: [UInt8] {
        Array("\(size) \(modified) \(String(permissions, radix: 8)) ./".utf8) + path + [UInt8(ascii: "\n")]
    }
}
