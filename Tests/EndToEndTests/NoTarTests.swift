import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// An instance whose image has no `tar`: what comes from it comes by SFTP, and is judged like any stream.
    @Suite(.enabled(if: getuid() == 0, "needs an instance on which tar can be removed")) struct NoTar {
        private static let spec = """
            outputs: [ckpt/, none.bin]
            command: |
              mkdir -p ckpt/empty ckpt/sub; echo one > ckpt/a; ln -s a ckpt/last; ln -s /etc/passwd ckpt/evil
              head -c 9000001 /dev/urandom > 'ckpt/big [1] näme'; ln ckpt/a ckpt/hard; mkfifo ckpt/pipe; true > ckpt/nothing
              n=$(printf 'long%.0s' $(seq 60)); echo long > "ckpt/sub/$n"; mkdir "ckpt/$n" && ln -s "../sub/$n" "ckpt/$n/$n"
              chmod 750 ckpt/a; chmod 555 ckpt/sub; find ckpt -exec touch -h -d @1000000000 {} +
              echo kept > "$MAYFLY_OUTPUTS/x"
              sudo -n rm -f /usr/bin/tar /bin/tar; command -v tar || echo ready
              until [ -e go ]; do sleep 0.05; done
            """
        private static let listing = """
            find . ! -name evil ! -name pipe \\( -type l -printf '%P %l\\n' -o -type d -printf '%P/ %m %T@\\n' -o \\
            -printf '%P %m %s %T@\\n' \\) | LC_ALL=C sort; find . -type f -exec sha256sum {} + | LC_ALL=C sort
            """

        @Test func `copies, pulls and results come by SFTP`() async throws {
            try await World.with { world in
                let run = try await world.begin(Self.spec, until: "tar is gone") { $0.stdoutSoFar.contains("ready") }
                let there = try await world.mayfly("ssh", "1", "--", "cd work/ckpt && \(Self.listing)").text
                try #require(there.split(separator: "\n").count > 15, "\(there)")
                let copy = try await world.mayfly("cp", "1:ckpt", "in")
                #expect(copy.code == 0, "\(copy.stderr)")
                #expect(copy.stderr.contains("evil was skipped") && copy.stderr.contains("pipe was not sent"))
                func here(_ folder: String) async throws -> String {
                    try await world.begin(
                        ["-c", "cd '\(world.folder)/\(folder)' && \(Self.listing)"], binary: "/bin/sh"
                    ).end().text
                }
                #expect(try await here("in") == there)
                let missing = try await world.mayfly("cp", "1:nothing-there", ".")
                #expect(missing.code == 246 && missing.stderr.contains("no such path"), "\(missing.stderr)")
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: world.folder).allSatisfy { !$0.hasPrefix(".m") }
                )

                let pulled = try await world.mayfly("pull", "--to", "mine")
                #expect(pulled.code == 246 && pulled.stderr.contains("none.bin"), "\(pulled.stderr)")
                #expect(Traces.text("\(world.folder)/mine/x") == "kept\n")
                #expect(Traces.text("\(world.folder)/mine/ckpt/last") == "one\n")

                for target in ["back", "there/"] {
                    let up = try await world.mayfly("cp", "in", "1:\(target)")
                    #expect(up.code == 0 && up.stderr.contains("copied and verified"), "\(up.stderr)")
                }
                for folder in ["back", "there/in"] {
                    let back = try await world.mayfly("ssh", "1", "--", "cd work/\(folder) && \(Self.listing)")
                    #expect(back.text == there, "\(back.stderr)")
                }
                #expect(try await world.mayfly("cp", "in/a", "1:/etc/x").stderr.contains("Permission denied"))
                #expect(try await world.mayfly("ssh", "1", "--", "ls -A work work/there | grep mayfly").text.isEmpty)
                #expect(try await world.mayfly("ssh", "1", "--", "touch work/go").code == 0)
                let answer = try await run.end()
                #expect(answer.code == 246, "none.bin is missing: \(answer.stderr)")
                #expect(world.text("outputs/ckpt/a") == "one\n" && world.text("outputs/x") == "kept\n")
                #expect(world.result("outputs/ckpt/big [1] näme")?.count == 9_000_001)
            }
        }

        @Test func `frozen code comes by SFTP and is verified`() async throws {
            try await World.with { world in
                try world.write("code/.gitignore", "ignored\n")
                let script = """
                    mkdir -p code/empty code/shut && cd code && echo > ignored
                    head -c 5000001 /dev/urandom > 'big [1] näme'; true > nothing; ln -s nothing link
                    n=$(printf 'long%.0s' $(seq 60)); mkdir "$n" && echo x > "$n/$n"; echo y > "$(printf 'two\\nlines')"
                    printf '#!/bin/sh\\necho ran' > tool; chmod 755 tool; echo z > shut/z; chmod 640 shut/z; chmod 555 shut
                    find . ! -name ignored -exec touch -h -d @1000000000 {} +
                    """
                func sh(_ script: String) async throws -> String {
                    try await world.begin(["-c", "cd '\(world.folder)' && \(script)"], binary: "/bin/sh").end().text
                }
                _ = try await sh(script)
                let here = try await sh("cd code && rm ignored && chmod 755 . && \(Self.listing)")
                let answer = try await world.run(
                    """
                    startup_script: rm -f /usr/bin/tar /bin/tar
                    workdir: code
                    setup: ./tool
                    command: |
                      command -v tar; chmod 755 . && \(Self.listing.replacingOccurrences(of: "\\\n", with: ""))
                      ls -A ~ | grep mayfly
                    """)
                #expect(answer.code == 1, "of the grep: \(answer.stderr)")
                // The folder itself is whoever makes it's; all in it is as it was.
                let inside = { (text: String) in text.split(separator: "\n").filter { !$0.hasPrefix("/ ") } }
                #expect(inside(answer.text) == inside(here))
                #expect(inside(here).count == 19, "\(here)")
                #expect(world.text("setup.log") == "ran\n")
            }
        }
    }
}
