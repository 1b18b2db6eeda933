internal import AsyncHTTPClient
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// One request, as the API's methods describe it.
struct Call: Sendable {
    enum Method: String, Sendable { case get = "GET", post = "POST", delete = "DELETE" }

    var method: Method
    /// Relative to the endpoint, percent-encoded.
    var path: String
    var query: String = ""
    var body: ByteBuffer?

    var changesSomething: Bool { method != .get }
    var location: GenesisCloudError.Location { .init(method: method.rawValue, path: path) }
}

struct Answer: Sendable {
    var status: Int
    var body: ByteBuffer
    var retryAfter: Duration?
}

/// Sends calls: authentication, limits, repetition of reads, and what a failure means.
struct Transport: Sendable {
    let endpoint: GenesisCloudClient.Endpoint
    let token: Token
    let configuration: GenesisCloudClient.Configuration
    let readClient: HTTPClient
    let writeClient: HTTPClient
    let logger: Logger

    /// The body of a 2xx answer.
    /// - Throws: ``GenesisCloudError``.
    func send(_ call: Call) async throws -> ByteBuffer {
        guard token.isSendable else {
            throw GenesisCloudError(
                code: .unauthorized,
                message: token.value.isEmpty
                    ? "there is no API token" : "the API token contains characters that no token has; copy it again",
                location: call.location)
        }
        var attempt = 1
        while true {
            do {
                return try await sendOnce(call, attempt: attempt)
            } catch let error as GenesisCloudError {
                guard let pause = pause(after: error, of: call, attempt: attempt) else { throw error }
                do { try await configuration.sleep(pause) } catch { throw cancelled(call, sent: false) }
                attempt += 1
            }
        }
    }

    /// How long to wait before repeating, or `nil` when repeating is not allowed or pointless.
    private func pause(after error: GenesisCloudError, of call: Call, attempt: Int) -> Duration? {
        guard !call.changesSomething, attempt < configuration.maximumAttempts else { return nil }
        switch error.code {
        case .connection, .timeout, .server, .rateLimited: break
        default: return nil
        }
        if let asked = error.retryAfter {
            return asked <= configuration.longestRetryAfter ? asked : nil
        }
        var pause = configuration.firstPause
        for _ in 1..<attempt where pause < configuration.longestPause { pause *= 2 }
        return min(pause, configuration.longestPause) * configuration.jitter()
    }

    private func sendOnce(_ call: Call, attempt: Int) async throws -> ByteBuffer {
        let started = ContinuousClock.now
        let sent = SentFlag()
        let answer: Answer
        do {
            answer = try await exchange(call, sent)
        } catch {
            let error = failure(error, of: call, sent: sent.isSet)
            log(call, attempt, started, ["error": .string(error.code.rawValue)])
            throw error
        }
        log(call, attempt, started, ["status": .stringConvertible(answer.status)])
        guard (200..<300).contains(answer.status) else {
            throw GenesisCloudError(answer: answer, to: call, endpoint: endpoint, token: token)
        }
        return answer.body
    }

    /// Sends and reads within the request's time limit.
    private func exchange(_ call: Call, _ sent: SentFlag) async throws -> Answer {
        let request = request(for: call, sent)
        let limit = configuration.requestTimeout
        let maximum = configuration.maximumResponseBytes
        let client = call.changesSomething ? writeClient : readClient
        return try await withThrowingTaskGroup(of: Answer.self) { group in
            group.addTask {
                // The deadline here is only a fence behind ours, which also covers the body of the answer.
                let response = try await client.execute(request, timeout: .nanoseconds(limit.nanoseconds * 2))
                let body = try await response.body.collect(upTo: maximum)
                // A cancelled reader is handed the bytes so far as if they were all.
                try Task.checkCancellation()
                let seconds = response.headers.first(name: "Retry-After").flatMap { UInt32($0) }
                return Answer(
                    status: Int(response.status.code), body: body, retryAfter: seconds.map { .seconds(Int64($0)) })
            }
            group.addTask {
                try await Task.sleep(for: limit)
                throw RequestTimedOut()
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw RequestTimedOut() }
            return answer
        }
    }

    private func request(for call: Call, _ sent: SentFlag) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "\(endpoint)\(call.path)\(call.query)")
        request.method = .init(rawValue: call.method.rawValue)
        request.headers.add(name: "Authorization", value: "Bearer \(token.value)")
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "genesis-cloud-swift")
        if let body = call.body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .stream(AnnouncedBody(buffer: body, sent: sent), length: .known(Int64(body.readableBytes)))
        }
        return request
    }

    private func log(_ call: Call, _ attempt: Int, _ started: ContinuousClock.Instant, _ more: Logger.Metadata) {
        logger.debug(
            "request",
            metadata: [
                "method": .string(call.method.rawValue), "path": .string(call.path),
                "attempt": .stringConvertible(attempt),
                "milliseconds": .stringConvertible((ContinuousClock.now - started).nanoseconds / 1_000_000),
            ].merging(more) { $1 })
    }
}

struct RequestTimedOut: Error {}

extension Duration {
    /// Saturating, for an API that counts in `Int64` nanoseconds.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        guard abs(seconds) < 4_000_000_000 else {
            return seconds < 0 ? -4_000_000_000_000_000_000 : 4_000_000_000_000_000_000
        }
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
