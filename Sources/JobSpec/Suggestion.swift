/// "Did you mean": the known word nearest to what was written.
package enum Suggestion {
    /// The nearest of `candidates`, if it is near enough that a slip is the likeliest explanation.
    ///
    /// - Parameter limit: the most edits (insert, delete, replace, swap neighbours) that still count as a slip.
    ///   By default a third of the word, at most 3.
    package static func nearest(to word: String, among candidates: [String], limit: Int? = nil) -> String? {
        let written = Array(word.lowercased().unicodeScalars)
        // Longer than any word we know: comparing costs time and finds nothing.
        guard written.count <= 96 else { return nil }
        let limit = limit ?? min(3, max(1, (written.count + 1) / 3))
        var best: (distance: Int, word: String)?
        for candidate in candidates {
            let known = Array(candidate.lowercased().unicodeScalars)
            guard abs(known.count - written.count) <= limit else { continue }
            let distance = distance(written, known)
            if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best?.word
    }

    /// Optimal string alignment distance.
    static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
