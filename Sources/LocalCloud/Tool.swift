import Subprocess

/// Short-lived helper programs, through `sh`, with a known search path and nothing else of our environment.
enum Tool {
    /// Runs `script` with `arguments` as `$1...` and returns what it printed.
    /// - Throws: ``LocalCloudError`` with the program's own words when it fails.
    @discardableResult
    static func shell(_ script: String, _ arguments: [String] = []) async throws -> String {
        let result = try await run(
            .name("sh"), arguments: Arguments(["-c", script, "sh"] + arguments),
            environment: .custom(["PATH": searchPath, "LC_ALL": "C"]), output: .string(limit: 1 << 16),
            error: .combinedWithOutput)
        let output = result.standardOutput
        guard result.terminationStatus.isSuccess else {
            throw LocalCloudError(.machine, output.isEmpty ? "a helper program failed" : output)
        }
        return output
    }

    static func remove(_ path: String) async throws {
        try await shell("rm -rf -- \"$1\"", [path])
    }

    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}
