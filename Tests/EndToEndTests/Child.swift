import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// What a command left behind.
struct Answer: Sendable {
    /// The exit code; 128+n after signal n; -1 when the deadline passed and it was killed.
    var code: Int32
    var stdout: Data
    var stderr: String
    /// The most memory it held.
    var peakBytes: Int

    var text: String { String(decoding: stdout, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
}

/// A child whose streams are files: nobody waits for the end of a pipe that some other child still holds.
struct Child {
    let pid: pid_t

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Changes the folder and closes what was inherited: glibc's own actions for both are hidden from Swift.
    private static let prelude = """
        cd -- "$1" || exit 127
        shift
        for f in /proc/$BASHPID/fd/*; do n=${f##*/}; if [ "$n" -gt 2 ]; then eval "exec $n>&-"; fi; done
        exec "$@"
        """

    /// - Parameter environment: all of it.
    init(_ words: [String], in folder: String, environment: [String: String], stdout: String, stderr: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, stdout, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, stderr, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let whole = ["/bin/bash", "-c", Self.prelude, "bash", folder] + words
        var arguments: [UnsafeMutablePointer<CChar>?] = whole.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var child: pid_t = 0
        let status = posix_spawn(&child, whole[0], &actions, nil, &arguments, &variables)
        guard status == 0 else {
            throw Failure(description: "\(words[0]) does not start: \(String(cString: strerror(status)))")
        }
        pid = child
    }

    /// Waits for its end; kills it at the deadline.
    func end(within limit: Duration) async -> (code: Int32, peakBytes: Int) {
        let deadline = ContinuousClock.now + limit
        var isLate = false
        var status: Int32 = 0
        var peak = 0
        while true {
            peak = max(peak, peakSoFar)
            let ended = waitpid(pid, &status, isLate ? 0 : WNOHANG)
            if ended == pid { break }
            if ended < 0 && errno != EINTR { return (-1, 0) }
            if !isLate && ContinuousClock.now >= deadline {
                kill(pid, SIGKILL)
                isLate = true
                continue
            }
            // Cancelled or not, the child is waited for: it must not outlive its test.
            try? await Task.sleep(for: .milliseconds(5))
        }
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        return (isLate ? -1 : code, peak)
    }

    /// The most memory it has held until now, in bytes. Not `ru_maxrss`: that of a spawned process begins with its parent's.
    private var peakSoFar: Int {
        let line = Traces.text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }
}

/// Waits for a condition of other processes, which announces nothing here.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw Child.Failure(description: "never: \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}
