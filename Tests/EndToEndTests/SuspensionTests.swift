import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// A keeper that is stopped (SIGSTOP, a laptop's lid) and wakes up when another reigns: it stands back, and takes
    /// nothing of the other's with it.
    @Suite struct Suspensions {
        @Test func `a keeper that wakes up when another reigns`() async throws {
            try await World.with { world in
                let spec = """
                    command: |
                      echo run >> "$HOME/runs"
                      for n in $(seq 1 200); do echo $n; sleep 0.05; done
                      cat "$HOME/runs" >&2
                    """
                let run = try await world.begin(spec, until: "it runs") { $0.stdoutSoFar.contains("20\n") }
                let old = try #require(world.keeperProcess)
                kill(old, SIGSTOP)
                defer { kill(old, SIGKILL) }
                // While it holds its lock nobody takes over; so two reign only by such an accident.
                for name in ["keeper.lock", "keeper.sock"] {
                    try FileManager.default.removeItem(atPath: "\(world.home)/\(name)")
                }
                let follower = try world.begin(["attach", "last"])
                try await eventually("the new one follows") { follower.stdoutSoFar.contains("40\n") }
                let new = try #require(world.keeperProcess)
                #expect(new != old)
                kill(old, SIGCONT)
                try await eventually("the old one ends") { Traces.text("/proc/\(old)/cmdline").isEmpty }
                let status = try await world.mayfly("keeper", "status")
                #expect(status.text.contains("\(new)"), "the new one is still found: \(status.text)\(status.stderr)")
                for command in [follower, run] {
                    let answer = try await command.end()
                    #expect(answer.code == 0, "\(answer.stderr)")
                    #expect(answer.text == (1...200).map { "\($0)\n" }.joined())
                }
                #expect(world.text("stderr.log") == "run\n")
                #expect(try world.receipt()["attempts"] as? Int == 1)
            }
        }
    }
}
