import Foundation
import Glibc
import LocalCloud
import Logging
import NIOPosix
import Subprocess

/// One answer of the cloud.
struct Answer: Sendable {
    let status: Int
    let body: String

    struct Instance: Decodable, Sendable {
        let id: String
        let status: String
        let public_ip: String?
        let ssh_port: Int?
    }
    private struct Wrapped: Decodable { let instance: Instance }
    private struct Identified: Decodable { let id: String }
    private struct WrappedSnapshot: Decodable { let snapshot: Identified }

    func instance() throws -> Instance { try JSONDecoder().decode(Wrapped.self, from: Data(body.utf8)).instance }
    func snapshotID() throws -> String {
        try JSONDecoder().decode(WrappedSnapshot.self, from: Data(body.utf8)).snapshot.id
    }
    /// The text found by following the keys; `nil` when there is none.
    func field(_ path: String...) -> String? {
        var value = try? JSONSerialization.jsonObject(with: Data(body.utf8))
        for key in path { value = (value as? [String: Any])?[key] }
        return value as? String
    }

    func id() throws -> String { try JSONDecoder().decode(Identified.self, from: Data(body.utf8)).id }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
}

/// The smallest client that can be trusted: one blocking connection per request, no library of the project.
struct CloudClient: Sendable {
    let endpoint: LocalCloudEndpoint
    var token: String?

    func call(
        _ method: String, _ path: String, _ body: String = "", headers: [String: String] = [:]
    ) async throws -> Answer {
        let port = Int(endpoint.url.split(separator: ":")[2].split(separator: "/")[0]) ?? 0
        let target = path.hasPrefix("/_") ? path : "/compute/v1\(path)"
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if let token = token ?? endpoint.token as String?, !token.isEmpty {
            head += "Authorization: Bearer \(token)\r\n"
        }
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { head += "\(name): \(value)\r\n" }
        head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        let bytes = Array((head + body).utf8)
        return try await NIOThreadPool.singleton.runIfActive { try Self.exchange(port, bytes) }
    }

    private static func exchange(_ port: Int, _ request: [UInt8]) throws -> Answer {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0, send(file, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw TestFailure(description: "no connection")
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(file, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else {
            throw TestFailure(description: "no answer")
        }
        return Answer(status: status, body: String(text[end.upperBound...]))
    }

    func waitForInstance(_ id: String, _ status: String) async throws -> Answer.Instance {
        try await eventually("instance \(status)") {
            let instance = try await call("GET", "/instances/\(id)").instance()
            return instance.status == status ? instance : nil
        }
    }
}

/// Polls until there is a value; a test that waits for nothing fails.
func eventually<T>(_ what: String, within limit: Duration = .seconds(20), _ look: () async throws -> T?) async throws
    -> T
{
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if let found = try await look() { return found }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw TestFailure(description: "never: \(what)")
}

/// A folder of its own, removed at the end.
func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    var template = Array("/var/tmp/local-cloud-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure(description: "no folder") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

/// Runs a local cloud beside `body`, which gets a client of it. The cloud must have ended by itself, unless `body` leaves
/// it running, when its task is cancelled (instances stay).
func withCloud<T: Sendable>(
    _ home: String, _ backend: LocalCloudConfiguration.Backend, idle: Duration = .seconds(600),
    _ change: (inout LocalCloudConfiguration) -> Void = { _ in },
    _ body: @Sendable (CloudClient) async throws -> T
) async throws -> T {
    var configuration = LocalCloudConfiguration(home: home, backend: backend, build: "test", idleLimit: idle)
    change(&configuration)
    let cloud = LocalCloud(
        configuration: configuration,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await cloud.run() }
        let endpoint = try await eventually("endpoint") { LocalCloudEndpoint.read(home: home) }
        let result = try await body(CloudClient(endpoint: endpoint))
        group.cancelAll()
        try await group.waitForAll()
        return result
    }
}

/// Runs a program to its end.
func command(_ words: [String]) async throws -> (succeeded: Bool, output: String) {
    let result = try await run(
        .name(words[0]), arguments: Arguments(Array(words.dropFirst())), output: .string(limit: 1 << 20),
        error: .combinedWithOutput)
    return (result.terminationStatus.isSuccess, result.standardOutput)
}

/// A fresh Ed25519 key pair: the private key's path, and both texts.
struct KeyPair: Sendable {
    let path: String
    let secret: String
    let line: String

    static func make(_ path: String) async throws -> KeyPair {
        let made = try await command(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path])
        guard made.succeeded else { throw TestFailure(description: made.output) }
        let secret = try String(contentsOfFile: path, encoding: .utf8)
        let line = try String(contentsOfFile: path + ".pub", encoding: .utf8)
        return KeyPair(path: path, secret: secret, line: line.trimmingCharacters(in: .newlines))
    }

    /// Logs in and runs `words`; the host key must be `pinned`.
    func ssh(_ instance: Answer.Instance, pinned: KeyPair, _ words: String) async throws -> (
        succeeded: Bool, output: String
    ) {
        let host = instance.public_ip ?? ""
        let port = instance.ssh_port ?? 22
        let name = port == 22 ? host : "[\(host)]:\(port)"
        try "\(name) \(pinned.line)\n".write(toFile: path + ".known", atomically: true, encoding: .utf8)
        return try await command([
            "ssh", "-F", "/dev/null", "-i", path, "-p", "\(port)", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
            "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=\(path).known",
            "ubuntu@\(host)", words,
        ])
    }
}
