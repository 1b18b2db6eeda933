import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A person at a terminal: `script` gives the command a pseudo-terminal of its own, keys come through a FIFO.
final class Terminal {
    private let child: Child
    private let keys: Int32
    private let screenFile: String
    private let keysFile: String

    /// What the screen has shown so far, control sequences included.
    var screen: String { Traces.text(screenFile) }

    /// - Parameter words: must need no quoting.
    init(_ words: [String], in world: World) throws {
        let stem = "\(world.folder)/user/terminal-\(UUID().uuidString.prefix(8))"
        screenFile = stem + ".screen"
        keysFile = stem + ".keys"
        guard mkfifo(keysFile, 0o600) == 0 else { throw Child.Failure(description: "no FIFO at \(keysFile)") }
        // Opened for both, so that neither side waits for the other and `script` never reads an end.
        keys = open(keysFile, O_RDWR | O_CLOEXEC)
        let line = (["exec", World.binary] + words).joined(separator: " ")
        child = try Child(
            ["/bin/sh", "-c", "exec script -q -e -f -c '\(line)' /dev/null <\(keysFile)"], in: world.folder,
            environment: world.environment.merging(["TERM": "xterm", "SHELL": "/bin/sh"]) { $1 }, stdout: screenFile,
            stderr: stem + ".err")
    }

    /// Ctrl-C is `"\u{3}"`.
    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(keys, bytes, bytes.count)
    }

    /// - Returns: the command's exit code, passed on by `script`.
    func end(within limit: Duration = .seconds(60)) async -> Int32 {
        let code = await child.end(within: limit).code
        close(keys)
        unlink(keysFile)
        return code
    }
}
