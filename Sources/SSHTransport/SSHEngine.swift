import Logging
import NIOCore

/// Drives one libssh2 session on its event loop: every event (bytes arrived, a caller asked, a timer fired) ends in
/// ``pump()``, which takes each waiting operation one step further. Nothing in here suspends, so calls into libssh2 cannot
/// interleave in ways it does not expect.
final class SSHEngine {
    /// Bytes one session may decode per turn of the loop it shares with others.
    static let allowancePerTurn = 256 << 10
    /// Bytes libssh2 may hold before the login is complete: a login needs some hundred kilobytes.
    private static let loginMemoryLimit = 4 << 20
    /// Less before the login: until a peer has said that it speaks SSH, libssh2 takes its bytes one by one.
    static let allowanceBeforeLogin = 8 << 10
    /// No login needs as much. A peer that sends more has something else in mind.
    static let limitBeforeLogin = 1 << 20

    /// An operation of which libssh2 stands only one at a time. Once begun it is stepped to its end, whoever has lost
    /// interest: a reply that nobody awaits would be taken for the next operation's.
    struct Exclusive {
        /// Returns whether the operation has ended.
        let step: () -> Bool
        let fail: (SSHError) -> Void
        /// The server may take long to answer because of somebody behind it: no sign that it is gone.
        var waitsForThirdParty = false
    }

    let session: LibSSH2Session
    let wire: SSHWire
    let configuration: SSHConfiguration
    let logger: Logger

    var context: (any SSHLink)?
    /// Outlives the context: what arrived before the socket ended is still to be delivered.
    var eventLoop: (any EventLoop)?
    var exclusives = CircularBuffer<Exclusive>()
    var channels: [SSHEngineChannel] = []
    var lossWatchers: [Int: (SSHError?) -> Void] = [:]
    /// Why there will be no more bytes. What arrived before is still delivered.
    var lost: SSHError?
    /// The socket has ended; bytes may still wait in the wire.
    var peerGone: SSHError?
    var isLoggedIn = false
    /// Until then the answer to an opening that libssh2 has given up may still come. Where another opening waits just then,
    /// libssh2 finds no answer to it, and the connection is lost.
    var opensNothingBefore = NIODeadline.distantPast
    var owesAnAnswer: Bool { NIODeadline.now() < opensNothingBefore }

    var lastReceived = NIODeadline.now()
    var unansweredSince: NIODeadline?
    var keepaliveTimer: RepeatedTask?
    var lastProbe = NIODeadline.distantPast
    private var readIsHeld = false
    private var receivedBeforeLogin = 0

    private var isPumping = false
    private var pumpIsScheduled = false
    /// Somebody stopped because its share of this turn was used up.
    var hasMore = false
    /// Set whenever bytes go out, which acknowledge what came in.
    var hasSent = false
    private(set) var isDisposed = false

    init(configuration: SSHConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        wire = SSHWire()
        session = try LibSSH2Session(wire: wire, memoryLimit: min(Self.loginMemoryLimit, configuration.memoryLimit))
    }

    // MARK: Events of the socket

    func received(_ bytes: inout ByteBuffer) {
        guard !isDisposed else { return }
        lastReceived = .now()
        unansweredSince = nil
        if !isLoggedIn {
            receivedBeforeLogin += bytes.readableBytes
            guard receivedBeforeLogin <= Self.limitBeforeLogin else {
                return lose(SSHError(.protocolError, "the server sent far more than a login needs"))
            }
        }
        wire.receive(&bytes)
        answerIfIdle()
    }

    /// Whether the socket may be read now; if not, it is asked again when there is room.
    func mayRead() -> Bool {
        readIsHeld = wire.inbound.readableBytes >= configuration.inboundLimit
        return !readIsHeld
    }

    func ended(_ error: SSHError) {
        if peerGone == nil { peerGone = error }
        pump()
    }

    // MARK: The pump

