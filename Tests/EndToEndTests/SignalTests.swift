import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// What signals, a closed terminal and a vanished reader do to a job: what the README says, and nothing else.
    @Suite struct Signals {
        private static let early = """
            startup_script: |
              #!/bin/sh
              echo starting up
              sleep 300
            command: echo the command ran
            """
        private static let long = """
            command: |
              trap 'echo asked to stop; exit 0' TERM
              echo working
              until [ -e /tmp/go ]; do sleep 0.1; done
            """
        /// Ends by itself after a while, so that what is left alone comes to its end.
        private static let short = """
            command: |
              trap '' TERM
              echo working
              sleep 3
              echo worked
            """

        @Test(arguments: [SIGINT, SIGTERM])
        func `before the command runs it is cancelled`(number: Int32) async throws {
            try await World.with { world in
                let command = try await world.begin(Self.early, until: "the startup script") {
                    $0.stderrSoFar.contains("startup | starting up")
                }
                kill(command.pid, number)
                let answer = try await command.end()
                #expect(answer.code == 245, "\(answer.stderr)")
                #expect(answer.stderr.contains("cancelling job 1 (probe)"), "\(answer.stderr)")
                #expect(answer.stderr.contains("gone from GET and list at"), "\(answer.stderr)")
                #expect(answer.text == "")
                #expect(try world.receipt()["outcome"] as? String == "cancelled")
            }
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func `a running command without a terminal is asked to stop`(number: Int32) async throws {
            try await World.with { world in
                let command = try await world.begin(Self.long, until: "the command's output") {
                    $0.stdoutSoFar == "working\n"
                }
                kill(command.pid, number)
                let answer = try await command.end()
                #expect(answer.code == 245, "\(answer.stderr)")
                #expect(answer.text == "working\nasked to stop\n")
                #expect(try world.receipt()["outcome"] as? String == "cancelled")
            }
        }

        @Test func `a hang-up detaches, and the job comes to its end`() async throws {
            try await World.with { world in
                let command = try await world.begin(Self.short, until: "the command's output") {
                    $0.stdoutSoFar == "working\n"
                }
                kill(command.pid, SIGHUP)
                let answer = try await command.end()
                #expect(answer.code == 247, "\(answer.stderr)")
                #expect(
                    answer.stderr.contains("detached: job 1 (probe) goes on; `mayfly attach 1`"), "\(answer.stderr)")
                let attached = try await world.mayfly("attach", "last")
                #expect(attached.code == 0, "\(attached.stderr)")
                #expect(attached.text == "working\nworked\n")
            }
        }

        @Test func `a reader that goes away detaches`() async throws {
            try await World.with { world in
                try world.write("probe.yaml", "\(World.machine)\n\(Self.short)")
                let child = try Child(
                    [
                        "/bin/bash", "-c",
                        "\(World.binary) run probe.yaml --cloud local 2>piped.err | head -n 1; exit ${PIPESTATUS[0]}",
                    ], in: world.folder, environment: world.environment, stdout: "\(world.folder)/piped.out",
                    stderr: "\(world.folder)/piped.bash")
                #expect(
                    await child.end(within: .seconds(60)).code == 247, "\(Traces.text("\(world.folder)/piped.err"))")
                #expect(Traces.text("\(world.folder)/piped.out") == "working\n")
                let attached = try await world.mayfly("attach", "last")
                #expect(attached.code == 0 && attached.text == "working\nworked\n", "\(attached.stderr)")
            }
        }

        @Test func `a second interrupt leaves at once and the keeper finishes the cancel`() async throws {
            try await World.with { world in
                let stubborn = """
                    command: |
                      trap '' TERM
                      echo working
                      sleep 300
                    """
                let command = try await world.begin(stubborn, until: "the command's output") {
                    $0.stdoutSoFar == "working\n"
                }
                kill(command.pid, SIGINT)
                try await eventually("the first is taken") { command.stderrSoFar.contains("cancelling job 1") }
                kill(command.pid, SIGINT)
                let answer = try await command.end(within: .seconds(5))
                #expect(answer.code == 247, "\(answer.stderr)")
                #expect(answer.stderr.contains("leaving; the keeper goes on"), "\(answer.stderr)")
                let attached = try await world.mayfly("attach", "last")
                #expect(attached.code == 245, "\(attached.stderr)")
            }
        }

        @Test func `killed, the follower is only missed`() async throws {
            try await World.with { world in
                let command = try await world.begin(Self.short, until: "the command's output") {
                    $0.stdoutSoFar == "working\n"
                }
                kill(command.pid, SIGKILL)
                #expect(try await command.end().code == 137)
                let attached = try await world.mayfly("attach", "last")
                #expect(attached.code == 0 && attached.text == "working\nworked\n", "\(attached.stderr)")
            }
        }
    }
}
