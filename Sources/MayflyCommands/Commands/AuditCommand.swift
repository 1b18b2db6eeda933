import ArgumentParser
import Keeper
import MayflyCore

struct AuditCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Compares the store with the cloud's own listing; exit 0 when they agree, else 249.")

    @OptionGroup var global: GlobalOptions

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let store = try await context.openStore(home)
        // Asked of a local cloud that is not running, the question would have no answer.
        if try await store.jobs(.all).contains(where: { $0.cloud.kind == .local }) {
            try await Background.ensureLocalCloud(home)
        }
        let report = try await CloudAudit.run(home: home, store: store, tokens: try context.allTokens(home))
        for line in report.lines { try context.console.out(line: ControlSequences.line(line)) }
        try context.console.out(
            line: report.agrees ? "the store and the cloud agree" : "the store and the cloud differ")
        return report.agrees ? 0 : ExitCode.mayHaveLeaked
    }
}
