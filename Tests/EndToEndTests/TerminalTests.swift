import Foundation
import Testing

extension EndToEnd {
    /// Somebody at a terminal, who is asked before a computing job is cancelled.
    @Suite struct Terminals {
        private static let question = "still running: [d]etach  [c]ancel  [Enter] follow on"
        private static let job = """
            command: |
              trap 'echo asked to stop; exit 0' TERM
              echo working
              until [ -e "$HOME/work/go" ]; do sleep 0.1; done
            """

        private func ask(_ world: World) async throws -> Terminal {
            try world.write("probe.yaml", "\(World.machine)\n\(Self.job)")
            let terminal = try Terminal(["run", "probe.yaml", "--cloud", "local"], in: world)
            try await eventually("the command runs") { terminal.screen.contains("working") }
            terminal.type("\u{3}")
            try await eventually("the question") { terminal.screen.contains(Self.question) }
            return terminal
        }

        @Test func `c cancels`() async throws {
            try await World.with { world in
                let terminal = try await ask(world)
                terminal.type("c")
                #expect(await terminal.end() == 245, "\(terminal.screen)")
                #expect(world.text("stdout.log") == "working\nasked to stop\n")
                #expect(terminal.screen.contains("gone from GET and list at"), "\(terminal.screen)")
            }
        }

        @Test func `d detaches`() async throws {
            try await World.with { world in
                let terminal = try await ask(world)
                terminal.type("d")
                #expect(await terminal.end() == 247, "\(terminal.screen)")
                #expect(terminal.screen.contains("detached: job 1 (probe) goes on"), "\(terminal.screen)")
                #expect(try await world.mayfly("ls").text.contains("running"))
                #expect(try await world.mayfly("cancel", "last").code == 0)
                #expect(try await world.mayfly("attach", "last").code == 245)
            }
        }

        @Test func `Enter follows on, and the next Ctrl-C asks again`() async throws {
            try await World.with { world in
                let terminal = try await ask(world)
                terminal.type("\r")
                let before = terminal.screen.count
                try await eventually("the live line without the question") {
                    let since = terminal.screen.dropFirst(before)
                    return since.contains("running") && !since.suffix(200).contains(Self.question)
                }
                terminal.type("\u{3}")
                try await eventually("the question again") { terminal.screen.dropFirst(before).contains(Self.question) }
                // The second Ctrl-C in a row is no answer but an exit.
                terminal.type("\u{3}")
                #expect(await terminal.end() == 247, "\(terminal.screen)")
                #expect(terminal.screen.contains("leaving; the keeper goes on"), "\(terminal.screen)")
                #expect(try await world.mayfly("cancel", "last").code == 0)
                #expect(try await world.mayfly("attach", "last").code == 245)
            }
        }

        @Test func `escape sequences of the job are shown, not obeyed`() async throws {
            try await World.with { world in
                try world.write("probe.yaml", "\(World.machine)\ncommand: printf 'a\\033[2Jb\\033]0;t\\007c\\n'")
                let terminal = try Terminal(["run", "probe.yaml", "--cloud", "local"], in: world)
                #expect(await terminal.end() == 0, "\(terminal.screen)")
                #expect(
                    !terminal.screen.contains("\u{1B}[2J") && !terminal.screen.contains("\u{7}"), "\(terminal.screen)")
                #expect(world.text("stdout.log") == "a\u{1B}[2Jb\u{1B}]0;t\u{7}c\n", "the file is exact")
            }
        }
    }
}
