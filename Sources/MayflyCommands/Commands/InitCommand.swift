public import ArgumentParser
import Glibc
public import JobSpec
import MayflyCore

struct InitCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Writes a commented starter spec, to stdout or to a new file.")

    @Option(name: .customLong("from"), help: "Which starter: hello, pytorch or sweep.")
    var template: SpecTemplate = .hello

    @Argument(help: ArgumentHelp("The file to write; it must not exist.", valueName: "file"))
    var file: String?

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let bytes = Array(template.text.utf8)
        guard let file, file != "-" else {
            try context.console.out(bytes)
            return 0
        }
        let path = context.absolute(file)
        guard access(path, F_OK) != 0 else {
            throw CommandError(code: .usage, message: "\(file) exists and is left alone; name another file")
        }
        try Paths.write(bytes, toPrivateFile: path)
        context.console.error(line: "wrote \(file); next: mayfly check \(file), mayfly run \(file) --cloud local")
        return 0
    }
}

extension SpecTemplate: ExpressibleByArgument {}
