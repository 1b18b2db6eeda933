extension SpecReading {
    /// Decimal digits only: `010` may be meant as eight, so it is asked about.
    mutating func integer(_ node: SpecNode, _ what: String, in range: ClosedRange<Int>, unit: String = "") -> Int? {
        guard let text = text(node, what) else { return nil }
        let unit = unit.isEmpty ? "" : " of \(unit)"
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            fail(
                node.location, "\(what) must be a whole number\(unit), such as \(range.lowerBound), not \(Quoted(text))"
            )
            return nil
        }
        guard text.utf8.first != 0x30 || text.utf8.count == 1 else {
            let digits = text.drop { $0 == "0" }
            fail(
                node.location,
                "\(what) must be written without leading zeros: \(Quoted(text)) could mean"
                    + " \(digits.isEmpty ? "0" : Quoted(String(digits)).description) or an octal number")
            return nil
        }
        guard let number = Int(text), range.contains(number) else {
            fail(
                node.location,
                "\(what) must be between \(range.lowerBound) and \(range.upperBound)\(unit), not \(Quoted(text))")
            return nil
        }
        return number
    }

    mutating func boolean(_ node: SpecNode, _ what: String) -> Bool? {
        guard let text = text(node, what) else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            let meant: String? =
                switch text.lowercased() {
                case "yes", "on", "y", "true", "1": "true"
                case "no", "off", "n", "false", "0": "false"
                default: nil
                }
            fail(
                node.location,
                "\(what) must be `true` or `false`, not \(Quoted(text))"
                    + (meant.map { ": did you mean `\($0)`?" } ?? ""))
            return nil
        }
    }

    /// One of the raw values of an enum.
    mutating func choice<Choice: CaseIterable & RawRepresentable>(
        _ node: SpecNode, _ what: String, of type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        guard let text = text(node, what) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        let canonical = text.lowercased().replacing("-", with: "_").replacing(" ", with: "_")
        let meant =
            known.first { $0.replacing("-", with: "_") == canonical }
            ?? Suggestion.nearest(to: text, among: known)
        fail(
            node.location,
            "\(what) must be \(Self.list(known)), not \(Quoted(text))"
                + (meant.map { ": did you mean `\($0)`?" } ?? ""))
        return nil
    }

    /// A time span. `none` is `.some(nil)` where `mayBeNone`.
    mutating func duration(_ node: SpecNode, _ what: String, mayBeNone: Bool) -> Duration?? {
        guard let text = text(node, what) else { return nil }
        if text == "none" {
            if mayBeNone { return .some(nil) }
            fail(node.location, "\(what) always has a limit: `none` is not possible; write a long one, such as 7d")
            return nil
        }
        switch DurationText.parse(text) {
        case .success(let duration): return duration
        case .failure(let wrong):
            fail(node.location, "\(what): \(wrong.description)")
            return nil
        }
    }
}
