import Foundation
import Testing

extension EndToEnd {
    /// What a job gets, and what of it nobody else may see.
    @Suite struct Privacy {
        @Test func `environment, arguments and overrides arrive exactly`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    #"""
                    env: {LITERAL: no, OCTAL: 010, FROM_E: spec, FROM_SET: spec}
                    secrets: [TOKEN]
                    command:
                      - bash
                      - -c
                      - 'printf "%s|" "$LITERAL" "$OCTAL" "$FROM_E" "$FROM_SET" "$TOKEN" "$PWD" "$MAYFLY_JOB" "$MAYFLY_NAME" "$@"'
                      - zero
                    """#, named: "probe", "-e", "FROM_E=a=b c", "--set", "env.FROM_SET=it's set", "--", "two words",
                    "$HOME", "-e", "--json", "", environment: ["TOKEN": "p&q \"x\" $y\nline two"])
                #expect(answer.code == 0, "\(answer.stderr)")
                let own = "no|010|a=b c|it's set|p&q \"x\" $y\nline two|/home/ubuntu/work|1|probe|"
                #expect(answer.text == own + "two words|$HOME|-e|--json||")
            }
        }

        @Test func `a secret is nowhere but in the job`() async throws {
            try await World.with { world in
                let value = "hush-\(UUID().uuidString)"
                try world.write(
                    "quiet.yaml",
                    World.machine + """

                        secrets: {TOKEN: {env: OUTSIDE}}
                        startup_script: |
                          #!/bin/bash
                          echo started
                        setup: test ${#TOKEN} = \(value.count)
                        command: |
                          test ${#TOKEN} = \(value.count) || exit 9
                          echo has it
                          exec sleep 300
                        """)
                let submitted = try await world.mayfly(
                    "run", "-d", "quiet.yaml", "--cloud", "local", environment: ["OUTSIDE": value])
                #expect(submitted.code == 0, "\(submitted.stderr)")
                try await eventually("the command runs") { world.text("stdout.log") == "has it\n" }

                #expect(Traces.files(under: world.folder, holding: value) == [])
                let processes = Traces.processes(of: world.mark)
                #expect(processes.filter { $0.command.contains(value) }.isEmpty, "in somebody's arguments")
                let keepers = processes.filter { $0.command.hasPrefix(World.binary) }
                #expect(keepers.count == 2, "the keeper and the local cloud: \(keepers)")
                for process in keepers {
                    #expect(!Traces.text("/proc/\(process.pid)/environ").contains(value), "\(process)")
                }

                #expect(try await world.mayfly("cancel", "last").code == 0)
                #expect(try await world.mayfly("attach", "last").code == 245)
                #expect(Traces.files(under: world.folder, holding: value) == [])
            }
        }

        @Test func `what is written is for its owner alone`() async throws {
            try await World.with { world in
                try world.write("code/run.sh", "echo x > made; chmod 777 made; cp -p made $MAYFLY_OUTPUTS/copy\n")
                let answer = try await world.run("workdir: code\nsetup: echo\ncommand: [sh, run.sh]\noutputs: [made]")
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(world.text("outputs/made") == "x\n")
                for folder in [world.home, world.results] {
                    let all = Traces.modes(under: folder)
                    #expect(!all.isEmpty)
                    #expect(all.filter { $0.value & 0o077 != 0 }.isEmpty, "others may see something of \(folder)")
                    let own = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? NSNumber
                    #expect(own?.intValue == 0o700, "\(folder)")
                }
            }
        }
    }
}
