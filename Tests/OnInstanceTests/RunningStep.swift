import Foundation
import OnInstance
import Synchronization

/// A step that runs as `sshd` would run it: its own shell, pipes for all three streams.
final class RunningStep: Sendable {
    private struct Streams {
        var stdout: [UInt8] = []
        var stderr: [UInt8] = []
        var open = 3
        var code: Int32 = -1
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let streams = Mutex(Streams())
    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()

    init(_ step: RemoteStep, environment: [String: String]) throws {
        let input = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", step.command]
        process.environment = environment
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        process.terminationHandler = { [weak self] process in
            let code = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
            self?.closeOne { $0.code = code }
        }
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let bytes = handle.availableData
            if bytes.isEmpty {
                handle.readabilityHandler = nil
                self?.closeOne { _ in }
            } else {
                self?.streams.withLock { $0.stdout.append(contentsOf: bytes) }
            }
        }
        errors.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let bytes = handle.availableData
            if bytes.isEmpty {
                handle.readabilityHandler = nil
                self?.closeOne { _ in }
            } else {
                self?.streams.withLock { $0.stderr.append(contentsOf: bytes) }
            }
        }
        try process.run()
        let bytes = Data(step.input)
        let handle = input.fileHandleForWriting
        DispatchQueue.global().async {
            try? handle.write(contentsOf: bytes)
            try? handle.close()
        }
    }

    private func closeOne(_ change: (inout Streams) -> Void) {
        let waiter = streams.withLock { streams -> CheckedContinuation<Void, Never>? in
            change(&streams)
            streams.open -= 1
            guard streams.open == 0 else { return nil }
            defer { streams.waiter = nil }
            return streams.waiter
        }
        waiter?.resume()
    }

    var stdout: [UInt8] { streams.withLock { $0.stdout } }
    var isRunning: Bool { process.isRunning }

    /// Waits until the process has ended and both its outputs are closed, as a channel does.
    func end() async throws -> TestInstance.Answer {
        await withCheckedContinuation { continuation in
            let isDone = streams.withLock { streams in
                if streams.open > 0 { streams.waiter = continuation }
                return streams.open == 0
            }
            if isDone { continuation.resume() }
        }
        return streams.withLock { TestInstance.Answer(code: $0.code, stdout: $0.stdout, stderr: $0.stderr) }
    }

    /// Closes the reading ends, as a lost connection does.
    func hangUp() {
        output.fileHandleForReading.readabilityHandler = nil
        errors.fileHandleForReading.readabilityHandler = nil
        try? output.fileHandleForReading.close()
        try? errors.fileHandleForReading.close()
    }
}
