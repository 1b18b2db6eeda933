import CLibSSH2
import NIOCore
import Synchronization

/// The outcome of a call that may have to be repeated.
enum SSHStep<Value> {
    case done(Value)
    /// Waits for the peer: repeat the same call when bytes have arrived.
    case again
    case failed(Int32)
}

/// A channel of one session. Valid until it is freed or the session is.
@safe
struct SSHChannelHandle {
    fileprivate let pointer: OpaquePointer
    /// The number by which the peer addresses this channel.
    let number: UInt32
}

/// One libssh2 session: the only place where C is called. Not `Sendable`: lives on one event loop.
///
/// Every method is a single synchronous step and keeps no pointer. The session never sees a socket; its bytes pass
/// through ``SSHWire`` and its memory through a counter with a limit.
@safe
final class LibSSH2Session {
    /// `libssh2_init` is not thread-safe, a static is initialised once. There is no matching exit: other sessions may live.
    static let initialised: Int32 = libssh2_init(0)

    let wire: SSHWire
    private let box: UnsafeMutablePointer<clibssh2_box>
    private var session: OpaquePointer?
    /// libssh2 numbers channels upwards from zero, one per attempt to open one.
    private var nextChannel: UInt32 = 0
    private var isHandshaking = false
    /// A channel is being opened: the call must be repeated before anything else opens one.
    private(set) var isOpening = false

    init(wire: SSHWire, memoryLimit: Int) throws {
        guard Self.initialised == 0 else { throw SSHError(.protocolError, "libssh2 could not be initialised") }
        self.wire = wire
        unsafe box = .allocate(capacity: 1)
        unsafe box.initialize(
            to: clibssh2_box(
                // Unowned: this object owns both the wire and the session that calls back.
                owner: Unmanaged.passUnretained(wire).toOpaque(),
                send: { owner, bytes, count in
                    unsafe Unmanaged<SSHWire>.fromOpaque(owner).takeUnretainedValue()
                        .accept(UnsafeRawBufferPointer(start: bytes, count: count))
                    return count
                },
                recv: { owner, bytes, count in
                    unsafe Unmanaged<SSHWire>.fromOpaque(owner).takeUnretainedValue()
                        .take(into: UnsafeMutableRawBufferPointer(start: bytes, count: count))
                },
                exit_status: { owner, channel in
                    unsafe Unmanaged<SSHWire>.fromOpaque(owner).takeUnretainedValue().noteExitStatus(channel)
                },
                released: nil,
                used: 0,
                limit: max(0, memoryLimit),
                largest: 0,
                pad: 0
            )
        )
        unsafe session = clibssh2_session_new(box)
        guard unsafe session != nil else {
            throw SSHError(.protocolError, "libssh2 could not allocate a session")
        }
    }

    deinit {
        dispose()
        unsafe box.deallocate()
    }

    /// Frees everything libssh2 holds for this session, channels included. Nothing is sent.
    func dispose() {
        guard let session = unsafe session else { return }
        wire.isDead = true
        // libssh2 forgets what a key exchange under way has allocated, unless that is told that the peer is gone.
        if isHandshaking { _ = handshake() }
        unsafe self.session = nil
        // "Again" cannot last: the callbacks no longer block. The bound is for a library that disagrees.
        for _ in 0..<1000 where unsafe libssh2_session_free(session) != LIBSSH2_ERROR_EAGAIN { return }
    }

    /// Bytes libssh2 holds now.
    var memoryUsed: Int { unsafe box.pointee.used }

    /// Bytes libssh2 may hold.
    var memoryLimit: Int {
        get { unsafe box.pointee.limit }
        set { unsafe box.pointee.limit = max(0, newValue) }
    }

    /// Bounds every block that is made from now on, and puts as many zeroes behind it; 0 ends that.
    func padBlocks(largest: Int) {
        unsafe box.pointee.largest = largest
        unsafe box.pointee.pad = largest
    }

    // MARK: Login

    /// Which kinds of host keys to ask for, best first. Kinds that libssh2 does not know are left out here: removing them
    /// itself it copies overlapping memory.
    func preferHostKeys(_ algorithms: [String]) -> Int32 {
        guard let session = unsafe session else { return LIBSSH2_ERROR_BAD_USE }
        let wanted = algorithms.filter(hostKeyAlgorithms.contains)
        guard !wanted.isEmpty else { return LIBSSH2_ERROR_METHOD_NOT_SUPPORTED }
        return unsafe libssh2_session_method_pref(session, LIBSSH2_METHOD_HOSTKEY, wanted.joined(separator: ","))
    }

    private static let knownHostKeys = Mutex<Set<String>?>(nil)

    /// What this libssh2 can verify: the same for every session, so that the first one asks.
    private var hostKeyAlgorithms: Set<String> {
        Self.knownHostKeys.withLock { known in
            if let known { return known }
            var list: UnsafeMutablePointer<UnsafePointer<CChar>?>?
            guard let session = unsafe session else { return [] }
            let count = unsafe libssh2_session_supported_algs(session, LIBSSH2_METHOD_HOSTKEY, &list)
            guard count > 0, let names = unsafe list else { return [] }
            let found = Set((0..<Int(count)).compactMap { unsafe names[$0].map { unsafe String(cString: $0) } })
            unsafe libssh2_free(session, names)
            known = found
            return found
        }
    }

