import CLibSSH2

/// Ways to log in. Each call is repeated unchanged until it no longer says "again".
extension LibSSH2Session {
    /// What the server offers to this user, or `nil` when it asks for nothing and the user is in. Sends the method "none"
    /// (RFC 4252 5.2).
    func offeredMethods(user: String) -> SSHStep<[String]?> {
        var offered: [String] = []
        let asked = unsafe step { session in
            if let list = unsafe libssh2_userauth_list(session, user, UInt32(clamping: user.utf8.count)) {
                let text = unsafe String(cString: list)
                offered = text.split(separator: ",").prefix(32).map { printable($0) }
                return 0
            }
            let code = unsafe libssh2_session_last_errno(session)
            if code != 0 { return code }
            return unsafe libssh2_userauth_authenticated(session) != 0 ? 1 : LIBSSH2_ERROR_PROTO
        }
        switch asked {
        case .again: return .again
        case .failed(let code): return .failed(code)
        case .done: return .done(isAuthenticated ? nil : offered)
        }
    }

    private var isAuthenticated: Bool {
        var answer = false
        _ = unsafe step { session in
            answer = unsafe libssh2_userauth_authenticated(session) != 0
            return 0
        }
        return answer
    }

    func authenticate(user: String, password: String) -> SSHStep<Void> {
        unsafe step { session in
            // The callback for a new password offers none: that makes it an error of its own, instead of a refusal.
            unsafe libssh2_userauth_password_ex(
                session, user, UInt32(clamping: user.utf8.count), password, UInt32(clamping: password.utf8.count)
            ) { _, _, _, _ in }
        }
    }

    /// Answers the server's questions; see ``SSHResponder/failure`` for whether it still does.
    func authenticate(user: String, responder: SSHResponder) -> SSHStep<Void> {
        // libssh2 1.10 checks the length of the challenge's name against another field, and copies as much as the server
        // says beyond the packet's end. No block may be larger than any packet, and behind each is as much that is ours.
        wire.responder = responder
        padBlocks(largest: 48 << 10)
        defer {
            wire.responder = nil
            padBlocks(largest: 0)
        }
        return unsafe step { session in
            unsafe libssh2_userauth_keyboard_interactive_ex(
                session, user, UInt32(clamping: user.utf8.count), Self.respond)
        }
    }

    private static let respond:
        @convention(c) (
            UnsafePointer<CChar>?, Int32, UnsafePointer<CChar>?, Int32, Int32,
            UnsafePointer<LIBSSH2_USERAUTH_KBDINT_PROMPT>?, UnsafeMutablePointer<LIBSSH2_USERAUTH_KBDINT_RESPONSE>?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Void = { name, nameCount, instruction, instructionCount, count, prompts, responses, abstract in
            guard let abstract = unsafe abstract, let box = unsafe abstract.pointee else { return }
            let owner = unsafe box.assumingMemoryBound(to: clibssh2_box.self).pointee.owner
            let wire = unsafe Unmanaged<SSHWire>.fromOpaque(owner).takeUnretainedValue()
            func text(_ start: UnsafeRawPointer?, _ count: Int) -> String {
                unsafe String(
                    decoding: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count), as: UTF8.self)
            }
            var questions: [SSHChallenge.Prompt] = []
            if let prompts = unsafe prompts {
                for index in 0..<Int(count) {
                    let prompt = unsafe prompts[index]
                    questions.append(
                        .init(
                            text: unsafe text(prompt.text, Int(prompt.length)), isEchoed: unsafe prompt.echo != 0))
                }
            }
            let answers = wire.responder?.respond(
                name: unsafe text(name, Int(nameCount)), instruction: unsafe text(instruction, Int(instructionCount)),
                prompts: questions)
            // Answers that are not filled in are sent empty; the login is ended before that.
            guard let answers, let responses = unsafe responses else { return }
            for (index, answer) in answers.enumerated() where !answer.isEmpty {
                let bytes = Array(answer.utf8)
                let allocator = unsafe UnsafeMutableRawPointer(abstract)
                    .assumingMemoryBound(to: UnsafeMutableRawPointer.self)
                guard let copy = unsafe clibssh2_alloc(bytes.count, allocator) else { return }
                unsafe copy.copyMemory(from: bytes, byteCount: bytes.count)
                unsafe responses[index].text = copy.assumingMemoryBound(to: CChar.self)
                unsafe responses[index].length = numericCast(bytes.count)
            }
        }

    /// Public key authentication; no private key enters C.
    func authenticate(user: String, signer: SSHSigner) -> SSHStep<Void> {
        let blob = signer.publicKey.blob
        // libssh2 reads the context only inside this call: a repeated call passes it anew.
        return withExtendedLifetime(signer) {
            var context: UnsafeMutableRawPointer? = unsafe Unmanaged.passUnretained(signer).toOpaque()
            return unsafe step {
                unsafe libssh2_userauth_publickey($0, user, blob, blob.count, Self.sign, &context)
            }
        }
    }

    private static let sign:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?, UnsafeMutablePointer<Int>?,
            UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Int32 = { session, signature, signatureCount, message, messageCount, context in
            guard let session = unsafe session, let signer = unsafe context?.pointee, let signature = unsafe signature,
                let signatureCount = unsafe signatureCount
            else { return -1 }
            let bytes = unsafe Array(UnsafeBufferPointer(start: message, count: messageCount))
            switch unsafe Unmanaged<SSHSigner>.fromOpaque(signer).takeUnretainedValue().signature(for: bytes) {
            case .pending:
                // libssh2 says "again" and asks anew in the next call, with the same bytes.
                return LIBSSH2_ERROR_EAGAIN
            case .failed:
                return -1
            case .ready(let signed):
                guard let copy = unsafe clibssh2_session_alloc(session, signed.count) else { return -1 }
                unsafe copy.copyMemory(from: signed, byteCount: signed.count)
                unsafe signature.pointee = unsafe copy.assumingMemoryBound(to: UInt8.self)
                unsafe signatureCount.pointee = signed.count
                return 0
            }
        }

    /// A refusal leaves the connection usable for another method; anything else does not.
    static func isRefusal(_ code: Int32) -> Bool {
        code == LIBSSH2_ERROR_AUTHENTICATION_FAILED || code == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED
    }
}
