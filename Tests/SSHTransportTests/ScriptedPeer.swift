import Crypto
import Foundation
import NIOCore

@testable import SSHTransport

/// The server's side of one connection: curve25519-sha256, ssh-ed25519, aes128-ctr, hmac-sha2-256 (RFC 4253, RFC 8731).
final class ScriptedPeer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let banner = "SSH-2.0-Scripted"
    private let hostKey: SSHPrivateKey
    private let script: ScriptedServer.Script
    private var inbound: [UInt8] = []
    private var clientBanner: [UInt8]?
    private var clientProposal: [UInt8] = []
    private var proposal: [UInt8] = []
    private var readKeys: Keys?
    private var writeKeys: Keys?
    private var pendingReadKeys: Keys?
    private var plain: [UInt8] = []
    private var sent: UInt32 = 0

    private struct Keys {
        var cipher: AES128Counter
        let mac: SymmetricKey
    }

    init(hostKey: SSHPrivateKey, script: @escaping ScriptedServer.Script) {
        self.hostKey = hostKey
        self.script = script
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(NIOAny(ByteBuffer(string: Self.banner + "\r\n")), promise: nil)
        proposal = Say.message(20) { writer in
            writer.raw([UInt8](repeating: 7, count: 16))
            for list in [
                "curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256",
                "none",
                "none", "", "",
            ] { writer.string(list) }
            writer.raw([0])
            writer.integer(0)
        }
        send(proposal, context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        inbound += unwrapInboundIn(data).readableBytesView
        if clientBanner == nil {
            guard let end = inbound.firstIndex(of: 10) else { return }
            clientBanner = inbound[..<end].filter { $0 != 13 }
            inbound.removeFirst(end + 1)
        }
        while let message = nextMessage() { handle(message, context) }
    }

    private func handle(_ message: [UInt8], _ context: ChannelHandlerContext) {
        switch message.first {
        case 20: clientProposal = message
        case 30: exchange(message, context)
        case 21:
            readKeys = pendingReadKeys
        case 5: send(Say.message(6) { $0.string("ssh-userauth") }, context)
        case 1, nil: context.close(promise: nil)
        default: for answer in script(message) { send(answer, context) }
        }
    }

    private func exchange(_ message: [UInt8], _ context: ChannelHandlerContext) {
        var reader = SSHBlobReader(message.dropFirst())
        let own = Curve25519.KeyAgreement.PrivateKey()
        guard let theirs = reader.string(),
            let theirKey = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: theirs),
            let secret = try? own.sharedSecretFromKeyAgreement(with: theirKey)
        else { return context.close(promise: nil) }
        var hashed = SSHBlobWriter()
        hashed.string(clientBanner ?? [])
        hashed.string(Self.banner)
        hashed.string(clientProposal)
        hashed.string(proposal)
        hashed.string(hostKey.publicKey.blob)
        hashed.string(theirs)
        hashed.string(Array(own.publicKey.rawRepresentation))
        hashed.mpint(secret.withUnsafeBytes { Array($0) })
        let hash = Array(SHA256.hash(data: hashed.bytes))
        var signature = SSHBlobWriter()
        signature.string("ssh-ed25519")
        signature.string((try? hostKey.signature(for: hash)) ?? [])
        send(
            Say.message(31) {
                $0.string(hostKey.publicKey.blob)
                $0.string(Array(own.publicKey.rawRepresentation))
                $0.string(signature.bytes)
            }, context)
        send([21], context)
        func derived(_ letter: Character) -> [UInt8] {
            var writer = SSHBlobWriter()
            writer.mpint(secret.withUnsafeBytes { Array($0) })
            writer.raw(hash + String(letter).utf8 + hash)
            return Array(SHA256.hash(data: writer.bytes))
        }
        func keys(_ start: Character, _ key: Character, _ mac: Character) -> Keys {
            Keys(
                cipher: AES128Counter(key: Array(derived(key).prefix(16)), start: Array(derived(start).prefix(16))),
                mac: SymmetricKey(data: derived(mac)))
        }
        pendingReadKeys = keys("A", "C", "E")
        writeKeys = keys("B", "D", "F")
    }

    /// Binary packets (RFC 4253 6).
    private func nextMessage() -> [UInt8]? {
        let block = readKeys == nil ? 8 : 16
        if plain.isEmpty {
            guard inbound.count >= block else { return nil }
            plain = take(block)
        }
        let length = plain[0..<4].reduce(0) { $0 << 8 | Int($1) }
        let rest = max(0, 4 + length - plain.count)
        let mac = readKeys == nil ? 0 : 32
        guard inbound.count >= rest + mac else { return nil }
        plain += take(rest)
        inbound.removeFirst(mac)
        defer { plain = [] }
        return Array(plain[5..<max(5, 4 + length - Int(plain[4]))])
    }

    private func take(_ count: Int) -> [UInt8] {
        defer { inbound.removeFirst(count) }
        return readKeys?.cipher.applied(to: Array(inbound.prefix(count))) ?? Array(inbound.prefix(count))
    }

    private func send(_ message: [UInt8], _ context: ChannelHandlerContext) {
        let block = writeKeys == nil ? 8 : 16
        var padding = block - (5 + message.count) % block
        if padding < 4 { padding += block }
        var packet = SSHBlobWriter()
        packet.integer(UInt32(1 + message.count + padding))
        packet.raw([UInt8(padding)] + message + [UInt8](repeating: 0, count: padding))
        var bytes = packet.bytes
        if let keys = writeKeys {
            var counted = SSHBlobWriter()
            counted.integer(sent)
            counted.raw(bytes)
            let code = HMAC<SHA256>.authenticationCode(for: counted.bytes, using: keys.mac)
            bytes = writeKeys?.cipher.applied(to: bytes) ?? []
            bytes += code
        }
        sent &+= 1
        context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
    }
}
