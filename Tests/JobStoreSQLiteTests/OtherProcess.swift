import Foundation

/// Runs the `sqlite3` program on the file, or `nil` when there is none.
func runSQLite(_ path: String, _ statement: String) throws -> String? {
    let program = "/usr/bin/sqlite3"
    guard FileManager.default.isExecutableFile(atPath: program) else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = [path, statement]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0
        ? String(decoding: data, as: UTF8.self) : "status \(process.terminationStatus)"
}
