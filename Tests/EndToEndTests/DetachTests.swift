import Foundation
import Testing

extension EndToEnd {
    /// Jobs without somebody who follows them.
    @Suite struct Detached {
        @Test func `submit, look, attach, finish`() async throws {
            try await World.with { world in
                let submitted = try await world.run(
                    """
                    command: |
                      echo working
                      until [ -e /tmp/never ] || [ "$SECONDS" -ge 4 ]; do sleep 0.1; done
                      echo worked
                    """, named: "long", "-d")
                #expect(submitted.code == 0, "\(submitted.stderr)")
                #expect(submitted.text == "1\n", "the number is data, the rest is talk")
                try await eventually("the job runs") { world.text("stdout.log") == "working\n" }

                let list = try await world.mayfly("ls")
                #expect(list.text.contains("long") && list.text.contains("running"), "\(list.text)")
                let shown = try await world.mayfly("show", "1")
                #expect(shown.text.contains("job 1 (long): running"), "\(shown.text)")
                let status = try await world.mayfly("keeper", "status")
                #expect(status.text.contains("running  1"), "\(status.text)")
                let audit = try await world.mayfly("audit")
                #expect(audit.code == 0 && audit.text.contains("1 instances listed"), "\(audit.text)")
                let refused = try await world.mayfly("cloud", "stop")
                #expect(refused.code != 0, "a local cloud with instances is not stopped by the way")

                let attached = try await world.mayfly("attach")
                #expect(attached.code == 0, "\(attached.stderr)")
                #expect(attached.text == "working\nworked\n")
                let again = try await world.mayfly("attach", "long")
                #expect(again.code == 0 && again.text == "working\nworked\n", "a finished job shows the same")
                #expect(try await world.mayfly("logs", "-f", "1").text == "working\nworked\n")
                #expect(try await world.mayfly("ls").text.contains("succeeded"))
                #expect(try await world.mayfly("show", "--json").text.contains(#""outcome":"succeeded""#))
            }
        }

        @Test func `cancel ends the command gently and brings what there is`() async throws {
            try await World.with { world in
                let submitted = try await world.run(
                    """
                    command: |
                      trap 'echo asked to stop; echo half > $MAYFLY_OUTPUTS/half; exit 0' TERM
                      echo working
                      while :; do sleep 0.1; done
                    """, named: "endless", "-d")
                #expect(submitted.code == 0, "\(submitted.stderr)")
                try await eventually("the job runs") { world.text("stdout.log") == "working\n" }
                #expect(try await world.mayfly("cancel", "endless").code == 0)
                let attached = try await world.mayfly("attach", "endless")
                #expect(attached.code == 245, "\(attached.stderr)")
                #expect(attached.text == "working\nasked to stop\n")
                #expect(world.text("outputs/half") == "half\n")
                #expect(try world.receipt()["outcome"] as? String == "cancelled")
                let late = try await world.mayfly("cancel", "endless")
                #expect(late.code == 0 && late.stderr.contains("already over (cancelled)"), "\(late.stderr)")
            }
        }

        @Test func `the receipt tells the whole story`() async throws {
            try await World.with { world in
                let answer = try await world.run("labels: {team: blue}\ncommand: 'true'")
                #expect(answer.code == 0, "\(answer.stderr)")
                let receipt = try world.receipt()
                #expect(receipt["version"] as? Int == 1)
                #expect(receipt["job"] as? Int == 1)
                #expect(receipt["name"] as? String == "probe")
                #expect(receipt["labels"] as? [String: String] == ["team": "blue"])
                #expect(receipt["cloud"] as? String == "local")
                #expect(receipt["outcome"] as? String == "succeeded")
                #expect(receipt["exit_code"] as? Int == 0)
                #expect(receipt["delivery"] as? String == "complete")
                #expect(receipt["teardown"] as? String == "clean")
                let instance = try #require(receipt["instance"] as? [String: Any])
                #expect(instance["type"] as? String == "vcpu-2_memory-4g_disk-80g")
                #expect(instance["region"] as? String == "NORD-NO-KRS-1")
                let objects = try #require(receipt["objects"] as? [[String: Any]])
                #expect(objects.count == 1)
                #expect(objects[0]["id"] as? String == instance["id"] as? String)
                let times = ["created_at", "destroy_accepted_at", "absence_seen_at"].map { objects[0][$0] as? String }
                // ISO 8601 in UTC sorts as text.
                #expect(times == times.sorted { ($0 ?? "") < ($1 ?? "") } && !times.contains(nil), "\(times)")
                let phases = try #require(receipt["phases"] as? [[String: Any]])
                #expect(phases.allSatisfy { $0["seconds"] is Double })
            }
        }
    }
}
