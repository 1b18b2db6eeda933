/// gitignore's globs: `*` and `?` stop at slashes, `**` between slashes does not; `[a-z]`, `[!a]` are classes
/// (named classes such as `[:alpha:]` are not known).
enum Glob {
    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")

    /// - Parameter atComponent: whether `pattern` begins at a path component's beginning.
    static func matches(
        _ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>, atComponent: Bool = true
    ) -> Bool {
        var pattern = pattern
        var text = text
        var atComponent = atComponent
        while let head = pattern.first {
            defer { atComponent = head == slash }
            switch head {
            case star:
                return matchesStars(pattern, text, atComponent: atComponent)
            case UInt8(ascii: "?"):
                guard let byte = text.first, byte != slash else { return false }
                pattern = pattern.dropFirst()
                text = text.dropFirst(characterLength(byte))
            case UInt8(ascii: "["):
                guard let byte = text.first, byte != slash else { return false }
                if let (isMatch, rest) = matchClass(pattern, byte) {
                    guard isMatch else { return false }
                    pattern = rest
                } else {
                    // An unclosed bracket never matches.
                    return false
                }
                text = text.dropFirst()
            case UInt8(ascii: "\\") where pattern.count > 1:
                pattern = pattern.dropFirst()
                guard text.first == pattern.first else { return false }
                pattern = pattern.dropFirst()
                text = text.dropFirst()
            default:
                guard text.first == head else { return false }
                pattern = pattern.dropFirst()
                text = text.dropFirst()
            }
        }
        return text.isEmpty
    }

    private static func matchesStars(
        _ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>, atComponent: Bool
    ) -> Bool {
        let count = pattern.prefix { $0 == star }.count
        let rest = pattern.dropFirst(count)
        let follows = rest.first
        // `**` is special only as a whole component.
        if count == 2, atComponent, follows == nil { return !text.isEmpty }
        if count == 2, atComponent, follows == slash {
            let tail = rest.dropFirst()
            var candidate = text
            while true {
                if matches(tail, candidate) { return true }
                guard let next = candidate.firstIndex(of: slash) else { return false }
                candidate = candidate[(next + 1)...]
            }
        }
        var candidate = text
        while true {
            if matches(rest, candidate, atComponent: false) { return true }
            guard let byte = candidate.first, byte != slash else { return false }
            candidate = candidate.dropFirst()
        }
    }

    /// - Returns: whether `byte` is in the class at the front of `pattern`, and what follows it; `nil` when unclosed.
    private static func matchClass(
        _ pattern: ArraySlice<UInt8>, _ byte: UInt8
    ) -> (Bool, ArraySlice<UInt8>)? {
        var rest = pattern.dropFirst()
        var isNegated = false
        if rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^") {
            isNegated = true
            rest = rest.dropFirst()
        }
        var isMatch = false
        var isFirst = true
        while let low = rest.first {
            if low == UInt8(ascii: "]"), !isFirst { return (isMatch != isNegated, rest.dropFirst()) }
            isFirst = false
            rest = rest.dropFirst()
            var lower = low
            if low == UInt8(ascii: "\\"), let escaped = rest.first {
                lower = escaped
                rest = rest.dropFirst()
            }
            if rest.first == UInt8(ascii: "-"), let high = rest.dropFirst().first, high != UInt8(ascii: "]") {
                if lower <= high, (lower...high).contains(byte) { isMatch = true }
                rest = rest.dropFirst(2)
            } else if lower == byte {
                isMatch = true
            }
        }
        return nil
    }

    /// How many bytes the UTF-8 character has that begins with `byte`.
    private static func characterLength(_ byte: UInt8) -> Int {
        switch byte {
        case 0xc0...0xdf: 2
        case 0xe0...0xef: 3
        case 0xf0...0xf7: 4
        default: 1
        }
    }
}
