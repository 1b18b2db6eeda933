public import CloudModel
import PositionedYAML

extension FaultScript {
    /// Reads a fault script. `docs/local-cloud.md` describes the fields.
    /// - Parameter file: how errors name the text.
    /// - Throws: ``LocalCloudError`` with every problem, each with line and column.
    public init(yaml text: String, file: String) throws(LocalCloudError) {
        var reader = FaultReader(file: file)
        let script = reader.read(YAMLDocument(parsing: text))
        guard reader.problems.isEmpty else {
            throw LocalCloudError(.faults, reader.problems.joined(separator: "\n"))
        }
        self = script
    }
}

extension LocalCloudConfiguration {
    /// Takes the faults of a script; see `FaultScript.init(yaml:file:)`.
    /// - Throws: ``LocalCloudError`` with every problem, each with line and column.
    public mutating func readFaults(yaml text: String, file: String) throws(LocalCloudError) {
        faults = try FaultScript(yaml: text, file: file)
    }
}

/// Turns YAML nodes into a fault script, collecting all that is wrong.
struct FaultReader {
    private let file: String
    private(set) var problems: [String] = []

    init(file: String) { self.file = file }

    private typealias Fields = [String: YAMLEntry]

    private static let shared: Set<String> = ["fault", "probability", "after", "times"]
    private static let own: [String: Set<String>] = [
        "latency": ["on", "delay"], "too-many-requests": ["on", "retry_after"],
        "server-error": ["on", "status", "when", "body"], "dropped": ["on", "when"],
        "no-capacity": ["type", "name"], "quota-exhausted": ["type", "name"],
        "slow-active": ["type", "name", "delay"], "never-active": ["type", "name"],
        "no-address": ["type", "name", "for"], "no-ssh": ["type", "name", "for"],
        "error": ["type", "name", "at", "delay"], "unknown-status": ["type", "name", "at", "word", "for"],
        "list-lag": ["type", "name", "appears", "lingers"], "destroy-refused": ["type", "name", "count"],
    ]

    mutating func read(_ document: YAMLDocument) -> FaultScript {
        var script = FaultScript()
        for problem in document.problems { refuse(problem.position, problem.message) }
        guard let root = document.root else { return script }
        let fields = mapping(root, allowed: ["seed", "faults"], "a fault script")
        if let seed = fields["seed"] {
            script.seed = integer(seed, 0...Int.max).map(UInt64.init) ?? 0
        }
        guard let list = fields["faults"] else { return script }
        guard case .sequence(let items) = list.value.content else {
            if case .scalar(let scalar) = list.value.content, scalar.text.isEmpty, !scalar.isQuoted { return script }
            refuse(list.value.position, "`faults` must be a list")
            return script
        }
        script.rules = items.compactMap { rule($0) }
        return script
    }

    private mutating func rule(_ node: YAMLNode) -> FaultRule? {
        let kindNode = node.entry("fault")
        // Without a known kind, whatever any kind has is let pass: one mistake, one message.
        let own = kindNode.flatMap { $0.scalarText }.flatMap { Self.own[$0] }
        let allowed = own ?? Self.own.values.reduce([]) { $0.union($1) }
        let what = own == nil ? "a fault" : "`\(kindNode?.scalarText ?? "")`"
        let fields = mapping(node, allowed: allowed.union(Self.shared), what)
        guard let named = fields["fault"] else {
            refuse(node.position, "`fault` is missing: one of \(Self.own.keys.sorted().joined(separator: ", "))")
            return nil
        }
        guard let kind = word(named, Self.own.keys.sorted()),
            let fault = fault(kind, fields, node.position)
        else { return nil }
        var rule = FaultRule(fault)
        if let on = fields["on"] { target(on, &rule) }
        rule.type = fields["type"].flatMap { text($0) }
        rule.name = fields["name"].flatMap { text($0) }
        rule.probability = fields["probability"].flatMap { probability($0) } ?? 1
        rule.after = fields["after"].flatMap { integer($0, 0...1_000_000_000) } ?? 0
        rule.times = fields["times"].flatMap { integer($0, 1...1_000_000_000) }
        return rule
    }

    private mutating func fault(_ kind: String, _ fields: Fields, _ position: YAMLPosition) -> FaultRule.Fault? {
        let moment = fields["when"].flatMap { word($0, ["before", "after"]) }.flatMap(FaultRule.Moment.init)
        let status = fields["at"].flatMap { entry in
            word(entry, CloudInstance.Status.allCases.map(\.rawValue)).flatMap(CloudInstance.Status.init)
        }
        let period = fields["for"].flatMap { span($0) }
        switch kind {
        case "latency": return needed(fields, "delay", position).map { .latency($0) }
        case "too-many-requests":
            return .tooManyRequests(
                retryAfter: fields["retry_after"].flatMap { span($0) }.map { Int(($0.low + 999) / 1000) })
        case "server-error":
            let code = fields["status"].flatMap { integer($0, 500...599) } ?? 500
            let body = fields["body"].flatMap { word($0, ["json", "html"]) } ?? "json"
            return .serverError(status: code, moment: moment ?? .before, html: body == "html")
        case "dropped": return .dropped(moment ?? .after)
        case "no-capacity": return .noCapacity
        case "quota-exhausted": return .quotaExhausted
        case "slow-active": return needed(fields, "delay", position).map { .slowActive($0) }
        case "never-active": return .neverActive
        case "no-address": return .noAddress(period)
        case "no-ssh": return .noSSH(period)
        case "error": return .error(status ?? .creating, fields["delay"].flatMap { span($0) } ?? .init(0))
        case "unknown-status":
            guard let entry = fields["word"], let word = text(entry) else {
                refuse(position, "`word` is missing: the status to be shown")
                return nil
            }
            return .unknownStatus(status ?? .creating, word: word, period)
        case "list-lag":
            return .listLag(
                appears: fields["appears"].flatMap { span($0) } ?? .init(0),
                lingers: fields["lingers"].flatMap { span($0) } ?? .init(0))
        case "destroy-refused":
            return .destroyRefused(fields["count"].flatMap { integer($0, 1...1_000_000) } ?? 1)
        default: return nil
        }
    }

