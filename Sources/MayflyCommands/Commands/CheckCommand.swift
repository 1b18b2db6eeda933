import ArgumentParser
import JobSpec
import MayflyCore

struct CheckCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Reports every problem of specs as file:line:column: message.")

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("Sets a field of every spec; may be repeated.", valueName: "dotted.path=value"))
    var set: [String] = []

    @Argument(help: ArgumentHelp("Job specs (YAML); - reads one from stdin.", valueName: "spec"))
    var specs: [String]

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let loaded = try SpecLoader(context: context, overrides: set).load(specs)
        for problem in loaded.problems { context.console.error(line: problem) }
        for warning in loaded.warnings { context.console.error(line: "warning: \(warning)") }
        guard loaded.problems.isEmpty else { return ExitCode.badSpec }
        for spec in loaded.specs { try context.console.out(line: "\(spec.definition.name): ok") }
        return 0
    }
}

struct SchemaCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of job specs, for editors.")

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let text = SpecSchema.json
        try context.console.out(Array((text.hasSuffix("\n") ? text : text + "\n").utf8))
        return 0
    }
}
