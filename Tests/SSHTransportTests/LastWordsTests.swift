import NIOCore
import SSHTransport
import Testing

/// What a server had sent before it was gone is not lost with it.
@Suite(.timeLimit(.minutes(2))) struct LastWordsTests {
    /// The reader is slow, and the socket has ended long before it has read all.
    @Test(arguments: [true, false]) func whatHasArrivedIsReadAfterTheEnd(_ isOrderly: Bool) async throws {
        let server = try await SSHServer()
        let relay = try await Relay.start(to: server)
        // More than all that SSH adds.
        let (count, tail) = (200_000, 10_000)
        try await server.withConnection(relay: relay) { connection async throws -> Void in
            let before = relay.passedDown
            let command = "head -c \(count + tail) /dev/zero; exec sleep 60"
            try await connection.withProcess(.shell(command)) { process async throws -> Void in
                var output = process.stdout.makeAsyncIterator()
                var got = try #require(try await output.next()).readableBytes
                try await eventually("all has passed") { relay.passedDown >= before + count + tail }
                if isOrderly { try await relay.stop() } else { try await relay.reset() }
                let error = await #expect(throws: SSHError.self) {
                    while let piece = try await output.next() { got += piece.readableBytes }
                }
                #expect(error?.code == .connectionLost)
                // After RST the kernel has thrown away what it still had.
                if isOrderly { #expect(got >= count) }
            }
        }
    }
}
