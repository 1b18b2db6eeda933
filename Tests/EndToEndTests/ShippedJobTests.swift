import Foundation
import Testing

extension EndToEnd {
    /// The jobs of the repository, as the README types them.
    @Suite struct ShippedJobs {
        @Test func `hello says hello and leaves a file`() async throws {
            try await World.with { world in
                let answer = try await world.mayfly("run", "\(World.jobs)/hello.yaml", "--cloud", "local")
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(answer.text.hasPrefix("hello from mf-"))
                #expect(answer.text.hasSuffix(", job 1, attempt 1\n"))
                #expect(answer.stderr.contains("this line goes to stderr\n"))
                #expect(answer.stderr.contains("destroyed, gone from GET and list at"))
                #expect(world.text("stderr.log") == "this line goes to stderr\n")
                #expect(world.result("outputs/finished-at.txt") != nil)
                #expect(Traces.files(under: "\(world.home)/keys") == [], "keys outlive the receipt")
            }
        }

        @Test func `a flaky job comes through`() async throws {
            try await World.with { world in
                let answer = try await world.mayfly("run", "\(World.jobs)/flaky.yaml", "--cloud", "local")
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(answer.text == "attempt 1\nattempt 2\n")
                #expect(world.text("attempt-1/stderr.log") == "the first one fails\n")
            }
        }

        @Test func `digits are learnt`() async throws {
            try await World.with { world in
                let answer = try await world.mayfly(
                    "run", "\(World.jobs)/train-digits.yaml", "--cloud", "local", within: .seconds(150))
                let setup = world.text("setup.log") ?? ""
                let isOffline = setup.contains("NewConnectionError") || setup.contains("Could not find a version")
                if answer.code == 240 && isOffline {
                    Issue.record("the package index cannot be reached from here, so training is not proven:\n\(setup)")
                    return
                }
                #expect(answer.code == 0, "\(answer.stderr)\(setup)")
                let metrics = try #require(world.result("outputs/metrics.json"))
                let fields = try #require(JSONSerialization.jsonObject(with: metrics) as? [String: Any])
                let accuracy = try #require(fields["accuracy"] as? Double)
                #expect(accuracy >= 0.95)
                #expect(world.result("outputs/model.joblib")?.isEmpty == false)
                #expect(world.result("outputs/confusion-matrix.png")?.starts(with: [0x89, 0x50, 0x4e, 0x47]) == true)
                let code = try #require(try world.receipt()["code"] as? [String: Any])
                #expect((code["sha256"] as? String)?.count == 64)
            }
        }

        @Test func `a baked disk boots`() async throws {
            try await World.with { world in
                let baked = try await world.mayfly("run", "\(World.jobs)/bake-image.yaml", "--cloud", "local")
                #expect(baked.code == 0, "\(baked.stderr)")
                let objects = try #require(try world.receipt()["objects"] as? [[String: Any]])
                let snapshot = try #require(objects.first { $0["kind"] as? String == "snapshot" })
                #expect(snapshot["state"] as? String == "kept")
                let id = try #require(snapshot["id"] as? String)
                #expect(baked.stderr.contains("boot from it with image: \(id)"))

                let booted = try await world.mayfly(
                    "run", "\(World.jobs)/from-snapshot.yaml", "--cloud", "local", "--set", "image=\(id)")
                #expect(booted.code == 0, "\(booted.stderr)")
                #expect(booted.text == "baked by job 1\n")
                #expect(world.text("outputs/proof.txt") == "baked by job 1\n")
                #expect(try world.receipt()["image"] as? String == id)

                let plain = try await world.mayfly("run", "\(World.jobs)/from-snapshot.yaml", "--cloud", "local")
                #expect(plain.code == 1)
                #expect(plain.stderr.contains("this disk was not baked"))
            }
        }

        @Test(.disabled(if: FileManager.default.fileExists(atPath: "/dev/nvidia0"), "this host has a GPU"))
        func `the GPU check says that there is none`() async throws {
            try await World.with { world in
                let answer = try await world.mayfly("run", "\(World.jobs)/gpu-check.yaml", "--cloud", "local")
                #expect(answer.code == 2)
                #expect(answer.stderr.contains("There is no GPU here"))
                #expect(try world.receipt()["outcome"] as? String == "failed")
            }
        }
    }
}
