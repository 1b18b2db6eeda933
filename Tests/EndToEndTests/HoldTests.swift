import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// An instance that stays for a look, or until what is on it could be fetched.
    @Suite struct Holds {
        private static let failing = """
            on_failure: {hold: 10m}
            outputs: [o/]
            command: mkdir o; echo first > o/a; echo first > o/b; echo broken > ~/state; echo kept > "$MAYFLY_OUTPUTS/half"; exit 7
            """

        private func failed(_ world: World) async throws -> World.Command {
            try await world.begin(Self.failing, until: "the hold is told") { $0.stderrSoFar.contains("held until ") }
        }

        private func heldUntil(_ world: World) async throws -> String {
            let shown = try await world.mayfly("show", "last", "--json")
            let row = try JSONSerialization.jsonObject(with: shown.stdout) as? [String: Any]
            #expect(row?["phase"] as? String == "holding", "\(shown.text)")
            return try #require(row?["held_until"] as? String)
        }

        @Test func `a look, more time, and the end of it`() async throws {
            try await World.with { world in
                let run = try await failed(world)
                #expect(run.stderrSoFar.contains("`mayfly ssh 1`"), "\(run.stderrSoFar)")
                // The results are here before anybody looks.
                #expect(world.text("outputs/half") == "kept\n")
                #expect(try await world.mayfly("ls").text.contains("holding"))
                let look = try await world.mayfly("ssh", "last", "--", "cat state")
                #expect(look.code == 0 && look.text == "broken\n", "\(look.stderr)")

                let first = try await heldUntil(world)
                let extended = try await world.mayfly("extend", "last", "+2h")
                #expect(extended.code == 0, "\(extended.stderr)")
                let second = try await heldUntil(world)
                #expect(second > first && extended.stderr.contains("held until \(second)"), "\(extended.stderr)")
                try await eventually("the extension is told") {
                    run.stderrSoFar.contains("held until \(second.dropFirst(11).prefix(8))Z")
                }
                let tooLong = try await world.mayfly("extend", "last", "+40h")
                #expect(tooLong.code == 64 && tooLong.stderr.contains("at the latest"), "\(tooLong.stderr)")
                #expect(try await heldUntil(world) == second)

                #expect(world.text("outputs/o/b") == "first\n")
                let mended =
                    "cd work/o; rm a; echo second > b; echo second > c; echo second > $(ls -d /var/lib/mayfly/*/outputs)/half"
                #expect(try await world.mayfly("ssh", "last", "--", mended).code == 0)
                let released = try await world.mayfly("release", "last")
                #expect(released.code == 0, "\(released.stderr)")
                let answer = try await run.end()
                // Newer files take the place of older ones; what was deleted there had been delivered.
                for (path, text) in [
                    ("o/a", "first\n"), ("o/b", "second\n"), ("o/c", "second\n"), ("half", "second\n"),
                ] {
                    #expect(world.text("outputs/\(path)") == text, "\(path)")
                }
                #expect(answer.code == 7, "\(answer.stderr)")
                #expect(answer.stderr.contains("destroyed, gone from GET and list at"))
                let again = try await world.mayfly("release", "last")
                #expect(again.code == 64 && again.stderr.contains("is over"), "\(again.stderr)")
            }
        }

        @Test func `a keeper killed while it holds`() async throws {
            try await World.with { world in
                let run = try await failed(world)
                let end = try await heldUntil(world)
                kill(try #require(world.keeperProcess), SIGKILL)
                kill(run.pid, SIGKILL)
                _ = try await run.end()
                #expect(try await heldUntil(world) == end)
                #expect(try await world.mayfly("ssh", "last", "--", "cat state").text == "broken\n")
                // No keeper lives: the wish starts one.
                let extended = try await world.mayfly("extend", "last", "+1h")
                #expect(extended.code == 0, "\(extended.stderr)")
                #expect(try await heldUntil(world) > end)
                #expect(try await world.mayfly("release", "last").code == 0)
                let answer = try await world.mayfly("attach", "last")
                #expect(answer.code == 7, "\(answer.stderr)")
                #expect(try world.receipt()["teardown"] as? String == "clean")
                #expect(world.text("outputs/half") == "kept\n")
            }
        }

        @Test func `a failed setup is held and ends by itself`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    """
                    on_failure: hold 3s
                    setup: exit 3
                    command: echo the command ran
                    """)
                #expect(answer.code == 240, "\(answer.stderr)")
                #expect(
                    answer.stderr.contains("held until ") && answer.stderr.contains("for a look"), "\(answer.stderr)")
                #expect(answer.stderr.contains("destroyed, gone from GET and list at"))
                let phases = try #require(try world.receipt()["phases"] as? [[String: Any]])
                let held = try #require(phases.first { $0["phase"] as? String == "holding" }?["seconds"] as? Double)
                #expect(held >= 3 && held < 10, "held for \(held) s")
            }
        }

        @Test func `what succeeds is not held, and what does not run cannot be extended`() async throws {
            try await World.with { world in
                let run = try await world.begin(
                    "on_failure: hold 1h\ncommand: echo on; sleep 3", until: "it runs"
                ) { $0.stdoutSoFar.contains("on") }
                let refused = try await world.mayfly("release", "last")
                #expect(refused.code == 64 && refused.stderr.contains("is running: its instance is not held"))
                let answer = try await run.end()
                #expect(answer.code == 0 && !answer.stderr.contains("held until"), "\(answer.stderr)")
            }
        }

        @Test func `a command that runs gets more time`() async throws {
            try await World.with { world in
                let run = try await world.begin(
                    """
                    timeouts: {run: 8s}
                    command: echo on; until [ -e ~/go ]; do sleep 0.1; done; echo off
                    """, until: "it runs"
                ) { $0.stdoutSoFar.contains("on") }
                let tooLong = try await world.mayfly("extend", "last", "+40h")
                #expect(tooLong.code == 64 && tooLong.stderr.contains("at the latest"), "\(tooLong.stderr)")
                let extended = try await world.mayfly("extend", "last", "+1h")
                #expect(extended.code == 0 && extended.stderr.contains("may run until"), "\(extended.stderr)")
                #expect(try await world.mayfly("show", "last").text.contains("may run   until"))
                // A keeper that dies has not forgotten; nor does the instance need one.
                kill(try #require(world.keeperProcess), SIGKILL)
                try await eventually("the first limit has passed", within: .seconds(40)) {
                    let words =
                        "ls /var/lib/mayfly/*/run.limit; [ $(($(date +%s) - $(stat -c %Y /var/lib/mayfly/*/run.latch))) -gt 10 ]"
                    return try await world.mayfly("ssh", "last", "--", words).code == 0
                }
                #expect(try await world.mayfly("ssh", "last", "--", "touch ~/go").code == 0)
                let answer = try await run.end()
                #expect(answer.code == 0 && answer.text == "on\noff\n", "\(answer.stderr)")
                let over = try await world.mayfly("extend", "last", "+1h")
                #expect(over.code == 64 && over.stderr.contains("is over"), "\(over.stderr)")
            }
        }

        @Test func `results that a person makes readable arrive while they are held`() async throws {
            // `sudo` is the isolated backend's, as on real images.
            guard getuid() == 0 else { return }
            try await World.with { world in
                let run = try await world.begin(
                    """
                    outputs: [o/]
                    on_collect_failure: hold 10m
                    command: mkdir o; echo roots > o/roots; sudo sh -c 'chown root o/roots; chmod 600 o/roots'
                    """, until: "the hold is told"
                ) { $0.stderrSoFar.contains("held until ") }
                #expect(run.stderrSoFar.contains("could not be fetched"), "\(run.stderrSoFar)")
                #expect(try await world.mayfly("ssh", "last", "--", "sudo chmod 644 work/o/roots").code == 0)
                let answer = try await run.end()
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(world.text("outputs/o/roots") == "roots\n")
                let receipt = try world.receipt()
                #expect(receipt["delivery"] as? String == "complete")
                #expect((receipt["objects"] as? [[String: Any]])?.count == 1, "no snapshot is needed any more")
            }
        }
    }
}
