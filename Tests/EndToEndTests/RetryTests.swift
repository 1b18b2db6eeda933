import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// What is tried again, as people see it.
    @Suite struct Retries {
        /// Fails on its first instance only.
        private static func flaky(_ backoff: String, retry: String = "exit_codes: [75], ") -> String {
            """
            retry: {\(retry)backoff: \(backoff)}
            command: |
              echo "try $MAYFLY_ATTEMPT, $(ls ~ | wc -l) here"
              echo "$MAYFLY_ATTEMPT" > "$MAYFLY_OUTPUTS/attempt"
              [ "$MAYFLY_ATTEMPT" = 2 ] || exit 75
            """
        }

        @Test func `a flaky command is run again by its exit code`() async throws {
            try await World.with { world in
                let answer = try await world.run(Self.flaky("1s"))
                #expect(answer.code == 0, "\(answer.stderr)")
                let lines = answer.text.split(separator: "\n").map(String.init)
                #expect(lines.count == 2 && lines[0].hasPrefix("try 1, ") && lines[1].hasPrefix("try 2, "))
                #expect(answer.stderr.contains("attempt 2\n"), "\(answer.stderr)")
                // Each attempt's own, the newest at the top.
                #expect(world.text("stdout.log") == lines[1] + "\n")
                #expect(world.text("attempt-1/stdout.log") == lines[0] + "\n")
                #expect(world.text("outputs/attempt") == "2\n")
                #expect(world.text("attempt-1/outputs/attempt") == "1\n")
                let receipt = try world.receipt()
                #expect(receipt["attempts"] as? Int == 2)
                #expect(receipt["exit_code"] as? Int == 0)
                let objects = try #require(receipt["objects"] as? [[String: Any]])
                #expect(objects.compactMap { $0["state"] as? String } == ["gone", "gone"])
                let first = try #require(world.result("attempt-1/receipt.json"))
                let fields = try JSONSerialization.jsonObject(with: first) as? [String: Any]
                #expect(fields?["exit_code"] as? Int == 75)

                // Whoever comes later reads the same.
                #expect(try await world.mayfly("attach", "last").text == answer.text)
                #expect(try await world.mayfly("logs", "last").text == lines[1] + "\n")
                #expect(try await world.mayfly("logs", "last", "--attempt", "1").text == lines[0] + "\n")
                #expect(try await world.mayfly("logs", "last", "--attempt", "3").code == 64)
            }
        }

        @Test func `a command that fails is never run again by surprise`() async throws {
            try await World.with { world in
                let answer = try await world.run(Self.flaky("1s", retry: ""))
                #expect(answer.code == 75, "\(answer.stderr)")
                #expect(try world.receipt()["attempts"] as? Int == 1)
            }
        }

        @Test func `instances that fail before the command`() async throws {
            try await World.with { world in
                let cloud = try await world.serveCloud(faults: ["{fault: error, times: 2}"])
                let answer = try await world.run("command: echo ran\nretry: {backoff: 1s}")
                #expect(answer.code == 0 && answer.text == "ran\n", "\(answer.stderr)")
                #expect(try world.receipt()["attempts"] as? Int == 3)
                kill(cloud.pid, SIGTERM)
                _ = try await cloud.end()
            }
        }

        @Test func `a keeper killed while the next attempt is waited for`() async throws {
            try await World.with { world in
                let run = try await world.begin(Self.flaky("6s"), until: "the wait is told") { _ in
                    try await world.mayfly("ls").text.contains("attempt 2 of 3, at ")
                }
                let began = ContinuousClock.now
                kill(try #require(world.keeperProcess), SIGKILL)
                kill(run.pid, SIGKILL)
                _ = try await run.end()
                let shown = try await world.mayfly("show", "last").text
                #expect(
                    shown.contains("queued") && shown.contains("attempt 1 ended as failed, exit code 75"), "\(shown)")
                let answer = try await world.mayfly("attach", "last")
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(answer.text.split(separator: "\n").map { $0.prefix(6) } == ["try 1,", "try 2,"])
                #expect(began.duration(to: .now) < .seconds(20), "the wait was begun anew")
                #expect(world.text("outputs/attempt") == "2\n")
            }
        }

        @Test func `a command whose GPU broke is run again, and not held first`() async throws {
            // The kernel's word is forged on the instance, whose /usr is its own on the isolated backend only.
            guard getuid() == 0 else { return }
            try await World.with { world in
                let answer = try await world.run(
                    """
                    retry: {when: [gpu], backoff: 1s}
                    on_failure: hold 10m
                    command: |
                      echo "try $MAYFLY_ATTEMPT"
                      [ "$MAYFLY_ATTEMPT" = 1 ] || exit 0
                      read -r uptime rest </proc/uptime
                      printf '#!/bin/sh\\necho "[%s] NVRM: Xid (PCI:0000:01:00): 79, pid=1, GPU has fallen off the bus."\\n' \
                        "$uptime" | sudo tee /usr/local/bin/dmesg >/dev/null
                      sudo chmod 755 /usr/local/bin/dmesg
                      exit 9
                    """)
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(answer.text == "try 1\ntry 2\n" && !answer.stderr.contains("held until"), "\(answer.stderr)")
                let first = try #require(world.result("attempt-1/receipt.json"))
                let fields = try JSONSerialization.jsonObject(with: first) as? [String: Any]
                #expect((fields?["verdict"] as? String)?.hasPrefix("the GPU fell off the bus") == true)
                #expect(try world.receipt()["attempt_outcomes"] as? [String] == ["failed", "succeeded"])
            }
        }

        @Test func `a cancel ends the wait at once`() async throws {
            try await World.with { world in
                let run = try await world.begin(Self.flaky("1h"), until: "the wait is told") { _ in
                    try await world.mayfly("ls").text.contains("attempt 2 of 3, at ")
                }
                #expect(try await world.mayfly("cancel", "last").code == 0)
                let answer = try await run.end(within: .seconds(10))
                #expect(answer.code == 245, "\(answer.stderr)")
                #expect(answer.stderr.contains("attempt 1 ended as failed, exit code 75"), "\(answer.stderr)")
                let receipt = try world.receipt()
                #expect(receipt["attempts"] as? Int == 1 && receipt["outcome"] as? String == "cancelled")
                #expect(receipt["attempt_outcomes"] as? [String] == ["failed"])
                #expect(receipt["exit_code"] as? Int == 75)
            }
        }
    }
}
