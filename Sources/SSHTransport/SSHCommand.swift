/// What a server is asked to run.
public enum SSHCommand: Sendable, Hashable {
    /// Text for the user's login shell on the server.
    case shell(String)
    /// A program and its arguments, exactly these bytes: no word is split, expanded or taken for a part of the shell's
    /// language. The program replaces the shell, so its end and its signals are the command's.
    case program([String])

    /// The text that SSH carries, which has no other form than a line for the login shell.
    ///
    /// The environment is set by `env`, because servers refuse most variables sent by SSH's own means. Everybody on the
    /// server can see it in the list of processes for a moment: secrets travel by standard input.
    /// - Throws: ``SSHError`` with code ``SSHError/Code-swift.enum/invalidCommand``.
    public func line(environment: [String: String] = [:]) throws(SSHError) -> String {
        var settings: [String] = []
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            guard Self.isName(name) else {
                throw SSHError(.invalidCommand, "\"\(name)\" is no name of an environment variable")
            }
            settings.append("\(name)=\(value)")
        }
        let words: [String]
        switch self {
        case .shell(let text):
            guard !text.utf8.contains(0) else { throw Self.nul }
            if settings.isEmpty { return text }
            return try "exec env " + Self.quoted(settings) + " \"$SHELL\" -c " + Self.quoted([text])
        case .program(let given):
            guard let program = given.first, !program.isEmpty, !program.hasPrefix("-") else {
                throw SSHError(.invalidCommand, "a command needs a program, whose name is not empty and no option")
            }
            // `env` would take it for one more variable.
            guard settings.isEmpty || !program.contains("=") else {
                throw SSHError(.invalidCommand, "the name of a program that gets an environment holds no \"=\"")
            }
            words = given
        }
        return try (settings.isEmpty ? "exec " : "exec env ") + Self.quoted(settings + words)
    }

    private static let nul = SSHError(.invalidCommand, "a command cannot hold a NUL byte")

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    private static func quoted(_ words: [String]) throws(SSHError) -> String {
        guard !words.contains(where: { $0.utf8.contains(0) }) else { throw nul }
        return words.map(quoted).joined(separator: " ")
    }

    /// In single quotes, except what some shell treats specially even there: the quote itself, the backslash (fish), and
    /// the exclamation mark (csh).
    private static func quoted(_ word: String) -> String {
        var text = "'"
        for scalar in word.unicodeScalars {
            switch scalar {
            case "'", "\\", "!": text += "'\\\(scalar)'"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "'"
    }
}
