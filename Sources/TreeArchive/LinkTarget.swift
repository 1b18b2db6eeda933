/// Judges where a symbolic link leads, by its text alone.
enum LinkTarget {
    /// Whether a link in a real folder `depth` levels below the root stays in the tree, whatever other such links are
    /// in it.
    ///
    /// `..` may only come first: behind a name it would climb from wherever that name's own link leads.
    static func staysInside(_ target: [UInt8], depth: Int) -> Bool {
        guard let first = target.first, first != UInt8(ascii: "/") else { return false }
        var climbed = 0
        var hasName = false
        for component in target.split(separator: UInt8(ascii: "/")) where !component.elementsEqual([0x2e]) {
            if component.elementsEqual([0x2e, 0x2e]) {
                climbed += 1
                guard !hasName, climbed <= depth else { return false }
            } else {
                hasName = true
            }
        }
        return true
    }
}
