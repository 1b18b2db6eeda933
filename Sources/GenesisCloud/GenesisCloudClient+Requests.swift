internal import Foundation
internal import NIOCore

extension GenesisCloudClient {
    func get<T: Decodable>(_ path: String, as type: T.Type) async throws -> T {
        let call = Call(method: .get, path: path)
        return try decode(type, from: try await transport.send(call), of: call)
    }

    func post<T: Decodable>(_ path: String, _ body: some Encodable, as type: T.Type) async throws -> T {
        var call = Call(method: .post, path: path)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            call.body = ByteBuffer(bytes: try encoder.encode(body))
        } catch {
            throw GenesisCloudError(
                code: .validation, message: "\(call.location): the request cannot be written as JSON",
                location: call.location)
        }
        return try decode(type, from: try await transport.send(call), of: call)
    }

    func delete(_ path: String) async throws {
        _ = try await transport.send(Call(method: .delete, path: path))
    }

    /// - Parameter key: under which a ``Page`` finds its items.
    func decode<T: Decodable>(
        _ type: T.Type, key: String? = nil, from body: ByteBuffer, of call: Call
    ) throws -> T {
        let decoder = JSONDecoder()
        if let key, let info = Page<String>.keyInfo { decoder.userInfo[info] = key }
        do {
            return try decoder.decode(type, from: Data(body.readableBytesView))
        } catch {
            throw unreadable(call, "the answer cannot be read: \(Self.words(for: error))")
        }
    }

    func unreadable(_ call: Call, _ words: String) -> GenesisCloudError {
        let effect = call.changesSomething ? "; the cloud may have acted on it all the same" : ""
        return GenesisCloudError(
            code: .badResponse, message: "\(call.location) at \(endpoint.authority): \(words)\(effect)",
            requestMayHaveTakenEffect: call.changesSomething, location: call.location)
    }

    /// An id as one segment of a path, so that no id can reach another resource than its own: an empty one would turn
    /// "this instance" into "all instances".
    func segment(_ id: String) throws -> String {
        let isPlain =
            id.contains { $0 != "." }
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
        guard isPlain else {
            throw GenesisCloudError(
                code: .validation,
                message: "\"\(transport.token.redacted(from: id).prefix(100))\" is not an id of this API")
        }
        return id
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
