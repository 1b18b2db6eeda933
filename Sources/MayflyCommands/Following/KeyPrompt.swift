import Dispatch
import Glibc
import Synchronization

/// Reads one key from the terminal without waiting for Enter. The terminal's mode is put back whatever happens.
enum KeyPrompt {
    private static let saved = Mutex<(descriptor: Int32, mode: termios)?>(nil)

    /// The key, on a thread of its own that may wait for ever; `nil` when there is no terminal.
    static func read(_ answer: @escaping @Sendable (Character?) -> Void) {
        DispatchQueue(label: "mayfly.prompt").async {
            let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0, enter(descriptor, echo: false, lines: false) else { return answer(nil) }
            var byte: UInt8 = 0
            var count = Glibc.read(descriptor, &byte, 1)
            while count < 0 && errno == EINTR { count = Glibc.read(descriptor, &byte, 1) }
            restore()
            close(descriptor)
            answer(count == 1 ? Character(UnicodeScalar(byte)) : nil)
        }
    }

    /// A line that is not shown while it is typed. `nil` without a terminal.
    static func readHiddenLine(prompt: String) -> String? {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = Array(prompt.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
        guard enter(descriptor, echo: false, lines: true) else { return nil }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < 4096, Glibc.read(descriptor, &byte, 1) == 1, byte != 0x0A { line.append(byte) }
        restore()
        _ = Glibc.write(descriptor, "\n", 1)
        return String(decoding: line, as: UTF8.self)
    }

    /// Puts the terminal back as it was before the prompt; also from the way out on a second Ctrl-C.
    static func restore() {
        saved.withLock { saved in
            if let (descriptor, mode) = saved {
                var mode = mode
                tcsetattr(descriptor, TCSANOW, &mode)
            }
            saved = nil
        }
    }

    private static func enter(_ descriptor: Int32, echo: Bool, lines: Bool) -> Bool {
        var mode = termios()
        guard tcgetattr(descriptor, &mode) == 0 else { return false }
        saved.withLock { [mode] in $0 = (descriptor, mode) }
        if !echo { mode.c_lflag &= ~tcflag_t(ECHO) }
        if !lines { mode.c_lflag &= ~tcflag_t(ICANON) }
        return tcsetattr(descriptor, TCSANOW, &mode) == 0
    }
}
