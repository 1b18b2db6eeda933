import NIOCore

/// The bytes between libssh2 and the socket: what its callbacks touch, and nothing else. Used on one event loop only.
final class SSHWire {
    /// Received, not yet taken by libssh2.
    private(set) var inbound = ByteBuffer()
    /// Encoded by libssh2, not yet given to the socket.
    private(set) var outbound = ByteBuffer()
    /// How many bytes libssh2 may still take in this turn of the loop; keeps one host from starving the others.
    var allowance = 0
    /// Once true libssh2 talks to nobody: what it sends is dropped and it is told that the peer is gone, so that freeing
    /// a session ends at once.
    var isDead = false
    /// Channels (by their number on our side) whose exit status has arrived.
    private(set) var exitStatuses: Set<UInt32> = []
    private var open: Set<UInt32> = []

    /// Answers what the server asks during a keyboard-interactive login.
    var responder: SSHResponder?

    func receive(_ bytes: inout ByteBuffer) {
        if inbound.readableBytes == 0 { inbound = bytes } else { inbound.writeBuffer(&bytes) }
    }

    /// What is to be sent, if anything.
    func takeOutbound() -> ByteBuffer? {
        guard outbound.readableBytes > 0 else { return nil }
        defer { outbound = ByteBuffer() }
        return outbound
    }

    func forgetExitStatus(_ channel: UInt32) {
        open.remove(channel)
        exitStatuses.remove(channel)
    }

    func expectExitStatus(of channel: UInt32) { open.insert(channel) }

    func noteExitStatus(_ channel: UInt32) {
        // Numbers come from the peer, and also for channels that nobody waits for any more.
        if open.contains(channel) { exitStatuses.insert(channel) }
    }

    /// libssh2's SEND. Accepts everything: back-pressure is applied before libssh2 is called, so that no packet is ever
    /// half sent.
    func accept(_ bytes: UnsafeRawBufferPointer) {
        guard !isDead else { return }
        unsafe outbound.writeBytes(bytes)
    }

    /// libssh2's RECV: bytes taken, 0 for "the peer is gone", -1 for "nothing now".
    func take(into target: UnsafeMutableRawBufferPointer) -> Int {
        if isDead { return 0 }
        let count = min(target.count, inbound.readableBytes, allowance)
        guard count > 0 else { return -1 }
        unsafe inbound.readWithUnsafeReadableBytes { source in
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix(count)))
            return count
        }
        allowance -= count
        if inbound.readableBytes == 0 { inbound = ByteBuffer() }
        return count
    }
}
