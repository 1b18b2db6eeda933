import Foundation
import NIOCore
import Testing

@testable import Adapters

/// The stream that is made of files fetched by SFTP, and the plan it is made by.
@Suite struct TarlessCollectTests {
    @Test func aHeaderSaysWhatTarReads() throws {
        let long = Array(repeating: "folder", count: 40).joined(separator: "/")
        var bytes = TarEntry.header(Array("./d".utf8), .folder, permissions: 0o750, modified: 1_000_000_000)
        for name in ["./short", String(repeating: "n", count: 99), String(repeating: "n", count: 100), long] {
            bytes += TarEntry.header(Array(name.utf8), .file, size: 3, permissions: 0o4755, modified: 5)
            bytes += Array("abc".utf8) + TarEntry.padding(after: 3)
        }
        bytes += TarEntry.header(
            Array("./link".utf8), .link, permissions: 0o777, modified: 6, linkTarget: Array(long.utf8))
        bytes += TarEntry.end
        #expect(bytes.count % 512 == 0)
        let listed = try Self.tar(bytes)
        #expect(
            listed == """
                drwxr-x--- 0/0               0 2001-09-09 01:46:40 ./d
                -rwsr-xr-x 0/0               3 1970-01-01 00:00:05 ./short
                -rwsr-xr-x 0/0               3 1970-01-01 00:00:05 \(String(repeating: "n", count: 99))
                -rwsr-xr-x 0/0               3 1970-01-01 00:00:05 \(String(repeating: "n", count: 100))
                -rwsr-xr-x 0/0               3 1970-01-01 00:00:05 \(long)
                lrwxrwxrwx 0/0               0 1970-01-01 00:00:06 ./link -> \(long)

                """)
    }

    @Test func aFileBeyondEightGibibytesHasItsSize() throws {
        let size: UInt64 = 9_876_543_210_123
        let header = TarEntry.header(Array("big".utf8), .file, size: size, permissions: 0o644, modified: 0)
        #expect(Array(header[124..<136]) == [0x80, 0, 0, 0, 0, 0, 0x08, 0xfb, 0x8f, 0xd9, 0x82, 0x8b])
    }

    @Test func aPlanIsToldFromATarHoweverItArrives() throws {
        let plan = Array("no-tar\nr o /out\n".utf8)
        for cut in 1..<plan.count {
            let sniffer = PlanSniffer()
            #expect(try sniffer.take(ByteBuffer(bytes: plan[..<cut])) == nil)
            #expect(try sniffer.take(ByteBuffer(bytes: plan[cut...])) == nil)
            #expect(sniffer.finish().plan == plan)
        }
        for tar in ["no-tart", "./a", "no-t", "x"] {
            let sniffer = PlanSniffer()
            var passed = ByteBuffer()
            for byte in tar.utf8 {
                if let part = try sniffer.take(ByteBuffer(bytes: [byte])) { passed.writeImmutableBuffer(part) }
            }
            let (plan, rest) = sniffer.finish()
            if let rest { passed.writeImmutableBuffer(rest) }
            #expect(plan == nil && String(buffer: passed) == tar)
        }
    }

    @Test func aPlanNamesItemsAndManifest() {
        let plan = CollectPlan(
            Array("no-tar\nr o /out\nr w /home/w\nd o ./e\nf w ./a b\nf q ./x\nnonsense\nmanifest\no ./a b\nend\n".utf8)
        )
        #expect(
            plan.items == [
                .init(path: Array("./e".utf8), absolute: Array("/out/./e".utf8)),
                .init(path: Array("./a b".utf8), absolute: Array("/home/w/./a b".utf8)),
            ])
        #expect(plan.manifest == Array("o ./a b\nend\n".utf8))
        #expect(CollectPlan(Array("no-tar\nr o /out\nf o ./x\n".utf8)).items.isEmpty, "a cut one is none")
    }

    private static func tar(_ bytes: [UInt8]) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "mayfly-tar-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(bytes).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "TZ=UTC tar --full-time --numeric-owner -tvf \"$0\"", file.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }
}
