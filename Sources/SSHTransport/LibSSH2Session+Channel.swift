import CLibSSH2
import NIOCore

/// What is done with an open channel. Calls on different channels may alternate freely, unless said otherwise.
extension LibSSH2Session {
    /// Asks for a terminal. Exclusive like opening: a reply to another channel's request would be taken for a failure.
    func requestTerminal(_ handle: SSHChannelHandle, _ terminal: SSHTerminal) -> SSHStep<Void> {
        let modes = terminal.encodedModes.map { CChar(bitPattern: $0) }
        return Self.step(
            unsafe onChannel(handle, otherwise: LIBSSH2_ERROR_BAD_USE) {
                unsafe libssh2_channel_request_pty_ex(
                    $0, terminal.type, UInt32(clamping: terminal.type.utf8.count), modes, UInt32(modes.count),
                    Int32(clamping: terminal.columns), Int32(clamping: terminal.rows), 0, 0)
            })
    }

    /// Tells a new size. Unlike the request above it has no answer, so "again" means that it was not encoded yet; what
    /// was given first is what will be sent.
    func resizeTerminal(_ handle: SSHChannelHandle, _ size: SSHTerminalSize) -> SSHStep<Void> {
        Self.step(
            unsafe onChannel(handle, otherwise: LIBSSH2_ERROR_BAD_USE) {
                unsafe libssh2_channel_request_pty_size_ex(
                    $0, Int32(clamping: size.columns), Int32(clamping: size.rows), 0, 0)
            })
    }

    /// What a session channel is asked to run (RFC 4254 6.5).
    enum Request {
        case exec(String)
        case subsystem(String)
    }

    /// Starts the command. Exclusive, as above.
    func start(_ handle: SSHChannelHandle, _ request: Request) -> SSHStep<Void> {
        let (kind, text) =
            switch request {
            case .exec(let command): ("exec", command)
            case .subsystem(let name): ("subsystem", name)
            }
        let bytes = Array(text.utf8).map { CChar(bitPattern: $0) }
        return Self.step(
            unsafe onChannel(handle, otherwise: LIBSSH2_ERROR_BAD_USE) {
                unsafe libssh2_channel_process_startup(
                    $0, kind, UInt32(kind.utf8.count), bytes, UInt32(clamping: bytes.count))
            })
    }

    /// Lets libssh2 digest what has arrived, for all channels. Takes no channel's data and offers the peer no more window,
    /// unlike reading, so that a channel nobody reads does not fill up because another one is busy.
    func digest(_ handle: SSHChannelHandle) -> Int32 {
        let code = unsafe onChannel(handle, otherwise: Int32(0)) { channel in
            // Both wait for a state of this channel and digest until it is there. Beyond the last state only reading is
            // left: here a stream that does not exist, of a channel for which no more can come.
            let ended = unsafe libssh2_channel_wait_eof(channel)
            if ended != 0 { return ended }
            let closed = unsafe libssh2_channel_wait_closed(channel)
            if closed != 0 { return closed }
            var nothing: CChar = 0
            return unsafe Int32(clamping: libssh2_channel_read_ex(channel, 2, &nothing, 1))
        }
        return code == LIBSSH2_ERROR_EAGAIN ? 0 : min(code, 0)
    }

    /// Whether a read of this size, which has said "again", waits for a window adjustment to be encoded.
    func isEnlargingWindow(_ handle: SSHChannelHandle, limit: Int) -> Bool {
        unsafe onChannel(handle, otherwise: false) { channel in
            var initial: UInt = 0
            let window = unsafe libssh2_channel_window_read_ex(channel, nil, &initial)
            return window < initial / 4 * 3 + UInt(limit)
        }
    }

    /// Bytes of both streams that have been digested and not been read.
    func readable(_ handle: SSHChannelHandle) -> Int {
        var available: UInt = 0
        unsafe onChannel(handle, otherwise: ()) {
            _ = unsafe libssh2_channel_window_read_ex($0, &available, nil)
        }
        return Int(clamping: available)
    }

