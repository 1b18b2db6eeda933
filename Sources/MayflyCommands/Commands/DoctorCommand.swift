import ArgumentParser
import MayflyCore

struct DoctorCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks what Mayfly depends on, and says what to do.",
        discussion: """
            Home folder, disk, token, the cloud's API with TLS and proxy, its rate limit and clock, the background \
            processes, what local instances need, and the SSH library. Exit 0 when Mayfly can be used, else 1. Nothing is \
            changed; a local cloud is started only with --cloud local.
            """)

    @OptionGroup var cloud: CloudOptions

    @Flag(help: "One JSON document.")
    var json = false

    struct Report: Encodable {
        var usable: Bool
        var checks: [Finding]
    }

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let findings = await DoctorGathering(context: context, options: cloud).gather().findings
        let usable = !findings.contains { $0.state == .problem }
        if json {
            try context.console.out(line: ResourcePrinter.document(Report(usable: usable, checks: findings)))
        } else {
            for line in Self.lines(findings, style: context.outputStyle) { try context.console.out(line: line) }
        }
        return usable ? 0 : 1
    }

    static func lines(_ findings: [Finding], style: Style) -> [String] {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let width = findings.map(\.check.count).max() ?? 0
        return findings.flatMap { finding in
            let word = padded(finding.state.rawValue, "warning".count)
            let state =
                switch finding.state {
                case .ok: style.good(word)
                case .warning: style.strong(word)
                case .problem: style.bad(word)
                }
            let indent = String(repeating: " ", count: "warning".count + width + 4)
            return ["\(state)  \(padded(finding.check, width))  \(ControlSequences.line(finding.message))"]
                + (finding.next.map { ["\(indent)do: \(ControlSequences.line($0))"] } ?? [])
        }
    }
}
