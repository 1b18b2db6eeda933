/// `--name value` pairs and flags.
struct Arguments: Sendable {
    private var values: [String: String] = [:]

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    init(_ words: [String]) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else { continue }
            let isFlag = rest.first?.hasPrefix("--") ?? true
            values[String(word.dropFirst(2))] = isFlag ? "yes" : rest.popFirst()
        }
    }

    func has(_ name: String) -> Bool { values[name] != nil }

    func text(_ name: String) throws -> String {
        guard let value = values[name] else { throw Missing(description: "--\(name) is missing") }
        return value
    }

    func number(_ name: String, or otherwise: Int? = nil) throws -> Int {
        guard let value = values[name] else {
            guard let otherwise else { throw Missing(description: "--\(name) is missing") }
            return otherwise
        }
        guard let number = Int(value) else { throw Missing(description: "--\(name) is no number: \(value)") }
        return number
    }
}
