import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// What is left of a machine that failed, and of one that nobody may read any more.
    @Suite struct BlackBoxes {
        @Test func `a failed command leaves its black box and a verdict`() async throws {
            try await World.with { world in
                let answer = try await world.run("command: 'echo before; echo x > /dev/full; exit 3'")
                #expect(answer.code == 3, "\(answer.stderr)")
                let verdict = "a disk was full, says the end of its output"
                #expect(answer.stderr.contains("verdict   \(verdict)"), "\(answer.stderr)")
                #expect(try world.receipt()["verdict"] as? String == verdict)
                let box = try #require(world.text("blackbox.txt"))
                #expect(box.contains("\n run exit 3 stdout 7 ") && box.contains("\n before\n"), "\(box.prefix(300))")
                let shown = try await world.mayfly("show", "last")
                #expect(shown.text.contains(verdict), "\(shown.text)")
                let estimate = try #require(try world.receipt()["billable_estimate"] as? [String: Double])
                let (least, most) = (try #require(estimate["min"]), try #require(estimate["max"]))
                #expect(0 <= least && least < most && most < 60)
            }
        }

        @Test func `a job that succeeds leaves none`() async throws {
            try await World.with { world in
                let answer = try await world.run("command: echo fine")
                #expect(answer.code == 0)
                #expect(world.result("blackbox.txt") == nil)
                let receipt = try world.receipt()
                #expect(receipt["verdict"] == nil)
            }
        }

        @Test func `a machine that crashes the keeper twice is left alone`() async throws {
            try await World.with { world in
                let run = try await world.begin(
                    "command: 'while :; do echo working; sleep 0.1; done'", until: "its output"
                ) { $0.stdoutSoFar.contains("working") }
                // The first crash came out of the blue, the next two while the keeper attached to this machine alone.
                for _ in 1...3 {
                    let keeper = try #require(world.keeperProcess)
                    kill(keeper, SIGSEGV)
                    let before = world.result("stdout.log")?.count ?? 0
                    try await eventually("the next keeper follows, or has given it up") {
                        world.keeperProcess != keeper && (world.result("stdout.log")?.count ?? 0) > before
                            || world.text("receipt.json") != nil
                    }
                }
                let answer = try await run.end()
                #expect(answer.code == 243, "\(answer.stderr)")
                #expect(answer.stderr.contains("crashed the keeper twice"), "\(answer.stderr)")
                let receipt = try world.receipt()
                #expect((receipt["reason"] as? [String: Any])?["code"] as? String == "quarantined")
                #expect(receipt["delivery"] as? String == "partial")
                #expect(receipt["teardown"] as? String == "clean")
                let objects = try #require(receipt["objects"] as? [[String: Any]])
                #expect(objects.compactMap { $0["state"] as? String }.sorted() == ["gone", "kept"])
                // Nobody else is harmed.
                let other = try await world.run("command: echo fine", named: "other")
                #expect(other.code == 0 && other.text == "fine\n", "\(other.stderr)")
            }
        }
    }
}
