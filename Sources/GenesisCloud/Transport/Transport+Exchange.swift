internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

extension Transport {
    /// Sends and reads within the request's time limit.
    func exchange(_ call: Call, _ sent: SentFlag) async throws -> Answer {
        let request = request(for: call, sent)
        let limit = configuration.requestTimeout
        let maximum = configuration.maximumResponseBytes
        let client = call.changesSomething ? connections.writing : connections.reading
        return try await withThrowingTaskGroup(of: Answer.self) { group in
            group.addTask {
                // The deadline here is only a fence behind ours, which also covers the body of the answer.
                let response = try await client.execute(request, timeout: .nanoseconds(limit.nanoseconds * 2))
                let body = try await response.body.collect(upTo: maximum)
                // A cancelled reader is handed the bytes so far as if they were all.
                try Task.checkCancellation()
                let seconds = response.headers.first(name: "Retry-After").flatMap { UInt32($0) }
                return Answer(
                    status: Int(response.status.code), body: body, retryAfter: seconds.map { .seconds(Int64($0)) },
                    date: response.headers.first(name: "Date"))
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
        request.method = .init(rawValue: call.operation.method)
        request.headers.add(name: "Authorization", value: "Bearer \(token.value)")
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "genesis-cloud-swift")
        if let body = call.body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .stream(AnnouncedBody(buffer: body, sent: sent), length: .known(Int64(body.readableBytes)))
        }
        return request
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
