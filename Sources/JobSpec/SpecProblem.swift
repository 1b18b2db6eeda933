/// One thing wrong with a spec, as editors and compilers print it.
public struct SpecProblem: Sendable, Hashable, CustomStringConvertible {
    /// The file as the user named it, or the option (`--set path=value`, `-e NAME`) a value came from.
    public var file: String
    /// From 1.
    public var line: Int
    /// From 1, in Unicode scalars.
    public var column: Int
    public var message: String

    public init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String { "\(file):\(line):\(column): \(message)" }
}

/// Everything wrong with a spec, at once.
public struct SpecProblems: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file's own by position, then those of options.
    public var problems: [SpecProblem]

    public init(problems: [SpecProblem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
