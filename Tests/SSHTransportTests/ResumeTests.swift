import Foundation
import NIOCore
import SSHTransport
import Testing

/// What a follower does: read a file from an offset until the connection breaks, and go on at the exact byte.
@Suite(.timeLimit(.minutes(10))) struct ResumeTests {
    private static var rounds: Int {
        ProcessInfo.processInfo.environment["MAYFLY_SSH_ROUNDS"].flatMap(Int.init) ?? 60
    }

    private actor Copy {
        private(set) var bytes: [UInt8] = []
        func append(_ piece: ByteBuffer) { bytes.append(contentsOf: piece.readableBytesView) }
    }

    @Test func cutAndResumedTheBytesAreTheSame() async throws {
        let server = try await SSHServer()
        let relay = try await Relay.start(to: server)
        let content = noise(Self.rounds * 40_000, seed: 3)
        let log = server.folder.appending(path: "log")
        try Data(content).write(to: log)
        let copy = Copy()
        var cuts = 0
        var state: UInt64 = 17
        while await copy.bytes.count < content.count {
            state = state &* 6_364_136_223_846_793_005 &+ 1
            let most = Int((state >> 33) % 80_000)
            let began = await copy.bytes.count
            let connection = try await server.connect(relay: relay)
            do {
                _ = try await connection.execute(
                    "tail -c +\(began + 1) '\(log.path)'", options: SSHExecOptions(window: 32 << 10)
                ) { output in
                    guard case .stdout(let bytes) = output else { return }
                    await copy.append(bytes)
                    if await copy.bytes.count - began >= most { try await relay.reset() }
                }
            } catch let error as SSHError {
                #expect(error.code == .connectionLost)
                cuts += 1
            }
            await connection.close()
        }
        #expect(cuts > Self.rounds / 4)
        #expect(await hash(copy.bytes) == hash(content))
        try await relay.stop()
    }
}
