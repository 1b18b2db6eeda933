import Foundation
import JobSpec
import MayflyCore
import Testing

/// A spec that is right, to which tests add what they are about.
let minimal = "type: vcpu-2_memory-4g_disk-80g\ncommand: 'true'\n"

func parse(
    _ text: String, directory: String = "/", set: [String] = [], environment: [EnvironmentVariable] = []
) throws -> ParsedSpec {
    try SpecParser.parse(
        text: text, file: "job.yaml", directory: directory, overrides: set.map { try SpecOverride(parsing: $0) },
        environment: environment)
}

/// The problems, as printed.
func problems(
    _ text: String, directory: String = "/", set: [String] = [], environment: [EnvironmentVariable] = []
) -> [String] {
    do {
        _ = try parse(text, directory: directory, set: set, environment: environment)
        return []
    } catch let error as SpecProblems {
        return error.problems.map(\.description)
    } catch {
        return ["unexpected: \(error)"]
    }
}

/// The repository, from this file's own place in it.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// A folder that is removed afterwards.
func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("job-spec-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
}