    func pump() {
        guard !isDisposed, !isPumping else { return hasMore = true }
        guard let observer = configuration.observer else { return turn() }
        observer.around { turn() }
    }

    private func turn() {
        isPumping = true
        hasMore = false
        wire.allowance = isLoggedIn ? Self.allowancePerTurn : Self.allowanceBeforeLogin
        while let first = exclusives.first, first.step() {
            // Stepping may have ended everything.
            if !exclusives.isEmpty { exclusives.removeFirst() }
        }
        for channel in channels { step(channel) }
        digest()
        let isIdle = channels.isEmpty && exclusives.isEmpty
        if let peerGone, lost == nil, isIdle || wire.inbound.readableBytes == 0 { lose(peerGone) }
        // Nobody would read that answer before the next opening does.
        if isIdle, owesAnAnswer { lose(SSHError(.connectionLost, "a target behind the server did not answer")) }
        if lost != nil { settleLoss() }
        flush()
        isPumping = false
        let isStarved = wire.inbound.readableBytes > 0 && wire.allowance == 0
        if hasMore || isStarved { schedulePump() }
        if readIsHeld, wire.inbound.readableBytes < configuration.inboundLimit / 2 {
            readIsHeld = false
            context?.read()
        }
    }

    private func schedulePump() {
        guard !pumpIsScheduled, let eventLoop else { return }
        pumpIsScheduled = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            bound.value.pumpIsScheduled = false
            bound.value.pump()
        }
    }

    /// Bytes that no operation has asked for are digested too: window adjustments, requests of the server, key renewal.
    private func digest() {
        // Also once the peer is gone: a packet may be with libssh2 that it has taken from here and not looked at.
        guard wire.inbound.readableBytes > 0 || peerGone != nil, exclusives.isEmpty,
            let handle = channels.first(where: { $0.phase == .running })?.handle
        else { return }
        let code = session.digest(handle)
        if code < 0 { note(code) }
    }

    private func flush() {
        guard let bytes = wire.takeOutbound(), let context else { return }
        hasSent = true
        context.send(bytes)
    }

    /// Whether more may be encoded: the socket keeps up, and this turn has not produced much yet.
    var mayEncode: Bool {
        guard let context, context.isWritable else { return false }
        return wire.outbound.readableBytes < configuration.outboundLimit / 2
    }

    // MARK: Ends

    /// A failed call: of one channel, or of everything?
    func note(_ code: Int32) {
        guard !SSHError.isChannelOnly(code) else { return }
        lose(.connection(code, session.lastMessage, isLogin: !isLoggedIn))
    }

    /// No more bytes will come. Readers first get what is here.
    func lose(_ error: SSHError) {
        guard lost == nil else { return }
        logger.debug("connection lost", metadata: ["reason": "\(error)"])
        lost = error
        hasMore = true
        keepaliveTimer?.cancel()
        context?.shut()
        let watchers = lossWatchers
        lossWatchers.removeAll()
        for watcher in watchers.values { watcher(error) }
    }

    private func settleLoss() {
        guard let lost else { return }
        let waiting = exclusives
        exclusives.removeAll()
        for operation in waiting { operation.fail(lost) }
        for channel in channels {
            channel.endWriter()
            if channel.phase == .opening { channel.fail(lost) }
        }
        channels.removeAll { $0.phase != .running }
        if channels.isEmpty { dispose() }
    }

    /// Ends everything now, undelivered bytes included.
    func terminate(_ error: SSHError) {
        guard !isDisposed else { return }
        if lost == nil, isLoggedIn {
            session.disconnect()
            flush()
        }
        lose(error)
        for channel in channels { channel.fail(error) }
        for operation in exclusives { operation.fail(error) }
        exclusives.removeAll()
        channels.removeAll()
        dispose()
    }

    private func dispose() {
        guard !isDisposed else { return }
        isDisposed = true
        keepaliveTimer?.cancel()
        keepaliveTimer = nil
        session.dispose()
    }
}
