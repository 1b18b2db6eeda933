internal import NIOCore

/// One request, as the API's methods describe it.
struct Call: Sendable {
    let operation: APIOperation
    /// Relative to the endpoint, percent-encoded.
    let path: String
    var query: String = ""
    var body: ByteBuffer?

    /// - Parameter id: what stands for the braces in the operation's path.
    /// - Throws: ``GenesisCloudError`` `validation`.
    init(_ operation: APIOperation, _ id: String? = nil, query: String = "") throws {
        self.operation = operation
        self.query = query
        guard let open = operation.path.firstIndex(of: "{"), let close = operation.path.firstIndex(of: "}") else {
            path = operation.path
            return
        }
        // No id can reach another resource than its own: an empty one would turn "this instance" into "all of them".
        let id = id ?? ""
        guard RequestRules.isPlain(id) else {
            throw GenesisCloudError(
                code: .validation, message: "\"\(id.prefix(100))\" is not an id of this API; nothing was sent",
                operation: operation, field: String(operation.path[operation.path.index(after: open)..<close]))
        }
        path = operation.path[..<open] + id + operation.path[operation.path.index(after: close)...]
    }

    var changesSomething: Bool { operation.effect != .read }
    var location: GenesisCloudError.Location { .init(method: operation.method, path: path) }

    /// What an error's sentence ends with: what is known of the request's effect.
    func aftermath(mayHaveTakenEffect: Bool, _ code: GenesisCloudError.Code) -> String {
        guard changesSomething else { return "" }
        switch (mayHaveTakenEffect, operation.effect) {
        case (true, .unsafe): return "; outcome unknown: the cloud may have acted on it, so look before you repeat it"
        case (true, _): return "; the cloud may have acted on it all the same"
        case (false, _):
            return [.connection, .timeout, .rateLimited].contains(code) ? "; nothing was done, it may be repeated" : ""
        }
    }
}

struct Answer: Sendable {
    var status: Int
    var body: ByteBuffer
    var retryAfter: Duration?
    var date: String?
}
