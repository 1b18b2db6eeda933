public import MayflyCore

/// How a stage ended, as its supervisor sealed it.
public struct StageStatus: Sendable, Hashable {
    public var result: StageResult
    /// `nil` for the startup script, and when nobody sealed the logs.
    public var stdout: SealedLog?
    public var stderr: SealedLog?
    /// The disk of the instance was full: what is sealed is the beginning of the logs, the rest was not kept.
    public var isCut: Bool

    public init(result: StageResult, stdout: SealedLog? = nil, stderr: SealedLog? = nil, isCut: Bool = false) {
        self.result = result
        self.stdout = stdout
        self.stderr = stderr
        self.isCut = isCut
    }

    /// Reads a status line: `exit N | timeout | stopped | unknown`, then `stdout BYTES SHA256 stderr BYTES SHA256`, then
    /// with a limit on logs `dropped BYTES BYTES`, what was beyond it, and `cut` where output was lost to a full disk.
    /// - Returns: `nil` for an empty or a foreign text: nobody can say how the stage ended.
    public static func parse(_ line: String) -> StageStatus? {
        let newline = UInt8(ascii: "\n")
        let first = line.utf8.drop { $0 == newline }.prefix { $0 != newline }
        var words = first.split(separator: UInt8(ascii: " ")).map { Substring($0) }[...]
        let result: StageResult
        switch words.popFirst() {
        case "exit":
            guard let code = words.popFirst().flatMap({ Int32($0) }), (0...255).contains(code) else { return nil }
            result = .exited(code)
        case "timeout": result = .timedOut
        case "stopped": result = .stopped
        case "unknown": result = .unknown
        default: return nil
        }
        guard !words.isEmpty else { return StageStatus(result: result) }
        guard var stdout = log("stdout", &words), var stderr = log("stderr", &words) else { return nil }
        if words.first == "dropped" {
            words.removeFirst()
            guard let out = count(&words), let error = count(&words) else { return nil }
            if out > 0 { stdout.dropped = out }
            if error > 0 { stderr.dropped = error }
        }
        let isCut = words.first == "cut"
        guard words.count == (isCut ? 1 : 0) else { return nil }
        return StageStatus(result: result, stdout: stdout, stderr: stderr, isCut: isCut)
    }

    private static func count(_ words: inout ArraySlice<Substring>) -> Int64? {
        words.popFirst().flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }

    private static func log(_ name: Substring, _ words: inout ArraySlice<Substring>) -> SealedLog? {
        guard words.popFirst() == name, let bytes = count(&words),
            let digest = words.popFirst(), digest.utf8.count == 64, digest.utf8.allSatisfy(isHexDigit)
        else { return nil }
        return SealedLog(bytes: bytes, sha256: String(digest))
    }

    /// Not `Character.isHexDigit`, to which other scripts' digits are some too.
    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