    /// Banner and key exchange.
    func handshake() -> SSHStep<Void> {
        // Must be the number of no descriptor: libssh2 sets and clears O_NONBLOCK on it, and refuses -1.
        let step = unsafe step { unsafe libssh2_session_handshake($0, Int32.max) }
        if case .again = step { isHandshaking = true } else { isHandshaking = false }
        return step
    }

    /// The server's first line, once it has arrived.
    var banner: String? {
        guard let session = unsafe session, let text = unsafe libssh2_session_banner_get(session) else { return nil }
        return unsafe String(cString: text)
    }

    /// The key the server proved to hold in the key exchange.
    var hostKey: [UInt8]? {
        var count = 0
        var kind: Int32 = 0
        guard let session = unsafe session, let bytes = unsafe libssh2_session_hostkey(session, &count, &kind) else {
            return nil
        }
        return unsafe UnsafeRawBufferPointer(start: bytes, count: count).map { $0 }
    }

    // MARK: The connection as a whole

    /// Says goodbye. Sent or not, the connection is over.
    func disconnect() {
        guard let session = unsafe session else { return }
        _ = unsafe libssh2_session_disconnect_ex(session, SSH_DISCONNECT_BY_APPLICATION, "", "")
    }

    /// Sends a request that every server answers (`keepalive@openssh.com`, or a refusal of it). libssh2 keeps the answers for
    /// ever, so this is only for when no channel can be opened.
    func askForLife() {
        guard let session = unsafe session else { return }
        var next: Int32 = 0
        // Without an interval nothing is sent. Two seconds are the shortest; asked more often than that, it sends when they are over.
        unsafe libssh2_keepalive_config(session, 1, 2)
        _ = unsafe libssh2_keepalive_send(session, &next)
    }

    /// What libssh2 says about the last failure.
    var lastMessage: String {
        var text: UnsafeMutablePointer<CChar>?
        guard let session = unsafe session, unsafe libssh2_session_last_error(session, &text, nil, 0) != 0,
            let text = unsafe text
        else { return "" }
        return unsafe String(cString: text)
    }

    // MARK: Opening

    /// Opens a channel for a command.
    func openChannel(window: Int) -> SSHStep<SSHChannelHandle> {
        open("session", window: window, [])
    }

    /// Opens a channel whose other end is a TCP connection of the server (RFC 4254 7.2).
    func openTunnel(to target: SSHEndpoint, from origin: SSHEndpoint, window: Int) -> SSHStep<SSHChannelHandle> {
        var message = SSHBlobWriter()
        for end in [target, origin] {
            message.string(end.host)
            message.integer(UInt32(clamping: end.port))
        }
        return open("direct-tcpip", window: window, message.bytes)
    }

    /// Only one opening at a time, and once begun it is repeated to its end.
    private func open(_ kind: String, window: Int, _ message: [UInt8]) -> SSHStep<SSHChannelHandle> {
        guard let session = unsafe session else { return .failed(LIBSSH2_ERROR_BAD_USE) }
        if !isOpening {
            isOpening = true
            nextChannel += 1
        }
        let bytes = UInt32(clamping: max(window, 32 << 10))
        let opened = unsafe message.withUnsafeBytes { message in
            unsafe libssh2_channel_open_ex(
                session, kind, UInt32(kind.utf8.count), bytes, 32768,
                message.baseAddress?.assumingMemoryBound(to: CChar.self), UInt32(message.count))
        }
        if let opened = unsafe opened {
            isOpening = false
            return .done(unsafe SSHChannelHandle(pointer: opened, number: nextChannel - 1))
        }
        let code = unsafe libssh2_session_last_errno(session)
        if code == LIBSSH2_ERROR_EAGAIN { return .again }
        isOpening = false
        return .failed(code)
    }

    func step(_ body: (OpaquePointer) -> Int32) -> SSHStep<Void> {
        guard let session = unsafe session else { return .failed(LIBSSH2_ERROR_BAD_USE) }
        return Self.step(unsafe body(session))
    }

    static func step(_ code: Int32) -> SSHStep<Void> {
        switch code {
        case LIBSSH2_ERROR_EAGAIN: .again
        case 0...: .done(())
        default: .failed(code)
        }
    }

    /// A channel is used only while its session lives: a freed session has freed its channels.
    func onChannel<Value>(_ handle: SSHChannelHandle, otherwise: Value, _ body: (OpaquePointer) -> Value) -> Value {
        guard unsafe session != nil else { return otherwise }
        return unsafe body(handle.pointer)
    }

    func free(_ text: UnsafeMutablePointer<CChar>) {
        if let session = unsafe session { unsafe libssh2_free(session, text) }
    }
}
