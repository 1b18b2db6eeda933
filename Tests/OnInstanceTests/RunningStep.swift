import Foundation
import OnInstance
import Synchronization

/// A step that runs as `sshd` would run it: its own shell, pipes for all three streams. Threads of its own, because
/// Foundation's `Process` and handlers lose ends of files when many run at once.
final class RunningStep: Sendable {
    private struct Streams {
        var stdout: [UInt8] = []
        var stderr: [UInt8] = []
        var open = 3
        var code: Int32 = -1
        var isHungUp = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let streams = Mutex(Streams())

    init(_ step: RemoteStep, shell: String, environment: [String: String]) throws {
        signal(SIGPIPE, SIG_IGN)
        let spawned = try Self.spawning.withLock { _ in try Self.spawn(shell, step.command, environment) }
        let (input, output, errors, child) = (spawned.ends[1], spawned.ends[2], spawned.ends[4], spawned.pid)
        let bytes = step.input
        Thread.detachNewThread {
            var done = 0
            while done < bytes.count {
                let count = write(input, Array(bytes[done...]), bytes.count - done)
                guard count > 0 else { break }
                done += count
            }
            close(input)
        }
        Thread.detachNewThread { self.read(output) { $0.stdout.append(contentsOf: $1) } }
        Thread.detachNewThread { self.read(errors) { $0.stderr.append(contentsOf: $1) } }
        Thread.detachNewThread {
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
            self.closeOne { $0.code = code }
        }
    }

    /// Held from making pipes to spawning: no other child may inherit an end, or its reader never sees the other's end.
    private static let spawning = Mutex(())

    private static func spawn(
        _ shell: String, _ command: String, _ environment: [String: String]
    ) throws -> (ends: [Int32], pid: pid_t) {
        var ends: [Int32] = []
        for _ in 0..<3 {
            var pair: [Int32] = [-1, -1]
            guard pipe(&pair) == 0 else { throw TestInstance.Failure(message: "no pipe") }
            for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            ends += pair
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (end, descriptor) in [(ends[0], Int32(0)), (ends[3], 1), (ends[5], 2)] {
            posix_spawn_file_actions_adddup2(&actions, end, descriptor)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = ["sh", "-c", command].map { (text: String) in strdup(text) }
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
        arguments.append(nil)
        variables.append(nil)
        defer { for text in arguments + variables { free(text) } }
        // As sshd has it: a thread of this process blocks nearly all signals, and busybox then waits for SIGCHLD for ever.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pid: pid_t = 0
        let status = posix_spawn(&pid, shell, &actions, &attributes, arguments, variables)
        for end in [ends[0], ends[3], ends[5]] { close(end) }
        guard status == 0 else { throw TestInstance.Failure(message: "posix_spawn: \(status)") }
        return (ends, pid)
    }

    private func read(_ descriptor: Int32, _ take: @escaping @Sendable (inout Streams, ArraySlice<UInt8>) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while !streams.withLock({ $0.isHungUp }) {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 20) > 0 else { continue }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            let bytes = buffer[..<count]
            streams.withLock { take(&$0, bytes) }
        }
        close(descriptor)
        closeOne { _ in }
    }

    private func closeOne(_ change: @Sendable (inout Streams) -> Void) {
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
    var isRunning: Bool { streams.withLock { $0.open > 0 } }

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
    func hangUp() { streams.withLock { $0.isHungUp = true } }
}
