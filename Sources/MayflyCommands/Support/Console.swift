import Glibc
import NIOPosix
import Synchronization

/// Standard output is gone: nobody reads any more.
struct OutputClosed: Error {}

/// The process's stdout and stderr, and the live region at the bottom of the terminal.
///
/// Every method may block as long as the reader does: from concurrent code call them through ``offload(_:)``.
final class Console: Sendable {
    let stdoutIsTerminal: Bool
    let stderrIsTerminal: Bool
    let stdinIsTerminal: Bool
    /// The lines that the live region shows now; guards stderr too, so that it is never written through.
    private let shown = Mutex<Int>(0)
    /// Keeps lines of several threads whole where stdout is no part of the live display.
    private let standardOutput = Mutex<Void>(())
    /// Whether a job's last line on stderr has no end yet.
    private let isMidLine = Mutex(false)

    init() {
        stdinIsTerminal = isatty(STDIN_FILENO) == 1
        stdoutIsTerminal = isatty(STDOUT_FILENO) == 1
        stderrIsTerminal = isatty(STDERR_FILENO) == 1
    }

    /// Exact bytes to stdout. Above the live region when both share the terminal.
    /// - Throws: ``OutputClosed``.
    func out(_ bytes: [UInt8]) throws {
        guard stdoutIsTerminal && stderrIsTerminal else {
            return try standardOutput.withLock { _ in try Self.write(bytes, to: STDOUT_FILENO) }
        }
        try shown.withLock { lines in
            Self.erase(&lines)
            try Self.write(bytes, to: STDOUT_FILENO)
        }
    }

    func out(line: String) throws { try out(Array("\(line)\n".utf8)) }

    /// Bytes to stderr, above the live region. A closed stderr is nobody's loss.
    func error(_ bytes: [UInt8]) {
        shown.withLock { lines in
            Self.erase(&lines)
            try? Self.write(bytes, to: STDERR_FILENO)
        }
        if let last = bytes.last { isMidLine.withLock { $0 = last != UInt8(ascii: "\n") } }
    }

    /// A line of Mayfly's own: never the continuation of a job's unfinished one.
    func error(line: String) {
        let start = isMidLine.withLock { $0 } ? "\n" : ""
        error(Array("\(start)\(line)\n".utf8))
    }

    /// Replaces the live region. Lines are cut at the terminal's width by the terminal itself: wrapping is off while
    /// they are drawn, so that the count of lines to erase is always right.
    func draw(_ lines: [String]) {
        guard stderrIsTerminal else { return }
        shown.withLock { current in
            var text = Self.eraseText(current)
            if !lines.isEmpty {
                text += "\u{1B}[?7l" + lines.map { $0 + "\n" }.joined() + "\u{1B}[?7h"
            }
            current = lines.count
            try? Self.write(Array(text.utf8), to: STDERR_FILENO)
        }
    }

    /// Rows and columns of the terminal.
    var size: (rows: Int, columns: Int) {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else {
            return (24, 80)
        }
        return (Int(size.ws_row), Int(size.ws_col))
    }

    /// Whether the reader of stdout has gone, learned without writing to it.
    var stdoutIsClosed: Bool {
        var descriptor = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        guard poll(&descriptor, 1, 0) > 0 else { return false }
        return Int32(descriptor.revents) & Int32(POLLERR | POLLHUP | POLLNVAL) != 0
    }

    private static func erase(_ lines: inout Int) {
        if lines > 0 { try? write(Array(eraseText(lines).utf8), to: STDERR_FILENO) }
        lines = 0
    }

    private static func eraseText(_ lines: Int) -> String { lines > 0 ? "\u{1B}[\(lines)F\u{1B}[J" : "" }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws {
        try bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[offset...])
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count >= 0 {
                    offset += count
                } else if errno == EAGAIN {
                    // Somebody who shares the terminal made it non-blocking.
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&wait, 1, -1)
                } else if errno != EINTR {
                    throw OutputClosed()
                }
            }
        }
    }
}

/// Runs blocking work on a thread that may block.
func offload<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await NIOThreadPool.singleton.runIfActive(work)
}
