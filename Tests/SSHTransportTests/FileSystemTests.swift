import Foundation
import NIOCore
import SSHTransport
import Testing

/// Files by SFTP, of OpenSSH's own servers and of some that are none.
@Suite(.timeLimit(.minutes(2)))
struct FileSystemTests {
    private static let programs = ["internal-sftp", "/usr/lib/openssh/sftp-server"]

    private func with(
        _ program: String, deadline: Duration = .seconds(30),
        _ body: @Sendable (SSHFileSystem, SSHConnection, String) async throws -> Void
    ) async throws {
        let server = try await SSHServer(settings: ["Subsystem sftp \(program)"])
        let folder = server.folder.path + "/files"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await server.withConnection { connection in
            try await connection.withFileSystem(deadline: deadline) { files in try await body(files, connection, folder)
            }
        }
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    @Test(arguments: programs) func filesComeAndGoAsTheyAre(_ program: String) async throws {
        try await with(program) { files, _, folder in
            let content = Self.random(3_000_001)
            let path = Array("\(folder)/new".utf8)
            try await files.withFile(path, .create(permissions: 0o640)) { file in
                try await file.write(ByteBuffer(bytes: content), at: 0)
                try await file.setAttributes(SSHFileAttributes(permissions: 0o751, modified: 1_000_000_000))
            }
            let written = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/new"))
            #expect(Array(written) == content)
            let facts = try await files.attributes(of: path)
            #expect(facts.kind == .file && facts.size == 3_000_001 && facts.permissions == 0o751)
            #expect(facts.modified == 1_000_000_000)
            let read = try await files.withFile(path, .read) { file in
                let (first, rest) = (
                    try await file.read(at: 0, upTo: 1_000_000), try await file.read(at: 1_000_000, upTo: 4 << 20)
                )
                #expect(try await file.read(at: 3_000_001, upTo: 10).readableBytes == 0)
                #expect(try await file.read(at: 2_999_999, upTo: 10).readableBytes == 2)
                return Array(first.readableBytesView) + Array(rest.readableBytesView)
            }
            #expect(read == content)
            await Self.expect(.fileOperationFailed) {
                try await files.withFile(path, .create(permissions: 0o600)) { _ in }
            }
            try await files.withFile(path, .replace(permissions: 0o600)) { file in
                try await file.write(ByteBuffer(string: "short"), at: 0)
            }
            #expect(try String(contentsOfFile: "\(folder)/new", encoding: .utf8) == "short")
        }
    }

    @Test(arguments: programs) func foldersLinksAndNames(_ program: String) async throws {
        try await with(program) { files, _, folder in
            let odd = Array("\(folder)/".utf8) + [0xff, 0x20, 0x0a]
            try await files.makeFolder("\(folder)/sub".utf8, permissions: 0o700)
            try await files.withFile(odd, .create(permissions: 0o600)) { _ in }
            try await files.makeLink("\(folder)/link".utf8, to: "sub/none".utf8)
            let listed = try await files.list(folder.utf8).sorted { $0.name.lexicographicallyPrecedes($1.name) }
            #expect(listed.map(\.name) == [Array("link".utf8), Array("sub".utf8), [0xff, 0x20, 0x0a]])
            #expect(listed.map(\.attributes.kind) == [.link, .folder, .file])
            #expect(try await files.linkTarget(of: "\(folder)/link".utf8) == Array("sub/none".utf8))
            await Self.expect(.noSuchFile) {
                _ = try await files.attributes(of: "\(folder)/link".utf8, followingLinks: true)
            }
            await Self.expect(.fileOperationFailed) { try await files.removeFolder(folder.utf8) }
            try await files.withFile("\(folder)/other".utf8, .create(permissions: 0o600)) { file in
                try await file.write(ByteBuffer(string: "other"), at: 0)
            }
            try await files.rename("\(folder)/other".utf8, to: odd)
            #expect(try await files.attributes(of: odd).size == 5, "a rename replaces")
            try await files.setAttributes(SSHFileAttributes(modified: 7), of: odd)
            #expect(try await files.attributes(of: odd).modified == 7)
            #expect(try await files.realPath(of: "\(folder)/sub/../sub".utf8) == Array("\(folder)/sub".utf8))
            try await files.remove("\(folder)/link".utf8)
            try await files.remove(odd)
            try await files.removeFolder("\(folder)/sub".utf8)
            #expect(try await files.list(folder.utf8).isEmpty)
        }
    }

    @Test func aFolderOfManyNamesIsListedWhole() async throws {
        try await with("internal-sftp") { files, _, folder in
            for number in 0..<1500 { try Data().write(to: URL(fileURLWithPath: "\(folder)/\(number)")) }
            #expect(try await files.list(folder.utf8).count == 1500)
        }
    }

    @Test func tasksTakeTurnsAndOneThatIsCancelledHarmsNone() async throws {
        try await with("internal-sftp") { files, connection, folder in
            let content = Self.random(300_000)
            try Data(content).write(to: URL(fileURLWithPath: "\(folder)/f"))
            let path = Array("\(folder)/f".utf8)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await files.withFile(path, .read) { file in
                            for start in stride(from: number * 1000, to: 300_000, by: 100_000) {
                                let bytes = try await file.read(at: UInt64(start), upTo: 90_000)
                                let wanted = content[start..<min(start + 90_000, content.count)]
                                guard bytes.readableBytesView.elementsEqual(wanted) else { return false }
                            }
                            return true
                        }
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        while !Task.isCancelled {
                            _ = try? await files.withFile(path, .read) { try await $0.read(at: 0, upTo: 90_000) }
                        }
                    }
                }
                // They take turns with it.
                for _ in 0..<5 { _ = try? await files.list(folder.utf8) }
                group.cancelAll()
            }
            let after = try await files.withFile(path, .read) { try await $0.read(at: 0, upTo: 1 << 20) }
            #expect(after.readableBytesView.elementsEqual(content))
            #expect(try await connection.execute("exit 3") { _ in } == .status(3), "commands go on beside it")
        }
    }

    @Test func withoutASubsystemItSaysSo() async throws {
        let server = try await SSHServer()
        try await server.withConnection { connection in
            await Self.expect(.fileSystemUnavailable) { try await connection.withFileSystem { _ in } }
            let exit = try await connection.execute("exit 3") { _ in }
            #expect(exit == .status(3), "the connection goes on")
        }
    }

    /// What a server may put in the place of the file service.
    @Test(arguments: [
        ("/no/such/program", SSHError.Code.fileSystemUnavailable), ("/bin/true", .fileSystemUnavailable),
        ("/bin/echo this is no such service", .protocolError), ("/bin/cat", .protocolError),
        ("/bin/sleep 1000", .timedOut),
    ])
    func whatIsNoFileServiceEndsInAnError(_ program: String, _ code: SSHError.Code) async throws {
        let server = try await SSHServer(settings: ["Subsystem sftp \(program)"])
        try await server.withConnection { connection in
            await Self.expect(code) { try await connection.withFileSystem(deadline: .seconds(1)) { _ in } }
            let exit = try await connection.execute("exit 3") { _ in }
            #expect(exit == .status(3), "the connection goes on")
        }
    }

    private static func expect(
        _ code: SSHError.Code, _ body: () async throws -> Void, at place: SourceLocation = #_sourceLocation
    ) async {
        do {
            try await body()
            Issue.record("nothing was thrown", sourceLocation: place)
        } catch {
            #expect((error as? SSHError)?.code == code, "\(error)", sourceLocation: place)
        }
    }
}
