/// What one look said.
enum Poll<Value> {
    case done(Value)
    /// The state in the API's words, for the error when time is up.
    case notYet(String)
}

extension GenesisCloudClient {
    /// Looks again and again, often at first, then less.
    ///
    /// Failures that may pass do not end it: waiting is for as long as the caller said.
    func poll<Value>(
        _ what: String, _ words: String, _ timeout: Duration, _ look: () async throws -> Poll<Value>
    ) async throws -> Value {
        let time = configuration.time
        let deadline = time.now() + timeout
        let pace = configuration.polling ?? .suiting(endpoint)
        var pause = pace.firstPause
        var last = "nothing was seen"
        while true {
            do {
                switch try await look() {
                case .done(let value): return value
                case .notYet(let state): last = state
                }
            } catch let error as GenesisCloudError where error.mayBeRepeated {
                last = error.message
            }
            let left = deadline - time.now()
            guard left > .zero else {
                throw GenesisCloudError(
                    code: .timeout, message: "\(what) is not \(words) after \(timeout): \(last)",
                    operation: nil)
            }
            do { try await time.sleep(for: min(pause * configuration.jitter(), left)) } catch {
                throw GenesisCloudError(code: .cancelled, message: "waiting for \(what): cancelled")
            }
            pause = min(pace.longestPause, pause * 3 / 2)
        }
    }
}

extension GenesisCloudClient.PollPolicy {
    static func suiting(_ endpoint: GenesisCloudClient.Endpoint) -> Self {
        endpoint.isLoopback
            ? Self(firstPause: .milliseconds(5), longestPause: .milliseconds(250))
            : Self(firstPause: .seconds(1), longestPause: .seconds(5))
    }
}
