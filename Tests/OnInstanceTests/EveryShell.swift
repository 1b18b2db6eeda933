import Foundation
import OnInstance
import Testing

/// Runs each test once with every shell that an instance's `/bin/sh` may be, so that the supervisor leans on none of them.
struct EveryShell: SuiteTrait, TestTrait, TestScoping {
    static let shells = ["/bin/dash", "/bin/bash", "/bin/busybox"]

    var isRecursive: Bool { true }

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        for shell in Self.shells {
            guard FileManager.default.isExecutableFile(atPath: shell) else {
                Issue.record("\(shell) is missing: scripts/test installs it")
                continue
            }
            do {
                try await TestInstance.$shell.withValue(shell, operation: body)
            } catch {
                Issue.record(error, "with \(shell)")
            }
        }
    }
}

extension Trait where Self == EveryShell {
    static var everyShell: EveryShell { EveryShell() }
}
