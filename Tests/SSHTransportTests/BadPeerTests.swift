import Foundation
import NIOCore
import SSHTransport
import Testing

@Suite(.timeLimit(.minutes(3))) struct BadPeerTests {
    static func connect(_ endpoint: SSHEndpoint, limit: Duration) async throws {
        let key = SSHPrivateKey.generateEd25519(comment: "")
        let connection = try await SSHConnection.connect(
            to: endpoint, credential: .privateKey(user: "nobody", key), hostKey: .pinned(key.publicKey),
            configuration: SSHConfiguration(handshakeTimeout: limit), logger: quiet)
        await connection.close()
    }

    static func expected(_ manner: BadPeer.Manner) -> Set<SSHError.Code> {
        switch manner {
        case .silent, .oneByteAtATime: [.timedOut]
        case .endlessGreeting: [.timedOut, .protocolError]
        case .closesAtOnce: [.closedBeforeBanner]
        // Closing with our banner unread is a reset, which may overtake theirs.
        case .closesAfterBanner: [.connectionLost, .closedBeforeBanner]
        case .garbage, .endlessBanner, .randomPackets: [.protocolError, .timedOut, .connectionLost]
        case .absurdLength, .zeroLength, .nothingInCommon: [.protocolError, .connectionLost, .timedOut]
        }
    }

    @Test(arguments: BadPeer.Manner.allCases)
    func oneErrorWithinTheDeadline(manner: BadPeer.Manner) async throws {
        let peer = try await BadPeer.start(manner)
        let start = ContinuousClock.now
        let error = await #expect(throws: SSHError.self) {
            try await Self.connect(peer.endpoint, limit: .milliseconds(700))
        }
        let code = try #require(error?.code)
        #expect(Self.expected(manner).contains(code), "\(manner): \(error as Any)")
        // Generous for a busy machine; what matters is that it is not a minute.
        #expect(ContinuousClock.now - start < .seconds(20))
        try await peer.stop()
    }

    static let isAlone = ProcessInfo.processInfo.environment["MAYFLY_SSH_ROUNDS"] != nil

    /// In a process of its own, whose memory and descriptors are nobody else's.
    @Test func aThousandRoundsLeaveNothing() async throws {
        if Self.isAlone { return print(try await Rounds().run()) }
        let arguments = [
            "env", "MAYFLY_SSH_ROUNDS=1", CommandLine.arguments[0], "--testing-library", "swift-testing", "--filter",
            "aThousandRoundsLeaveNothing",
        ]
        let report = try await withCheckedThrowingContinuation { waiting in
            // Waiting for a process blocks its thread.
            DispatchQueue.global().async { waiting.resume(with: Result { try SSHTransportTests.run(arguments) }) }
        }
        #expect(report.contains("800 rounds"))
    }
}

/// Connections that succeed and fail in turns.
struct Rounds {
    struct Leak: Error, CustomStringConvertible {
        let description: String
    }

    func run() async throws -> String {
        let server = try await SSHServer()
        let peers = [try await BadPeer.start(.closesAtOnce), try await BadPeer.start(.garbage)]
        let wrong = SSHPrivateKey.generateEd25519(comment: "").publicKey
        let round: @Sendable (Int) async throws -> Void = { number in
            switch number % 4 {
            case 0:
                try await server.withConnection {
                    guard try await $0.collect("exit 3").exit == .status(3) else { throw Leak(description: "no exit") }
                }
            case 1: _ = try? await server.connect(hostKey: .pinned(wrong))
            case 2: _ = try? await server.connect(key: .generateEd25519(comment: ""))
            default: try? await BadPeerTests.connect(peers[number / 4 % 2].endpoint, limit: .milliseconds(500))
            }
        }
        try await rounds(0..<200, round)
        let (before, descriptors) = (Self.residentBytes, try Self.descriptors)
        try await rounds(200..<1000, round)
        try await eventually("sockets are closed") { try Self.descriptors <= descriptors }
        let grown = Self.residentBytes - before
        guard grown < 6 << 20 else { throw Leak(description: "\(grown) bytes more after 800 rounds") }
        for peer in peers { try await peer.stop() }
        return "800 rounds: \(grown) bytes"
    }

    private func rounds(_ range: Range<Int>, _ round: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in range {
                if number - range.lowerBound >= 8 { try await group.next() }
                group.addTask { try await round(number) }
            }
            while try await group.next() != nil {}
        }
    }

    private static var residentBytes: Int {
        let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return (pages?.dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
    }

    private static var descriptors: Int {
        get throws { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
    }
}
