import CloudModel
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The HTTP face: decodes, asks the service, encodes. All rules are the model's.
struct Routes: Sendable {
    let service: CloudService
    let token: String

    func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.addMiddleware {
            Refusals()
            TokenCheck(token: token, service: service)
        }
        let api = router.group("compute/v1")
        addInstances(to: api)
        addResources(to: api)
        addControl(to: router)
        return router
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }

    static let noContent = Response(status: .noContent)

    /// Decodes a JSON body of at most 1 MiB.
    static func body<T: Decodable>(_ type: T.Type, _ request: Request) async throws -> T {
        let bytes: ByteBuffer
        do { bytes = try await request.body.collect(upTo: 1 << 20) } catch {
            throw CloudRefusal(status: 413, code: "02013", message: "The request body is too large")
        }
        do { return try JSONDecoder().decode(type, from: Data(bytes.readableBytesView)) } catch {
            throw CloudRefusal.invalid("The request body is not valid: \(Self.reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "no JSON object" : "\(path) has the wrong type"
        @unknown default: return "no JSON object"
        }
    }

    static func list<Item: Sendable, Shape: Encodable>(
        _ key: String, _ all: [Item], _ request: Request, _ shape: (Item) -> Shape
    ) throws -> Response {
        let page = try CloudModel.page(
            of: all, page: request.uri.queryParameters.get("page"), perPage: request.uri.queryParameters.get("per_page")
        )
        return try json(
            Wire.Envelope(
                key: key, value: page.items.map(shape), paging: (page.totalCount, page.page, page.perPage)))
    }
}

/// Gives every refusal the API's shape.
struct Refusals<Context: RequestContext>: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let refusal: CloudRefusal
        do { return try await next(request, context) } catch let error as CloudRefusal {
            refusal = error
        } catch let error as HTTPError where error.status == .notFound || error.status == .methodNotAllowed {
            refusal = .invalidRoute
        } catch let error as LocalCloudError {
            refusal = CloudRefusal(status: 500, code: "05000", message: error.message)
        }
        return try Routes.json(
            Wire.Failure(code: refusal.code, message: refusal.message), status: .init(code: refusal.status))
    }
}

/// Lets nobody in without the token, in the current header or the one older clients send.
struct TokenCheck<Context: RequestContext>: RouterMiddleware {
    let token: String
    let service: CloudService

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let bearer = request.headers[.authorization].flatMap { value -> String? in
            value.lowercased().hasPrefix("bearer ") ? String(value.dropFirst(7)) : nil
        }
        let old = HTTPField.Name("X-Auth-Token").flatMap { request.headers[$0] }
        guard let given = bearer ?? old, Self.equal(given, token) else { throw CloudRefusal.unauthorized }
        await service.noteRequest()
        return try await next(request, context)
    }

    /// In a time that does not tell how much of it was right.
    private static func equal(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
