import JobSpec
import MayflyCore

/// Reads specs as the user named them and reports every problem of all of them at once.
struct SpecLoader {
    var context: CommandContext
    /// `-e`: later ones win.
    var environment: [EnvironmentVariable] = []
    /// `--set`
    var overrides: [SpecOverride] = []

    struct Loaded {
        var specs: [ParsedSpec] = []
        /// `file:line:column: message`, one per problem.
        var problems: [String] = []
        /// In the same form: what is allowed but looks unintended.
        var warnings: [String] = []
    }

    /// - Parameters:
    ///   - environment: `K=V`, or `K` alone for the value it has here.
    ///   - overrides: `dotted.path=value`.
    /// - Throws: ``CommandError``.
    init(context: CommandContext, environment: [String] = [], overrides: [String] = []) throws {
        self.context = context
        self.environment = try environment.map { try Self.variable($0, in: context) }
        self.overrides = try overrides.map { text in
            do {
                return try SpecOverride(parsing: text)
            } catch {
                throw CommandError(
                    code: .usage, message: "--set \(ControlSequences.line(text)): \(error); expected dotted.path=value")
            }
        }
    }

    /// - Throws: ``CommandError`` when a file cannot be read.
    func load(_ files: [String]) throws -> Loaded {
        var loaded = Loaded()
        for file in files {
            let path = file == "-" ? "-" : context.absolute(file)
            let bytes = try Paths.read(path, limit: 1 << 20)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                loaded.problems.append("\(file):1:1: the file is not UTF-8 text")
                continue
            }
            let folder = file == "-" ? context.currentDirectory : Paths.folder(of: path)
            do {
                let spec = try SpecParser.parse(
                    text: text, file: file, directory: folder, overrides: overrides, environment: environment)
                loaded.specs.append(spec)
                loaded.warnings += spec.warnings.map { ControlSequences.line("\($0)") }
            } catch {
                loaded.problems += error.problems.map { ControlSequences.line("\($0)") }
            }
        }
        return loaded
    }

    private static func variable(_ text: String, in context: CommandContext) throws -> EnvironmentVariable {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts[0]
        let plain = name.utf8.allSatisfy { $0 == 0x5F || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || isDigit($0) }
        guard let first = name.utf8.first, plain, !isDigit(first) else {
            throw CommandError(
                code: .usage,
                message: "-e \(ControlSequences.line(name)): expected NAME=VALUE, or NAME for the value it has here; "
                    + "a name has letters, digits and _")
        }
        if parts.count == 2 { return EnvironmentVariable(name: name, value: parts[1]) }
        guard let value = context.environment[name] else {
            throw CommandError(code: .usage, message: "-e \(name): it is not set here; write -e \(name)=VALUE")
        }
        return EnvironmentVariable(name: name, value: value)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
