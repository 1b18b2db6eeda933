import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// A rebuilt `mayfly` beside yesterday's keeper and local cloud.
    @Suite struct VersionSkew {
        /// The same program as another build: a build is told by its file's own marks.
        private func rebuilt(_ world: World) throws -> String {
            let path = "\(world.folder)/user/mayfly"
            try FileManager.default.copyItem(atPath: World.binary, toPath: path)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
            return path
        }

        private func cloudProcess(_ world: World) throws -> Int {
            let bytes = Data(Traces.text("\(world.home)/cloud/endpoint.json").utf8)
            let fields = try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
            return try #require(fields?["pid"] as? Int)
        }

        @Test func `takes over, and loses nothing`() async throws {
            try await World.with { world in
                let submitted = try await world.run(
                    """
                    command: |
                      echo $$ >> "$HOME/runs"
                      for n in 1 2 3 4 5 6 7 8; do echo line $n; sleep 0.5; done
                      echo ran $(wc -l < "$HOME/runs") times
                      exit 5
                    """, named: "old", "-d")
                #expect(submitted.code == 0, "\(submitted.stderr)")
                try await eventually("the job runs") { world.text("stdout.log")?.contains("line 2") == true }
                let oldKeeper = try #require(world.keeperProcess)
                let oldCloud = try cloudProcess(world)

                try world.write("new.yaml", "\(World.machine)\ncommand: echo new")
                let newer = try world.begin(["run", "new.yaml", "--cloud", "local"], binary: try rebuilt(world))
                let answer = try await newer.end()
                #expect(answer.code == 0 && answer.text == "new\n", "\(answer.stderr)")
                #expect(world.keeperProcess != oldKeeper, "the old keeper still reigns")
                #expect(try cloudProcess(world) != oldCloud, "the old cloud still serves")
                try await eventually("both old ones have ended") {
                    kill(oldKeeper, 0) != 0 && kill(pid_t(oldCloud), 0) != 0
                }

                // Today's build attaches to yesterday's job through the newer keeper.
                let attached = try await world.mayfly("attach", "old")
                #expect(attached.code == 5, "\(attached.stderr)")
                let lines = (1...8).map { "line \($0)\n" }.joined()
                #expect(attached.text == lines + "ran 1 times\n")
            }
        }
    }
}
