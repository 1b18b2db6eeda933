import Foundation

/// Runs the `sqlite3` program (which `scripts/test` installs) on the file.
func runSQLite(_ path: String, _ statement: String) throws -> String {
    let program = "/usr/bin/sqlite3"
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
