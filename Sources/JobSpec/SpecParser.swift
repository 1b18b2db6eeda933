public import MayflyCore
import PositionedYAML

/// A spec that is right, except for what only the cloud can say.
public struct ParsedSpec: Sendable, Hashable {
    /// Without its code: freezing the ``workdir`` is up to the caller.
    public var definition: JobDefinition
    /// The folder to upload, absolute, or `nil` when the spec has none.
    public var workdir: String?
    /// What is odd but may be right, such as an instance type newer than this program.
    public var warnings: [SpecProblem]
}

/// Reads specs.
public enum SpecParser {
    /// A spec is written by hand; anything larger is another file.
    static let sizeLimit = 1 << 20

    /// Reads a spec and the files it names, and reports everything that is wrong with it at once.
    ///
    /// - Parameters:
    ///   - text: the spec's YAML.
    ///   - file: its name as the user gave it, for messages; without a `name` the job is called after it.
    ///   - directory: the absolute folder of the file, which relative paths in it start from.
    ///   - overrides: applied in order before anything is checked.
    ///   - extra: variables that come after those of the spec, and win.
    public static func parse(
        text: String, file: String, directory: String, overrides: [SpecOverride] = [],
        environment extra: [EnvironmentVariable] = []
    ) throws(SpecProblems) -> ParsedSpec {
        let start = SpecLocation(file: file, position: YAMLPosition(line: 1, column: 1))
        var reading = SpecReading(directory: directory)
        guard text.utf8.count <= sizeLimit else {
            reading.fail(start, "too large for a spec: \(text.utf8.count) bytes, at most \(sizeLimit)")
            throw SpecProblems(problems: reading.problems)
        }
        let document = YAMLDocument(parsing: text)
        for problem in document.problems {
            reading.fail(SpecLocation(file: file, position: problem.position), problem.message)
        }
        var root: SpecNode
        if let node = document.root {
            root = SpecNode(node, file: file)
        } else {
            // Without a tree every field would be "missing": the syntax error is the news.
            guard document.problems.isEmpty else { throw SpecProblems(problems: sorted(reading.problems, file)) }
            root = SpecNode(content: .scalar(YAMLScalar(text: "", isQuoted: false)), location: start)
        }
        for override in overrides {
            if let problem = override.apply(to: &root) { reading.fail(override.location, problem) }
        }
        reading.checkExtra(extra)
        let spec = reading.spec(root, file: file, start: start)
        guard reading.problems.isEmpty, var spec else {
            throw SpecProblems(problems: sorted(reading.problems, file))
        }
        spec.definition.environment += extra
        spec.warnings = sorted(reading.warnings, file)
        return spec
    }

    private static func sorted(_ problems: [SpecProblem], _ file: String) -> [SpecProblem] {
        var seen: Set<SpecProblem> = []
        return problems.enumerated().sorted { a, b in
            let (x, y) = (a.element, b.element)
            return (x.file == file ? 0 : 1, x.line, x.column, a.offset)
                < (y.file == file ? 0 : 1, y.line, y.column, b.offset)
        }
        .map(\.element).filter { seen.insert($0).inserted }
    }
}

extension SpecReading {
    /// - Returns: `nil` when a required part is missing; other problems leave defaults behind.
    fileprivate mutating func spec(_ root: SpecNode, file: String, start: SpecLocation) -> ParsedSpec? {
        guard let fields = fields(root, of: "the spec", known: SpecFields.top) else { return nil }
        let machine = machine(fields, root: start)
        let command = command(fields, root: start)
        let name = name(fields["name"]?.value, file: file)
        var definition = JobDefinition(
            name: name, machine: machine ?? MachineRequest(type: "", image: "", region: ""),
            command: command ?? .argv([]))
        if let node = fields["labels"]?.value { definition.labels = labels(node) }
        if let node = fields["startup_script"]?.value { definition.startupScript = startupScript(node) }
        if let node = fields["setup"]?.value { definition.setup = text(node, "`setup`") }
        if let node = fields["env"]?.value { definition.environment = environment(node) }
        if let entry = fields["secrets"] {
            definition.secrets = secrets(entry.value)
            let both = Set(definition.secrets.map(\.name)).intersection(definition.environment.map(\.name))
            for name in both.sorted() {
                fail(entry.keyLocation, "`\(name)` is both in `env` and in `secrets`: keep one")
            }
        }
        if let node = fields["outputs"]?.value { definition.outputs = outputs(node) }
        if let node = fields["log_limit"]?.value { definition.logLimit = logLimit(node) }
        if let node = fields["snapshot"]?.value { definition.snapshot = snapshot(node) }
        if let node = fields["on_failure"]?.value { definition.onFailure = onFailure(node) }
        if let node = fields["on_collect_failure"]?.value { definition.onCollectFailure = onCollectFailure(node) }
        if let node = fields["retry"]?.value { definition.retry = retry(node) }
        if let node = fields["timeouts"]?.value { definition.timeouts = timeouts(node) }
        if let node = fields["ssh"]?.value { definition.ssh = ssh(node) }
        let workdir = fields["workdir"].flatMap { self.workdir($0.value) }
        guard machine != nil, command != nil else { return nil }
        return ParsedSpec(definition: definition, workdir: workdir, warnings: [])
    }

    private mutating func name(_ node: SpecNode?, file: String) -> String {
        guard let node else { return Self.name(after: file) }
        guard let name = text(node, "`name`") else { return "job" }
        guard PlainName.job.matches(name) else {
            fail(
                node.location,
                "`name` must be 1 to 63 letters, digits, `.`, `_` and `-`, beginning with a letter or digit,"
                    + " not \(Quoted(name))")
            return "job"
        }
        return name
    }

    /// The file's name without its ending, as far as a job may be called so.
    private static func name(after file: String) -> String {
        let last = file.split(separator: "/").last.map(String.init) ?? ""
        let stem = last.lastIndex(of: ".").map { String(last[..<$0]) } ?? last
        let cleaned = stem.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "-" }
        let name = String(cleaned.drop { !($0.isLetter || $0.isNumber) }.prefix(63))
        return name.isEmpty ? "job" : name
    }
}
