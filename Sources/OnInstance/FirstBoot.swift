public import MayflyCore

/// The document that prepares an instance before anybody connects: host key, client key, expiry guard, startup script.
public enum FirstBoot {
    public struct Request: Sendable {
        /// The attempt's; letters and digits.
        public var nonce: String
        /// The login user.
        public var user: String
        /// OpenSSH private key text (Ed25519).
        public var hostPrivateKey: String
        public var hostPublicKey: String
        public var clientPublicKey: String
        /// 30 minutes after this the instance powers itself off.
        public var expiry: WallTime
        public var startupScript: StartupScript?

        public init(
            nonce: String, user: String, hostPrivateKey: String, hostPublicKey: String, clientPublicKey: String,
            expiry: WallTime, startupScript: StartupScript?
        ) {
            self.nonce = nonce
            self.user = user
            self.hostPrivateKey = hostPrivateKey
            self.hostPublicKey = hostPublicKey
            self.clientPublicKey = clientPublicKey
            self.expiry = expiry
            self.startupScript = startupScript
        }
    }

    /// What the API takes (Instances page, "Create an Instance": metadata is limited to 64 KiB).
    public static let limit = 64 * 1024

    /// One `#cloud-config` as `startup_script` for no script or a script, which every account takes; `user_data` parts
    /// for a user's own cloud-config: ours first, the user's, ours last.
    /// - Throws: ``OnInstanceError`` `documentTooLarge` with both sizes, `invalidValue`.
    public static func document(for request: Request) throws(OnInstanceError) -> FirstBootDocument {
        try check(request)
        let config = CloudConfig(request)
        let document: FirstBootDocument
        let size: Int
        if let script = request.startupScript, script.kind == .cloudConfig {
            let parts = [
                part("mayfly-keys.cfg", config.keys),
                part("user.cfg", script.text),
                part("mayfly.cfg", config.afterUsers),
            ]
            document = .userData(parts)
            size = parts.reduce(0) { $0 + $1.content.utf8.count }
        } else {
            let text = config.whole
            document = .startupScript(text)
            size = text.utf8.count
        }
        guard size <= limit else {
            let own = request.startupScript?.text.utf8.count ?? 0
            throw OnInstanceError(
                code: .documentTooLarge,
                message: "the startup script is too large: it has \(own) bytes, the first-boot document made of it "
                    + "\(size), and the API takes \(limit); move the larger part into `setup` or the workdir")
        }
        return document
    }

    private static func part(_ filename: String, _ content: String) -> FirstBootDocument.Part {
        FirstBootDocument.Part(type: "text/cloud-config", filename: filename, content: content)
    }

    private static func check(_ request: Request) throws(OnInstanceError) {
        let isPlain = request.user.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".": true
            default: false
            }
        }
        guard isPlain, !request.user.isEmpty, !request.user.hasPrefix("-") else {
            throw OnInstanceError(code: .invalidValue, message: "\"\(request.user)\" is not a login user's name")
        }
        guard Supervisor.folderName(request.nonce) == request.nonce else {
            throw OnInstanceError(code: .invalidValue, message: "the attempt's nonce must be letters and digits")
        }
        for key in [request.hostPublicKey, request.clientPublicKey] {
            let trimmed = key.last == "\n" ? key.dropLast() : key[...]
            // By bytes where it can be: every attempt comes by here.
            let isPlain = trimmed.utf8.allSatisfy { (0x20...0x7e).contains($0) }
            guard !trimmed.isEmpty, isPlain || !trimmed.contains(where: \.isNewline) else {
                throw OnInstanceError(code: .invalidValue, message: "a public key must be one line")
            }
        }
    }
}
