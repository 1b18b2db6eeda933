/// Time spans as people write them: `90s`, `2h30m`, `1d`, `HH:MM:SS`.
enum DurationText {
    struct Wrong: Error, CustomStringConvertible {
        var description: String
    }

    /// The longest span: a year. More is a slip of the keyboard.
    static let longest = Duration.seconds(366 * 86400)

    static func parse(_ text: String) -> Result<Duration, Wrong> {
        let seconds: Int
        if text.contains(":") {
            guard let parsed = clockTime(text) else {
                return .failure(
                    Wrong(description: "\(Quoted(text)) is not HH:MM:SS; write 00:30:00, or with units: 30m"))
            }
            seconds = parsed
        } else {
            switch units(text) {
            case .success(let parsed): seconds = parsed
            case .failure(let wrong): return .failure(wrong)
            }
        }
        guard seconds > 0 else {
            return .failure(Wrong(description: "\(Quoted(text)) is no time at all; write at least 1s"))
        }
        let duration = Duration.seconds(seconds)
        guard duration <= longest else {
            return .failure(Wrong(description: "\(Quoted(text)) is more than a year (366d)"))
        }
        return .success(duration)
    }

    private static func clockTime(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ $0.utf8.allSatisfy(PlainName.isDigit) }),
            (1...4).contains(parts[0].utf8.count), parts[1].utf8.count == 2, parts[2].utf8.count == 2,
            let hours = Int(parts[0]), let minutes = Int(parts[1]), let seconds = Int(parts[2]), minutes < 60,
            seconds < 60
        else { return nil }
        return hours * 3600 + minutes * 60 + seconds
    }

    private static func units(_ text: String) -> Result<Int, Wrong> {
        let scales: [(unit: Character, seconds: Int)] = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]
        let expected = "expected a time such as 90s, 2h30m, 1d or 12:30:00"
        var rest = text[...]
        var total = 0
        var allowed = scales[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, digits.count <= 9, let number = Int(digits) else {
                return .failure(Wrong(description: "\(Quoted(text)) is not understood: \(expected)"))
            }
            rest = rest.dropFirst(digits.count)
            guard let unit = rest.first else {
                return .failure(
                    Wrong(description: "\(Quoted(text)) has no unit: did you mean `\(text)s` or `\(text)m`?"))
            }
            guard let index = allowed.firstIndex(where: { $0.unit == unit }) else {
                let known = scales.contains { $0.unit == unit }
                return .failure(
                    Wrong(
                        description: known
                            ? "\(Quoted(text)): units go from large to small, each once, as in 1d2h30m"
                            : "\(Quoted(text)) is not understood: \(expected)"))
            }
            total += number * allowed[index].seconds
            allowed = allowed[(index + 1)...]
            rest = rest.dropFirst()
        }
        return .success(total)
    }
}
