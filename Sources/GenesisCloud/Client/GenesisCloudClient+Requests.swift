internal import Foundation
internal import NIOCore

extension GenesisCloudClient {
    /// `{"<key>": {…}}`, or the bare object where `key` is `nil`.
    func request<T: Decodable>(
        _ operation: APIOperation, _ id: String? = nil, query: String = "", body: (any CheckedBody)? = nil,
        key: String? = nil, as type: T.Type = T.self
    ) async throws -> T {
        let call = try makeCall(operation, id, query, body)
        let answer = try await transport.send(call)
        guard let key else { return try decode(T.self, from: answer, of: call) }
        return try decode(Envelope<T>.self, key: key, from: answer, of: call).content
    }

    /// For answers without content.
    func perform(_ operation: APIOperation, _ id: String? = nil, body: (any CheckedBody)? = nil) async throws {
        _ = try await transport.send(try makeCall(operation, id, "", body))
    }

    private func makeCall(
        _ operation: APIOperation, _ id: String?, _ query: String, _ body: (any CheckedBody)?
    ) throws -> Call {
        var call = try Call(operation, id, query: query)
        guard let body else { return call }
        do {
            try body.check()
            call.body = ByteBuffer(bytes: try JSONEncoder.genesisCloud().encode(body))
            return call
        } catch var error as GenesisCloudError {
            error.operation = operation
            error.location = call.location
            error.message = "\(call.location): \(error.message)"
            throw error
        } catch {
            throw GenesisCloudError(
                code: .validation, message: "\(call.location): the request cannot be written as JSON",
                operation: operation, location: call.location)
        }
    }

    /// - Parameter key: under which a ``Page`` or ``Envelope`` finds its content.
    func decode<T: Decodable>(
        _ type: T.Type, key: String? = nil, from body: ByteBuffer, of call: Call
    ) throws -> T {
        let decoder = JSONDecoder()
        if let key, let info = CodingUserInfoKey.contentKey { decoder.userInfo[info] = key }
        do {
            return try decoder.decode(type, from: Data(body.readableBytesView))
        } catch {
            throw unreadable(call, "the answer cannot be read: \(Self.words(for: error))")
        }
    }

    func unreadable(_ call: Call, _ words: String) -> GenesisCloudError {
        let effect = call.aftermath(mayHaveTakenEffect: call.changesSomething, .badResponse)
        return GenesisCloudError(
            code: .badResponse, message: "\(call.location) at \(endpoint.authority): \(words)\(effect)",
            operation: call.operation, requestMayHaveTakenEffect: call.changesSomething, location: call.location)
    }

    /// Which field was wrong, never its value.
    private static func words(for error: any Error) -> String {
        func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
            (context.codingPath + (last.map { [$0] } ?? [])).map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
                .joined(separator: ".")
        }
        guard let error = error as? DecodingError else { return "it is not JSON" }
        switch error {
        case .keyNotFound(let key, let context): return "\(path(context, key)) is missing"
        case .valueNotFound(_, let context): return "\(path(context)) is null"
        case .typeMismatch(_, let context): return "\(path(context)) is of another type"
        case .dataCorrupted: return "it is not JSON"
        @unknown default: return "it is not what the API promises"
        }
    }
}

extension CodingUserInfoKey {
    static let contentKey = CodingUserInfoKey(rawValue: "genesis-cloud.content-key")
}

/// `{"<key>": content}`
struct Envelope<Content: Decodable>: Decodable {
    let content: Content

    init(from decoder: any Decoder) throws {
        let key = CodingUserInfoKey.contentKey.flatMap { decoder.userInfo[$0] as? String } ?? "content"
        content = try decoder.container(keyedBy: AnyKey.self).decode(Content.self, forKey: AnyKey(key))
    }
}
