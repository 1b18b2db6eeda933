import Foundation
import Testing

extension EndToEnd {
    /// How jobs end, and whose fault they say it is.
    @Suite struct Outcomes {
        @Test func `the command's own code`() async throws {
            try await World.with { world in
                let answer = try await world.run("command: exit 7")
                #expect(answer.code == 7)
                #expect(answer.stderr.contains("job 1 (probe): failed, exit code 7"))
                let receipt = try world.receipt()
                #expect(receipt["exit_code"] as? Int == 7)
                #expect(receipt["teardown"] as? String == "clean")
                #expect(receipt["delivery"] as? String == "complete")

                let killed = try await world.run("command: kill -9 $$")
                #expect(killed.code == 137)
                #expect(try world.receipt()["exit_code"] as? Int == 137)
            }
        }

        @Test func `a failing startup script ends the job before its command`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    """
                    startup_script: |
                      #!/bin/bash
                      echo "one to stdout by ${BASH_VERSION:+bash}"
                      echo two to stderr >&2
                      exit 3
                    command: echo the command ran
                    """)
                #expect(answer.code == 240)
                #expect(answer.stderr.contains("startup | one to stdout by bash\n"))
                #expect(answer.stderr.contains("startup | two to stderr\n"))
                #expect(answer.stderr.contains("the startup script exited with 3"))
                #expect(world.text("startup.log") == "one to stdout by bash\ntwo to stderr\n")
                expectNoCommand(world)
            }
        }

        @Test func `a failing cloud-config ends the job before its command`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    """
                    startup_script: |
                      #cloud-config
                      runcmd:
                        - echo configured so far
                        - exit 3
                    command: echo the command ran
                    """)
                #expect(answer.code == 240)
                #expect(answer.stderr.contains("startup | configured so far\n"))
                #expect(answer.stderr.contains("the startup script's cloud-config reported errors"))
                expectNoCommand(world)
            }
        }

        @Test func `a cloud-config is applied before the command`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    """
                    startup_script: |
                      #cloud-config
                      write_files:
                        - path: /var/lib/e2e/one.txt
                          permissions: '0640'
                          content: |
                            written first
                      runcmd:
                        - [sh, -c, 'cat /var/lib/e2e/one.txt > /var/lib/e2e/two.txt']
                        - echo and run as $(id -un)
                    command: cat /var/lib/e2e/two.txt
                    """)
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(answer.text == "written first\n")
                // Without root the sandbox's only user stands for it.
                #expect(answer.stderr.contains(getuid() == 0 ? "and run as root\n" : "and run as "))
            }
        }

        @Test func `a failing setup ends the job before its command`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    """
                    setup: |
                      for n in 1 2 3; do echo preparing; echo with care >&2; done
                      exit 3
                    command: echo the command ran
                    """)
                #expect(answer.code == 240)
                #expect(answer.stderr.contains("setup | preparing\n"))
                #expect(answer.stderr.contains("setup exited with 3"))
                #expect(
                    world.text("setup.log") == String(repeating: "preparing\nwith care\n", count: 3),
                    "both streams, in the order they were written")
                expectNoCommand(world)
            }
        }

        @Test func `sshd that never comes up`() async throws {
            try await World.with { world in
                let start = ContinuousClock.now
                let answer = try await world.run(
                    """
                    ssh: {port: 2}
                    timeouts: {provision: 4s}
                    retry: {attempts: 1}
                    command: echo the command ran
                    """)
                let took = start.duration(to: .now)
                #expect(answer.code == 244)
                #expect(took >= .seconds(4) && took < .seconds(20), "took \(took)")
                #expect(answer.stderr.contains("the provision clock ran out"))
                #expect(answer.stderr.contains(":2 does not answer"), "what was tried")
                #expect(answer.stderr.contains("destroyed, gone from GET and list at"))
                #expect(try world.receipt()["outcome"] as? String == "timed-out(provision)")
                expectNoCommand(world)
            }
        }

        @Test func `the run clock`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    """
                    timeouts: {run: 2s}
                    command: echo begun; echo kept > $MAYFLY_OUTPUTS/half; sleep 100
                    """)
                #expect(answer.code == 244)
                #expect(answer.text == "begun\n")
                #expect(answer.stderr.contains("the run clock ran out"))
                #expect(world.text("outputs/half") == "kept\n", "what there is comes back")
                #expect(try world.receipt()["delivery"] as? String == "complete")
            }
        }

        @Test func `three mistakes, three lines, and nothing created`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    """
                    comand: echo
                    command: echo
                    timeouts:
                      run: 5
                    region: NORD-NO-KRS-2
                    """)
                #expect(answer.code == 64)
                #expect(answer.text == "")
                let lines = answer.stderr.split(separator: "\n").map(String.init)
                #expect(lines.count == 3, "\(answer.stderr)")
                #expect(lines.contains { $0.hasPrefix("probe.yaml:2:1: ") && $0.contains("did you mean `command`?") })
                #expect(lines.contains { $0.hasPrefix("probe.yaml:5:8: ") })
                #expect(lines.contains { $0.hasPrefix("probe.yaml:6:9: ") && $0.contains("did you mean") })
                #expect(Traces.files(under: world.home) == [], "something was made for a spec that is wrong")
                #expect(Traces.processes(of: world.mark).isEmpty)
            }
        }

        private func expectNoCommand(_ world: World) {
            #expect((world.text("stdout.log") ?? "") == "")
            #expect(world.text("outputs/ran") == nil)
        }
    }
}
