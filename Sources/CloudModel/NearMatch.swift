/// "Did you mean": the known words closest to one that is unknown.
enum NearMatch {
    /// At most `limit` words, best first. With a long list something is always near, so bad matches are left out.
    static func of(_ word: String, in known: [String], limit: Int = 3) -> [String] {
        let wanted = Array(word.lowercased().utf8.prefix(128))
        let scored = known.enumerated().map { order, candidate in
            (distance(wanted, Array(candidate.lowercased().utf8)), order, candidate)
        }
        return scored.filter { $0.0 <= max(2, $0.2.utf8.count / 2) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
            .prefix(limit).map(\.2)
    }

    /// A sentence's end: `; did you mean A, B or C?`, or nothing.
    static func hint(_ word: String, in known: [String]) -> String {
        let near = of(word, in: known)
        guard let last = near.last else { return "" }
        return "; did you mean " + (near.count > 1 ? near.dropLast().joined(separator: ", ") + " or " : "") + last + "?"
    }

    /// Levenshtein's distance.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let cost = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(cost, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
