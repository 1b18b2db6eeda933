/// One line of a `.gitignore`, as gitignore(5) defines it.
struct IgnoreRule: Sendable {
    let isNegated: Bool
    let foldersOnly: Bool
    /// Whether the pattern is matched against the whole path below its file's folder, not just the last name.
    let isAnchored: Bool
    let pattern: [UInt8]

    /// - Returns: `nil` for blank lines and comments.
    init?(line: some Collection<UInt8>) {
        var text = Array(line)
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        // Trailing blanks do not count unless escaped.
        while text.last == UInt8(ascii: " "), text.dropLast().last != UInt8(ascii: "\\") { text.removeLast() }
        guard let first = text.first, first != UInt8(ascii: "#") else { return nil }
        isNegated = first == UInt8(ascii: "!")
        if isNegated { text.removeFirst() }
        foldersOnly = text.last == UInt8(ascii: "/")
        if foldersOnly { text.removeLast() }
        isAnchored = text.contains(UInt8(ascii: "/"))
        if text.first == UInt8(ascii: "/") { text.removeFirst() }
        guard !text.isEmpty else { return nil }
        pattern = text
    }

    /// - Parameter path: relative to the folder of the rule's file, without a leading or trailing slash.
    func matches(path: ArraySlice<UInt8>, isFolder: Bool) -> Bool {
        guard isFolder || !foldersOnly else { return false }
        let subject =
            isAnchored ? path : path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex)...]
        return Glob.matches(pattern[...], subject)
    }

    static func parse(_ text: [UInt8]) -> [IgnoreRule] {
        var bytes = text[...]
        // A byte order mark is not part of the first pattern.
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { IgnoreRule(line: $0) }
    }
}

/// The rules in force in one folder: those of its own files last, because later ones win.
struct IgnoreRules: Sendable {
    /// A file's rules and how much of a path its folder takes (with the slash).
    private var groups: [(prefix: Int, rules: [IgnoreRule])] = []

    init() {}

    mutating func add(_ rules: [IgnoreRule], prefix: Int) {
        if !rules.isEmpty { groups.append((prefix, rules)) }
    }

    /// - Parameter path: relative to the root that all prefixes count from.
    func ignores(_ path: [UInt8], isFolder: Bool) -> Bool {
        for group in groups.reversed() {
            guard path.count > group.prefix else { continue }
            let below = path[group.prefix...]
            for rule in group.rules.reversed() where rule.matches(path: below, isFolder: isFolder) {
                return !rule.isNegated
            }
        }
        return false
    }
}
