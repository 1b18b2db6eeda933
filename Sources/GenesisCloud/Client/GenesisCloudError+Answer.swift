internal import Foundation
internal import NIOCore

extension GenesisCloudError {
    /// What an answer outside 2xx means. The only place that maps statuses and the API's words.
    init(answer: Answer, to call: Call, endpoint: GenesisCloudClient.Endpoint, token: Token) {
        let body = APIErrorBody(answer.body, token: token)
        let code = Self.code(status: answer.status, words: body.message)
        // A refusal in the 4xx range was decided before anything was done. 408, redirects and 5xx leave it open.
        let refused = (400..<500).contains(answer.status) && answer.status != 408
        self.init(
            code: code, message: "", operation: call.operation, httpStatus: answer.status, apiCode: body.code,
            apiMessage: body.message,
            requestMayHaveTakenEffect: call.changesSomething && !refused, retryAfter: answer.retryAfter,
            location: call.location)
        let said = [body.code, body.message].compactMap { $0 }.joined(separator: " ")
        message =
            "\(call.location) at \(endpoint.authority): \(Self.words(code, answer.status)) (HTTP \(answer.status)"
            + (said.isEmpty ? ")" : ": \(said))") + call.aftermath(mayHaveTakenEffect: requestMayHaveTakenEffect, code)
    }

    private static func code(status: Int, words: String?) -> Code {
        switch status {
        case 401: return .unauthorized
        case 402: return .account
        case 404: return .notFound
        case 408: return .timeout
        case 429: return .rateLimited
        case 300..<400: return .badResponse
        // Whatever its words: after a 5xx nobody knows what was done, and no code may look like a plain refusal.
        case 500..<600: return .server
        case 400..<500: break
        default: return .badResponse
        }
        // The API documents neither codes nor statuses for quota and capacity; only its words tell them apart.
        let words = words?.lowercased() ?? ""
        // A field that an account does not take is no capacity that it lacks, however that is worded.
        if status != 403, words.contains("destroy_on_shutdown") { return .validation }
        func speaks(of list: [String]) -> Bool { list.contains { words.contains($0) } }
        if speaks(of: ["quota", "payment", "billing", "balance", "funds", "credit", "suspended"]) { return .account }
        if speaks(of: ["capacity", "sold out", "out of stock", "not available", "unavailable", "no available"]) {
            return .capacity
        }
        switch status {
        case 403: return .forbidden
        case 409, 423: return .conflict
        default: return .validation
        }
    }

    private static func words(_ code: Code, _ status: Int) -> String {
        switch code {
        case .unauthorized: "the token is not accepted; check it, or make a new one in the console"
        case .forbidden: "the token is not allowed to do this; check its scopes in the console"
        case .notFound: "it does not exist, or this token cannot see it"
        case .validation: "the request is not accepted as it is"
        case .account: "the account does not allow it; look at quota and billing in the console"
        case .capacity: "nothing of this kind is free at present; try later or elsewhere"
        case .conflict: "it does not fit the present state"
        case .rateLimited: "too many requests; slow down"
        case .server: "the cloud failed; that is not your fault"
        case .timeout: "the cloud gave up waiting"
        case .badResponse where (300..<400).contains(status): "it redirects, which is never followed with a token"
        case .badResponse, .invalidEndpoint, .connection, .unreachableState, .cancelled:
            "the answer is not one of this API"
        }
    }
}

/// The API's `{code, message}`, read tolerantly: the specification's own example makes `code` a number.
struct APIErrorBody {
    let code: String?
    let message: String?

    private static let longestMessage = 500

    init(_ body: ByteBuffer, token: Token) {
        let data = Data(body.readableBytesView)
        if let wire = try? JSONDecoder().decode(Wire.self, from: data) {
            code = wire.code.map { Self.clean($0, token) }
            message = wire.message.map { Self.clean($0, token) }
        } else {
            code = nil
            let text = Self.clean(String(decoding: data.prefix(Self.longestMessage), as: UTF8.self), token)
            message = text.isEmpty ? nil : text
        }
    }

    /// One line, bounded, without control characters and without the token.
    private static func clean(_ text: String, _ token: Token) -> String {
        let line = text.split { $0.isNewline || $0.isWhitespace }.joined(separator: " ")
        let visible = String(
            String.UnicodeScalarView(line.unicodeScalars.filter { $0.properties.generalCategory != .control }))
        return String(token.redacted(from: visible).prefix(longestMessage))
    }

    private struct Wire: Decodable {
        var code: String?
        var message: String?

        init(from decoder: any Decoder) throws {
            var fields = try LenientFields(decoder)
            // Seen in third-party clients only, but harmless to understand.
            if let nested = fields.nested("error") { fields = nested }
            message = fields.text("message")
            code =
                fields.number("code").map { number in
                    let digits = String(number)
                    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
                } ?? fields.text("code")
            guard code != nil || message != nil else {
                throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not an API error"))
            }
        }
    }
}
