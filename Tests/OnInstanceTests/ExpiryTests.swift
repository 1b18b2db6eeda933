import Foundation
import MayflyCore
import Testing

@testable import OnInstance

/// Crash point S: the controller is gone for ever. The instance ends the command at its expiry and itself half an hour
/// later, by the scripts that first boot and the connection put there, and nobody's help.
@Suite(.timeLimit(.minutes(1)))
struct ExpiryTests {
    private static let fakes = [
        // The clock that the test sets; every reading is counted.
        "date": "echo >>\"$ROOT/readings\"; cat \"$ROOT/clock\"",
        "sleep": "[ -d \"$ROOT\" ] && exec /bin/sleep 0.01",
        "shutdown": "echo \"$*\" >\"$ROOT/shutdown.new\" && mv \"$ROOT/shutdown.new\" \"$ROOT/shutdown\"",
    ]

    /// Boots the timer with a clock of its own; takes it down again whatever became of the test.
    private func withTimer(
        expiry second: Int64, _ body: (TestInstance, (Int64) throws -> Void, () -> Int) async throws -> Void
    ) async throws {
        let instance = try await TestInstance(startup: nil, installed: false)
        let root = instance.root
        func set(_ second: Int64) throws {
            try Data("\(second)\n".utf8).write(to: URL(fileURLWithPath: "\(root)/clock"), options: .atomic)
        }
        try FileManager.default.createDirectory(atPath: "\(root)/bin", withIntermediateDirectories: true)
        for (name, text) in Self.fakes {
            let path = "\(root)/bin/\(name)"
            try Data("#!/bin/sh\nROOT='\(root)'\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        var request = FirstBootTests.request(nil, user: try await instance.run(RemoteStep(command: "id -un")).line)
        request.expiry = WallTime(rawValue: second * 1000)
        try set(second)
        let script = FirstBootScripts(request).everyBoot
        _ = try await instance.run(
            RemoteStep(command: script),
            path: "\(root)/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        let readings = { (FileManager.default.contents(atPath: "\(root)/readings") ?? Data()).count }
        defer {
            for pid in instance.processes(where: { $0.hasSuffix("sh\0\(second + 1800)\0") }) { kill(-pid, SIGKILL) }
        }
        try await body(instance, set, readings)
    }

    @Test func `S: the instance ends itself half an hour after its expiry, whoever is gone`() async throws {
        let expiry: Int64 = 1_800_000_101
        try await withTimer(expiry: expiry) { instance, set, readings in
            try set(expiry + 1799)
            let before = readings()
            try await instance.eventually("some readings") { readings() > before + 5 }
            #expect(!instance.exists("\(instance.root)/shutdown"), "results may yet be fetched")
            try set(expiry + 1800)
            try await instance.eventually("the shutdown") { instance.exists("\(instance.root)/shutdown") }
            #expect(try String(contentsOfFile: "\(instance.root)/shutdown", encoding: .utf8) == "-h now\n")
        }
    }

    @Test func `S: a clock that is wrong for a moment ends nothing`() async throws {
        let expiry: Int64 = 1_800_000_202
        try await withTimer(expiry: expiry) { instance, set, readings in
            // Right after power-on, before the time is set from outside: one reading of the far future, then the truth.
            let date = "echo >>\"$ROOT/readings\"; [ $(wc -l <\"$ROOT/readings\") -eq 3 ] && echo 9999999999 || echo 0"
            let path = "\(instance.root)/bin/date"
            try Data("#!/bin/sh\nROOT='\(instance.root)'\n\(date)\n".utf8).write(
                to: URL(fileURLWithPath: "\(path).new"))
            chmod("\(path).new", 0o755)
            try? FileManager.default.removeItem(atPath: "\(instance.root)/readings")
            rename("\(path).new", path)
            try await instance.eventually("some readings") { readings() > 12 }
            #expect(!instance.exists("\(instance.root)/shutdown"))
        }
    }

    @Test func `S: the command ends at the expiry, though its own limit is far`() async throws {
        let instance = try await TestInstance()
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var launch = TestInstance.launch(.shell("echo begun; sleep 300"), limit: .seconds(3600))
        launch.expiry = WallTime(rawValue: now + 2000)
        let (status, logs) = try await instance.complete(launch)
        #expect(status.result == .timedOut)
        #expect(logs.text == "begun\n", "and what it said is sealed")
    }
}
