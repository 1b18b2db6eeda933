import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// `kill -9` in every phase: of the keeper, of the local cloud, and of both together with the client. The job comes to the
    /// same end, its command ran once, its output is exact, and nothing is left.
    @Suite struct Kills {
        enum Victim: String, CaseIterable { case keeper, cloud, all }

        /// A phase and what makes it last long enough to be hit.
        enum Phase: String, CaseIterable {
            case creating, booting, connecting, preparing, running, collecting, snapshotting, destroying, verifying

            var fault: String? {
                switch self {
                case .creating: "{fault: latency, on: POST /instances, delay: 1s}"
                case .booting: "{fault: slow-active, delay: 1s}"
                case .connecting: "{fault: no-ssh, for: 1s}"
                case .snapshotting: "{fault: latency, on: 'POST /instances/*/snapshots', delay: 1s}"
                case .destroying: "{fault: latency, on: 'DELETE /instances/*', delay: 1s}"
                case .verifying: "{fault: list-lag, lingers: 1s}"
                case .preparing, .running, .collecting: nil
                }
            }

            var spec: String {
                """
                startup_script: |
                  #!/bin/sh
                  sleep \(self == .preparing ? 1 : 0)
                command: |
                  echo run >> "$HOME/runs"
                  seq 1 500
                  sleep \(self == .running ? 1 : 0)
                  seq 501 1000 | tee "$MAYFLY_OUTPUTS/numbers"
                  for n in $(seq 1 \(self == .collecting ? 3000 : 1)); do echo $n > "$MAYFLY_OUTPUTS/file-$n"; done
                  echo "ran $(wc -l < "$HOME/runs") times" >&2
                snapshot: always
                """
            }
        }

        @Test(arguments: Phase.allCases, Victim.allCases)
        func `kill -9`(phase: Phase, victim: Victim) async throws {
            try await World.with { world in
                let cloud = try await world.serveCloud(faults: phase.fault.map { [$0] } ?? [])
                try world.write("probe.yaml", "\(World.machine)\n\(phase.spec)")
                let run = try world.begin(["run", "probe.yaml", "--cloud", "local", "--json"])
                try await eventually("\(phase)") { run.stdoutSoFar.contains("\"phase\":\"\(phase)\"") }

                let keeper = try #require(world.keeperProcess)
                if victim != .cloud { kill(keeper, SIGKILL) }
                if victim != .keeper { kill(cloud.pid, SIGKILL) }
                if victim == .all { kill(run.pid, SIGKILL) }
                let first = try await run.end()
                #expect(first.code == (victim == .all ? 137 : 0), "\(first.stderr)")
                let answer = try await world.mayfly("attach", "last")
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(answer.text == (1...1000).map { "\($0)\n" }.joined())
                #expect(world.text("stderr.log") == "ran 1 times\n")
                #expect(world.text("outputs/numbers") == (501...1000).map { "\($0)\n" }.joined())
                let receipt = try world.receipt()
                #expect(receipt["delivery"] as? String == "complete", "\(receipt["warnings"] ?? "")")
                #expect(receipt["teardown"] as? String == "clean")
                let logs = try #require(receipt["logs"] as? [String: [String: Any]])
                #expect(logs["stdout"]?["bytes"] as? Int == answer.text.utf8.count)
                #expect((logs["stdout"]?["sha256"] as? String)?.count == 64)
                let objects = try #require(receipt["objects"] as? [[String: Any]])
                #expect(objects.compactMap { $0["state"] as? String }.sorted() == ["gone", "kept"])
                kill(cloud.pid, SIGTERM)
                _ = try await cloud.end()
            }
        }
    }

    /// What the cloud can do to a create or a destroy: one instance, one run, no leak.
    @Suite struct UnreliableClouds {
        @Test func `an answer that is lost, and a list that lags`() async throws {
            try await World.with { world in
                let cloud = try await world.serveCloud(faults: [
                    "{fault: dropped, when: after, on: POST /instances, times: 1}",
                    "{fault: list-lag, appears: 3s, lingers: 500ms}",
                ])
                let answer = try await world.run("command: echo ran")
                #expect(answer.code == 0 && answer.text == "ran\n", "\(answer.stderr)")
                let receipt = try world.receipt()
                #expect(receipt["attempts"] as? Int == 1)
                #expect((receipt["objects"] as? [[String: Any]])?.count == 1)
                kill(cloud.pid, SIGTERM)
                _ = try await cloud.end()
            }
        }

        @Test func `a destroy that is refused again and again`() async throws {
            try await World.with { world in
                let cloud = try await world.serveCloud(faults: ["{fault: destroy-refused, count: 15}"])
                let command = try await world.begin("command: echo ran", until: "the refusal is told") {
                    $0.stderrSoFar.contains("the instance is not destroyed yet")
                }
                let keeper = try #require(world.keeperProcess)
                kill(keeper, SIGKILL)
                let answer = try await command.end()
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(answer.stderr.contains("gone from GET and list at"), "\(answer.stderr)")
                kill(cloud.pid, SIGTERM)
                _ = try await cloud.end()
            }
        }

        @Test func `whoever lost everything still finds his machines by their names`() async throws {
            try await World.with { world in
                try world.write("probe.yaml", "\(World.machine)\ncommand: sleep 300")
                for _ in 1...2 {
                    #expect(try await world.mayfly("run", "probe.yaml", "--cloud", "local", "-d").code == 0)
                }
                try await eventually("both run") {
                    try await world.mayfly("ls").text.split(separator: "\n").count { $0.contains("running") } == 2
                }
                // Of a living home nothing is taken, however it is asked for.
                let own = try await world.mayfly("gc", "--cloud", "local", "--min-age", "0s", "--even-if-running", "-y")
                #expect(own.code == 0 && own.text.contains("mayfly cancel 1"), "\(own.text)\(own.stderr)")
                kill(try #require(world.keeperProcess), SIGKILL)
                for name in try FileManager.default.contentsOfDirectory(atPath: world.home) where name != "cloud" {
                    try FileManager.default.removeItem(atPath: "\(world.home)/\(name)")
                }
                let words = ["gc", "--cloud", "local", "--from-names", "--all-installations"]
                let young = try await world.mayfly(words + ["-y"])
                #expect(young.code == 0 && young.text.contains("too young"), "\(young.text)\(young.stderr)")
                let all = words + ["--min-age", "0s", "--even-if-running"]
                #expect(try await world.mayfly(all).code == 64, "nobody is there to be asked")
                let swept = try await world.mayfly(all + ["-y"])
                #expect(
                    swept.code == 0 && swept.stderr.contains("2 destroyed and gone"), "\(swept.text)\(swept.stderr)")
            }
        }

        @Test func `no capacity is told apart from a broken cloud`() async throws {
            try await World.with { world in
                let cloud = try await world.serveCloud(faults: ["{fault: no-capacity}"])
                let answer = try await world.run("command: echo ran\nretry: {attempts: 1}")
                #expect(answer.code == 242, "\(answer.stderr)")
                kill(cloud.pid, SIGTERM)
                _ = try await cloud.end()
            }
        }
    }
}