    // MARK: Values

    private mutating func needed(_ fields: Fields, _ key: String, _ position: YAMLPosition) -> FaultRule.Span? {
        guard let entry = fields[key] else {
            refuse(position, "`\(key)` is missing: a duration such as 2s, or a range such as 500ms..3s")
            return nil
        }
        return span(entry)
    }

    private mutating func mapping(_ node: YAMLNode, allowed: Set<String>, _ what: String) -> Fields {
        guard case .mapping(let entries) = node.content else {
            refuse(node.position, "\(what) must be a mapping")
            return [:]
        }
        var fields: Fields = [:]
        for entry in entries {
            if allowed.contains(entry.key) {
                fields[entry.key] = entry
            } else {
                refuse(entry.keyPosition, "`\(entry.key)` is unknown in \(what): it has \(Self.list(allowed))")
            }
        }
        return fields
    }

    private mutating func text(_ entry: YAMLEntry) -> String? {
        if case .scalar(let scalar) = entry.value.content, !scalar.text.isEmpty { return scalar.text }
        refuse(entry.value.position, "`\(entry.key)` must be a word")
        return nil
    }

    private mutating func word(_ entry: YAMLEntry, _ known: [String]) -> String? {
        guard let text = text(entry) else { return nil }
        guard known.contains(text) else {
            refuse(
                entry.value.position, "`\(entry.key)` must be one of \(known.joined(separator: ", ")), not `\(text)`")
            return nil
        }
        return text
    }

    private mutating func integer(_ entry: YAMLEntry, _ range: ClosedRange<Int>) -> Int? {
        guard let text = text(entry) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            refuse(
                entry.value.position,
                "`\(entry.key)` must be a whole number from \(range.lowerBound) to \(range.upperBound), not `\(text)`")
            return nil
        }
        return number
    }

    private mutating func probability(_ entry: YAMLEntry) -> Double? {
        guard let text = text(entry) else { return nil }
        guard let number = Double(text), (0...1).contains(number) else {
            refuse(entry.value.position, "`\(entry.key)` must be from 0 to 1, not `\(text)`")
            return nil
        }
        return number
    }

    /// `2s`, or `500ms..3s`.
    private mutating func span(_ entry: YAMLEntry) -> FaultRule.Span? {
        guard let text = text(entry) else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let ends = text.contains("..") ? [parts.first ?? "", parts.last ?? ""].map(String.init) : [text]
        let times = ends.compactMap(Self.milliseconds)
        guard times.count == ends.count, !text.contains("..") || parts.count == 3, let low = times.first,
            let high = times.last, low <= high
        else {
            refuse(
                entry.value.position,
                "`\(entry.key)` must be a duration such as 2s, or a range such as 500ms..3s, not `\(text)`")
            return nil
        }
        return .init(low, high)
    }

    private static func milliseconds(_ text: String) -> Int64? {
        let units: [(String, Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        guard let unit = units.first(where: { text.hasSuffix($0.0) }), let count = Int64(text.dropLast(unit.0.count)),
            (0...1_000_000).contains(count)
        else { return nil }
        return count * unit.1
    }

    /// `POST /instances`, `GET`, or `/instances/**`.
    private mutating func target(_ entry: YAMLEntry, _ rule: inout FaultRule) {
        guard let text = text(entry) else { return }
        let words = text.split(separator: " ").map(String.init)
        rule.path = words.last.flatMap { $0.hasPrefix("/") ? $0 : nil }
        let rest = rule.path == nil ? words : words.dropLast()
        rule.method = rest.first
        guard rest.count <= 1, rule.method.map({ ["GET", "POST", "PATCH", "DELETE"].contains($0) }) ?? true else {
            refuse(
                entry.value.position,
                "`on` must be a method, a path or both, such as `POST /instances` or `GET /instances/*`, not `\(text)`")
            return
        }
    }

    private mutating func refuse(_ position: YAMLPosition, _ message: String) {
        problems.append("\(file):\(position.line):\(position.column): \(message)")
    }

    private static func list(_ words: Set<String>) -> String {
        words.sorted().map { "`\($0)`" }.joined(separator: ", ")
    }
}

extension YAMLNode {
    fileprivate func entry(_ key: String) -> YAMLNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    fileprivate var scalarText: String? {
        guard case .scalar(let scalar) = content else { return nil }
        return scalar.text
    }
}