    /// Takes up to `limit` bytes of stream 0 (stdout) or 1 (stderr). An empty buffer means that it has ended.
    func read(_ handle: SSHChannelHandle, stream: Int32, limit: Int) -> SSHStep<ByteBuffer> {
        var buffer = ByteBufferAllocator().buffer(capacity: limit)
        var failure: Int32 = 0
        let count = unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { target in
            let got = unsafe onChannel(handle, otherwise: Int(LIBSSH2_ERROR_BAD_USE)) {
                unsafe libssh2_channel_read_ex(
                    $0, stream, target.baseAddress?.assumingMemoryBound(to: CChar.self), limit)
            }
            failure = Int32(clamping: min(got, 0))
            return max(0, got)
        }
        if failure == LIBSSH2_ERROR_EAGAIN { return .again }
        if failure < 0 { return .failed(failure) }
        return .done(count > 0 ? buffer : ByteBuffer())
    }

    /// Sends the beginning of `bytes`: one packet at most. 0 and "again" both mean that the window is full.
    func write(_ handle: SSHChannelHandle, _ bytes: ByteBuffer) -> SSHStep<Int> {
        let count = unsafe bytes.withUnsafeReadableBytes { source in
            unsafe onChannel(handle, otherwise: Int(LIBSSH2_ERROR_BAD_USE)) {
                unsafe libssh2_channel_write_ex(
                    $0, 0, source.baseAddress?.assumingMemoryBound(to: CChar.self), source.count)
            }
        }
        if count == Int(LIBSSH2_ERROR_EAGAIN) { return .again }
        return count < 0 ? .failed(Int32(clamping: count)) : .done(count)
    }

    func sendEOF(_ handle: SSHChannelHandle) -> SSHStep<Void> {
        Self.step(unsafe onChannel(handle, otherwise: 0) { unsafe libssh2_channel_send_eof($0) })
    }

    /// Bytes that the peer may still send before somebody reads.
    func windowLeft(_ handle: SSHChannelHandle) -> Int {
        var available: UInt = 0
        return unsafe onChannel(handle, otherwise: Int.max) { channel in
            let window = unsafe libssh2_channel_window_read_ex(channel, &available, nil)
            return Int(clamping: window) - Int(clamping: available)
        }
    }

    /// Whether the peer has announced the end of both streams, read or not. Only while the connection lives.
    func peerHasEnded(_ handle: SSHChannelHandle) -> Bool {
        unsafe onChannel(handle, otherwise: 0) { unsafe libssh2_channel_wait_eof($0) } == 0
    }

    /// Whether both streams have ended and been read.
    func isAtEnd(_ handle: SSHChannelHandle) -> Bool {
        unsafe onChannel(handle, otherwise: 1) { unsafe libssh2_channel_eof($0) } != 0
    }

    /// Whether the peer has closed the channel. Meaningless once the connection is gone: then libssh2 says yes to all.
    func isClosedByPeer(_ handle: SSHChannelHandle) -> Bool {
        unsafe onChannel(handle, otherwise: 0) { unsafe libssh2_channel_wait_closed($0) } == 0
    }

    /// How the command ended, as far as the peer has said so by now.
    func exit(_ handle: SSHChannelHandle) -> SSHExit {
        unsafe onChannel(handle, otherwise: .unknown) { channel in
            var signal: UnsafeMutablePointer<CChar>?
            if unsafe libssh2_channel_get_exit_signal(channel, &signal, nil, nil, nil, nil, nil) == 0,
                let signal = unsafe signal
            {
                defer { unsafe free(signal) }
                return .signal(unsafe String(cString: signal))
            }
            let status = unsafe libssh2_channel_get_exit_status(channel)
            return status != 0 || wire.exitStatuses.contains(handle.number) ? .status(status) : .unknown
        }
    }

    /// Closes and frees. "Again" until the peer has closed too, which OpenSSH does only when the command has ended.
    func close(_ handle: SSHChannelHandle) -> SSHStep<Void> {
        Self.step(unsafe onChannel(handle, otherwise: 0) { unsafe libssh2_channel_free($0) })
    }
}
