import Foundation
import NIOCore
import SSHTransport
import Testing

/// A file service that sends what it likes: every answer ends in an error of its own, and the connection goes on.
@Suite(.timeLimit(.minutes(2)))
struct HostileFileServiceTests {
    /// "x" as a word of the wire, and such things.
    private static func word(_ bytes: [UInt8]) -> [UInt8] { integer(UInt32(bytes.count)) + bytes }
    private static func integer(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    private static func packet(_ kind: UInt8, _ body: [UInt8]) -> [UInt8] { word([kind] + body) }

    private static let version = packet(2, integer(3))
    private static let handle = packet(102, integer(1) + word(Array("h".utf8)))
    private static func names(_ names: [[UInt8]], count: UInt32? = nil) -> [UInt8] {
        let entries = names.flatMap { word($0) + word([]) + integer(0) }
        return packet(104, integer(2) + integer(count ?? UInt32(names.count)) + entries)
    }

    static let lists: [[UInt8]] = [
        handle + names([], count: .max), handle + names([Array("a/b".utf8)]), handle + names([[]]),
        handle + names([[97, 0, 98]]), handle + packet(104, integer(2)), handle + packet(104, []),
        handle + packet(104, integer(2) + integer(1) + integer(.max)),
        packet(102, integer(1) + word([UInt8](repeating: 1, count: 300))), packet(102, integer(1)),
        integer(.max), integer(0), packet(102, integer(99) + word([1])), packet(200, integer(1)),
        packet(101, integer(1) + integer(0)), packet(101, integer(1)),
    ]

    @Test(arguments: lists) func aListOfNonsenseIsRefused(_ answers: [UInt8]) async throws {
        try await with(answers) { files in _ = try await files.list("x".utf8) }
    }

    static let reads: [[UInt8]] = [
        packet(103, integer(2) + word([1, 2, 3, 4])), packet(103, integer(2) + word([])),
        packet(103, integer(2) + integer(.max)), packet(103, integer(2)), packet(105, integer(2) + integer(0)),
    ]

    @Test(arguments: reads) func dataThatWasNotAskedForIsRefused(_ answer: [UInt8]) async throws {
        try await with(Self.handle + answer) { files in
            try await files.withFile("x".utf8, .read) { file in _ = try await file.read(at: 0, upTo: 3) }
        }
    }

    static let attributes: [[UInt8]] = [
        packet(105, integer(1)), packet(105, integer(1) + integer(1)), packet(105, integer(1) + integer(15)),
        packet(105, integer(1) + integer(0x8000_0000) + integer(.max)),
    ]

    @Test(arguments: attributes) func attributesThatEndEarlyAreRefused(_ answer: [UInt8]) async throws {
        try await with(answer) { files in _ = try await files.attributes(of: "x".utf8) }
    }

    private func with(_ answers: [UInt8], _ body: @Sendable (SSHFileSystem) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "mayfly-sftp-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(Self.version + answers).write(to: folder.appending(path: "answers"))
        // Stays until its input ends.
        try "cat '\(folder.path)/answers'; exec cat >/dev/null\n".write(
            to: folder.appending(path: "service"), atomically: true, encoding: .utf8)
        let server = try await SSHServer(settings: ["Subsystem sftp /bin/sh \(folder.path)/service"])
        try await server.withConnection { connection in
            do {
                try await connection.withFileSystem(deadline: .seconds(2)) { files in try await body(files) }
                Issue.record("nothing was thrown")
            } catch let error as SSHError {
                #expect(error.code == .protocolError, "\(error)")
            }
            let exit = try await connection.execute("exit 3") { _ in }
            #expect(exit == .status(3), "the connection goes on")
        }
    }
}
