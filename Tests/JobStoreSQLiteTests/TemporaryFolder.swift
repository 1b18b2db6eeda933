import Foundation
import Synchronization

private let counter = Atomic<Int>(0)

/// Runs `body` with a fresh folder that is removed afterwards.
func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
    let folder = NSTemporaryDirectory() + "/mayfly-store-\(ProcessInfo.processInfo.processIdentifier)-\(number)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

func mode(of path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
}
