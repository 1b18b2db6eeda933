import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// One endpoint, two accounts: a token of the other one arrives while a job runs.
    @Suite struct OtherAccounts {
        private func freePort() throws -> UInt16 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            try #require(bound)
            return UInt16(bigEndian: address.sin_port)
        }

        private func serve(_ world: World, account: String, port: UInt16) async throws -> World.Command {
            let command = try world.begin(
                ["cloud", "serve", "--state", "\(world.folder)/\(account)", "--listen", "127.0.0.1:\(port)"],
                environment: ["MAYFLY_CLOUD_TOKEN": "the-token-of-\(account)"])
            try await eventually("\(account) is served") { Traces.answers(port: port) }
            return command
        }

        /// The token is replaced during a run.
        @Test func `another account's token proves nothing gone`() async throws {
            try await World.with { world in
                let port = try freePort()
                func environment(_ account: String) -> [String: String] {
                    [
                        "GENESISCLOUD_ENDPOINT": "http://127.0.0.1:\(port)/compute/v1",
                        "GENESISCLOUD_TOKEN": "the-token-of-\(account)",
                    ]
                }
                let mine = try await serve(world, account: "mine", port: port)
                try world.write("probe.yaml", "\(World.machine)\ncommand: 'echo working; sleep 6; echo worked'")
                let run = try world.begin(
                    ["run", "probe.yaml", "--cloud", "genesis"], environment: environment("mine"))
                try await eventually("the command runs") { run.stdoutSoFar == "working\n" }

                kill(mine.pid, SIGKILL)
                _ = try await mine.end()
                let theirs = try await serve(world, account: "theirs", port: port)
                let other = try world.begin(["attach", "1"], environment: environment("theirs"))
                try await eventually("the wait for the right account", within: .seconds(60)) {
                    run.stderrSoFar.contains("anchor key")
                }
                #expect(run.stdoutSoFar == "working\nworked\n", "the command ended by itself")
                #expect(world.result("receipt.json") == nil, "nothing is over")

                kill(theirs.pid, SIGTERM)
                _ = try await theirs.end()
                let again = try await serve(world, account: "mine", port: port)
                let back = try world.begin(["attach", "1"], environment: environment("mine"))
                for command in [run, other, back] {
                    let answer = try await command.end(within: .seconds(120))
                    #expect(answer.code == 0, "\(answer.stderr)")
                }
                #expect(try world.receipt()["teardown"] as? String == "clean")
                kill(again.pid, SIGTERM)
                _ = try await again.end()
            }
        }
    }
}
