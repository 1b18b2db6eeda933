import Foundation
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// No child may start between a pipe's creation and its close-on-exec mark.
private let spawning = Mutex(())

/// A child process that inherits nothing but three descriptors. Foundation's `Process` hands every pipe that is open at
/// that moment to every child, and a long-lived one then keeps the others' pipes from ending.
struct Child: Sendable {
    let pid: pid_t

    /// Starts a program; both outputs go to `output`, or nowhere.
    init(_ arguments: [String], output: Int32? = nil) throws {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, null, 0)
        posix_spawn_file_actions_adddup2(&actions, output ?? null, 1)
        posix_spawn_file_actions_adddup2(&actions, output ?? null, 2)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Threads of a pool block all signals, and a shell waits for SIGCHLD.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var child: pid_t = 0
        let code = spawning.withLock { _ in
            posix_spawnp(&child, arguments[0], &actions, &attributes, words, environ)
        }
        try #require(code == 0, "\(arguments[0]) does not start: \(code)")
        pid = child
    }

    /// Waits for its end, as the wait status.
    @discardableResult
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status
    }
}

/// Runs a program to its end; what it wrote, or an error with that.
@discardableResult
func run(_ arguments: String...) throws -> String {
    try run(arguments)
}

@discardableResult
func run(_ arguments: [String]) throws -> String {
    var ends: [Int32] = [0, 0]
    let made = spawning.withLock { _ in pipe(&ends) == 0 && ends.allSatisfy { fcntl($0, F_SETFD, FD_CLOEXEC) == 0 } }
    try #require(made)
    let child = try Child(arguments, output: ends[1])
    close(ends[1])
    let text = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true).readDataToEndOfFile()
    let status = child.wait()
    try #require(status == 0, "\(arguments.joined(separator: " ")): \(String(decoding: text, as: UTF8.self))")
    return String(decoding: text, as: UTF8.self)
}
