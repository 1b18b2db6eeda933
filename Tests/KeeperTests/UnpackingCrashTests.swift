import Foundation
import Glibc
import JobFiles
import MayflyCore
import MayflyTestKit
import Synchronization
import Testing

@testable import Keeper

/// Outputs are unpacked on threads of their own, by C that reads what a machine sends.
@Suite struct UnpackingCrashTests {
    /// Of this process or, in the one that dies, of its parent.
    private static func folder(_ process: pid_t) -> String { NSTemporaryDirectory() + "mayfly-unpacking-\(process)" }

    private static func job(in folder: String) -> JobRecord {
        let id = JobID(rawValue: 1)
        return JobRecord(
            id: id, definition: Fixtures.definition(), cloud: Fixtures.newJob().cloud, resultsParent: folder,
            submission: "s", submissionLimit: 1, submittedAt: Fixtures.now.wall,
            attempts: [Fixtures.doneAttempt(of: id)])
    }

    private final class Box: Sendable {
        let thread = Mutex<pthread_t?>(nil)
    }

    @Test(.timeLimit(.minutes(1))) func aCrashInThemNamesTheirMachine() async throws {
        let folder = Self.folder(getpid())
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(repeating: 7, count: 8 << 20).write(to: URL(fileURLWithPath: folder + "/big"))
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/sh")
        tar.arguments = ["-c", "cd '\(folder)' && tar -cf stream big"]
        try tar.run()
        tar.waitUntilExit()

        await #expect(processExitsWith: .signal(SIGSEGV)) {
            let folder = Self.folder(getppid())
            var none = rlimit()
            setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
            _ = CrashMark.take(folder + "/mark")
            let box = Box()
            let storage = LocalStorage(blobPath: { $0 }) { machine in
                let around = CrashMark.around(machine)
                return { body in
                    box.thread.withLock { $0 = pthread_self() }
                    around(body)
                }
            }
            let receiver = try await storage.folder(for: Self.job(in: folder)).receiveOutputs()
            let stream = try Data(contentsOf: URL(fileURLWithPath: folder + "/stream"))
            // More than is held for it: so part of this has been read when the last of it is taken.
            for start in stride(from: 0, to: 6 << 20, by: 1 << 18) {
                try await receiver.receive(Array(stream[start..<start + (1 << 18)]))
            }
            let thread = try #require(box.thread.withLock { $0 })
            pthread_kill(thread, SIGSEGV)
            try await Task.sleep(for: .seconds(10))
        }
        let mark = try String(contentsOfFile: folder + "/mark", encoding: .utf8)
        let machine = try #require(Self.job(in: folder).attempt).identity.description
        #expect(CrashMark.Found(text: mark).machines == [machine])
    }
}
