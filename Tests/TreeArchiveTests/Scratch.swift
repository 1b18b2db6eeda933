import Foundation

/// A folder that goes with the test.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/mayfly-tree-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        _ = try? Scratch.run("chmod -R u+rwX '\(path)' 2>/dev/null; true")
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ name: String, _ text: String = "x") throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    struct Output {
        var code: Int32
        var bytes: [UInt8]
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    @discardableResult
    static func run(_ command: String, input: [UInt8] = [], environment: [String: String] = [:]) throws -> Output {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let given = Pipe()
        let output = Pipe()
        process.standardInput = given
        process.standardOutput = output
        try process.run()
        DispatchQueue.global().async {
            try? given.fileHandleForWriting.write(contentsOf: Data(input))
            try? given.fileHandleForWriting.close()
        }
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Output(code: process.terminationStatus, bytes: [UInt8](bytes))
    }

    func sh(_ command: String) throws {
        let output = try Scratch.run("cd '\(path)' && \(command)")
        guard output.code == 0 else { throw CocoaError(.executableLoad) }
    }
}
