/// Sizes as people write them: `64KiB`, `512MiB`, `2GiB`.
enum SizeText {
    struct Wrong: Error, CustomStringConvertible {
        var description: String
    }

    private static let units: [(name: String, bytes: Int64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// - Returns: bytes, whole KiB.
    static func parse(_ text: String) -> Result<Int64, Wrong> {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        func wrong(_ words: String) -> Result<Int64, Wrong> { .failure(Wrong(description: "\(Quoted(text)) \(words)")) }
        guard !digits.isEmpty, digits.count <= 12, let number = Int64(digits), digits == "0" || digits.first != "0"
        else {
            return wrong("is not understood: expected a size such as 512MiB or 2GiB")
        }
        guard !unit.isEmpty else { return wrong("has no unit: did you mean `\(digits)MiB` or `\(digits)GiB`?") }
        guard let scale = units.first(where: { $0.name == unit }) else {
            let meant = units.first { $0.name.first == unit.first(where: { $0 != " " })?.uppercased().first }
            let words =
                meant.map { ": did you mean `\(digits)\($0.name)`?" } ?? ": expected a size such as 512MiB or 2GiB"
            return wrong("is not understood\(words)")
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: scale.bytes)
        guard number > 0 else { return wrong("is no size at all; write at least 1KiB") }
        guard !overflow, bytes <= 1 << 50 else { return wrong("is more than 1024TiB") }
        return .success(bytes)
    }
}
