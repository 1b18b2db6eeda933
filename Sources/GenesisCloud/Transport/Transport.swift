internal import AsyncHTTPClient
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Sends calls: turns, limits, repetition by operation class, and what a failure means.
struct Transport: Sendable {
    let endpoint: GenesisCloudClient.Endpoint
    let token: Token
    let configuration: GenesisCloudClient.Configuration
    let connections: Connections
    let limiter: RateLimiter?
    let budget: RetryBudget
    let logger: Logger
    /// At least this urgent, whatever the operation.
    var priority = RequestPriority.read
    /// Beside the configuration's.
    var observers: [any RequestObserver] = []

    /// The body of a 2xx answer.
    /// - Throws: ``GenesisCloudError``.
    func send(_ call: Call) async throws -> ByteBuffer {
        guard token.isSendable else {
            throw GenesisCloudError(
                code: .unauthorized,
                message: token.value.isEmpty
                    ? "there is no API token" : "the API token contains characters that no token has; copy it again",
                operation: call.operation, location: call.location)
        }
        let deadline = configuration.time.now() + configuration.operationTimeout
        budget.earn()
        var attempt = 1
        // Of any sending so far.
        var mayHaveTakenEffect = false
        while true {
            do {
                let waited = try await turn(call, deadline)
                return try await sendOnce(call, attempt: attempt, waited: waited)
            } catch var error as GenesisCloudError {
                if error.code == .rateLimited { limiter?.refused(retryAfter: error.retryAfter) }
                // The lost sending did it, or someone else: what was asked for is the case.
                if error.code == .notFound, mayHaveTakenEffect, call.operation.method == "DELETE" {
                    return ByteBuffer()
                }
                if mayHaveTakenEffect, !error.requestMayHaveTakenEffect {
                    error.requestMayHaveTakenEffect = true
                    error.message += "; but an earlier sending of it may have taken effect"
                }
                mayHaveTakenEffect = error.requestMayHaveTakenEffect
                guard let pause = pause(after: error, of: call, attempt: attempt),
                    configuration.time.now() + pause < deadline
                else { throw error }
                do { try await configuration.time.sleep(for: pause) } catch {
                    throw cancelled(call, sent: mayHaveTakenEffect)
                }
                attempt += 1
            }
        }
    }

    /// Waits for the rate limit, not longer than the operation may take.
    /// - Returns: how long it waited.
    private func turn(_ call: Call, _ deadline: Duration) async throws -> Duration {
        guard let limiter, !limiter.turnNow() else { return .zero }
        let started = configuration.time.now()
        let priority = max(priority, call.operation.priority)
        do {
            try await withDeadline(deadline) { try await limiter.turn(priority) }
        } catch is TimeIsUp {
            throw GenesisCloudError(
                code: .timeout,
                message: "\(call.location): its turn did not come within \(configuration.operationTimeout), at "
                    + "\(limiter.rate) requests per second and \(limiter.waiting) waiting; it was not sent",
                operation: call.operation, location: call.location)
        } catch {
            throw cancelled(call, sent: false)
        }
        return configuration.time.now() - started
    }

    private func withDeadline(_ deadline: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
        let time = configuration.time
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await time.sleep(for: max(.zero, deadline - time.now()))
                throw TimeIsUp()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// How long to wait before repeating, or `nil` when repeating is not allowed or pointless.
    private func pause(after error: GenesisCloudError, of call: Call, attempt: Int) -> Duration? {
        let policy = configuration.retry
        guard call.operation.effect != .unsafe, attempt < policy.maximumAttempts else { return nil }
        switch error.code {
        case .connection, .timeout, .server: guard budget.spend() else { return nil }
        // The limiter keeps those in check.
        case .rateLimited: break
        default: return nil
        }
        if let asked = error.retryAfter {
            return asked <= policy.longestRetryAfter ? asked : nil
        }
        var pause = policy.firstPause ?? (endpoint.isLoopback ? .milliseconds(10) : .milliseconds(250))
        for _ in 1..<attempt where pause < policy.longestPause { pause *= 2 }
        return min(pause, policy.longestPause) * configuration.jitter()
    }

    private func sendOnce(_ call: Call, attempt: Int, waited: Duration) async throws -> ByteBuffer {
        let started = ContinuousClock.now
        let sent = SentFlag()
        var record = RequestRecord(
            operation: call.operation, method: call.operation.method, path: call.path + call.query, duration: .zero,
            waited: waited, attempt: attempt, requestBytes: call.body?.readableBytes ?? 0, responseBytes: 0)
        defer {
            record.duration = ContinuousClock.now - started
            tell(record)
        }
        let answer: Answer
        do {
            answer = try await exchange(call, sent)
        } catch {
            let error = failure(error, of: call, sent: sent.isSet)
            record.error = error.code
            throw error
        }
        record.status = answer.status
        record.responseBytes = answer.body.readableBytes
        record.serverDate = answer.date
        guard (200..<300).contains(answer.status) else {
            let error = GenesisCloudError(answer: answer, to: call, endpoint: endpoint, token: token)
            record.error = error.code
            throw error
        }
        return answer.body
    }

    private func tell(_ record: RequestRecord) {
        configuration.observer?.requestEnded(record)
        for observer in observers { observer.requestEnded(record) }
        logger.debug(
            "request",
            metadata: [
                "operation": .string(record.operation.name), "method": .string(record.method),
                "path": .string(record.path), "attempt": .stringConvertible(record.attempt),
                "milliseconds": .stringConvertible(record.duration.inMilliseconds),
            ].merging(record.status.map { ["status": .stringConvertible($0)] } ?? [:]) { $1 }
                .merging(record.error.map { ["error": .string($0.rawValue)] } ?? [:]) { $1 })
    }
}

private struct TimeIsUp: Error {}
