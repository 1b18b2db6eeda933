import CloudModel
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The HTTP face: decodes, asks the service, encodes. All rules are the model's.
struct Routes: Sendable {
    let service: CloudService
    let token: String

    typealias Context = CloudRequestContext

    func router() -> Router<Context> {
        let router = Router(context: Context.self)
        router.addMiddleware {
            Refusals()
            TokenCheck(token: token)
            Admission(service: service)
        }
        let api = router.group("compute/v1")
        addInstances(to: api)
        addSnapshots(to: api)
        addResources(to: api)
        addNetwork(to: api)
        addAccount(to: api)
        addControl(to: router)
        return router
    }

    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// `{"<key>": value}`.
    static func one<Value>(
        _ key: StaticString, _ value: Value, status: HTTPResponse.Status = .ok,
        _ write: (Value, inout JSONText) -> Void
    ) -> Response {
        var out = JSONText()
        out.object { out in
            out.key(key)
            write(value, &out)
        }
        return json(out.bytes, status: status)
    }

    /// `{"<key>": [...], total_count, page, per_page}`.
    static func list<Item: Sendable>(
        _ key: StaticString, _ page: CloudPage<Item>, _ write: (Item, inout JSONText) -> Void
    ) -> Response {
        var out = JSONText()
        out.object { out in
            out.key(key)
            out.array(page.items, write)
            out.key("total_count")
            out.value(page.totalCount)
            out.key("page")
            out.value(page.page)
            out.key("per_page")
            out.value(page.perPage)
        }
        return json(out.bytes)
    }

    static let noContent = Response(status: .noContent)

    static func page(_ request: Request) throws -> CloudPageRequest {
        let query = request.uri.queryParameters
        return try CloudPageRequest(
            page: query.get("page"), perPage: query.get("per_page"))
    }

    /// Decodes a JSON body of at most 1 MiB.
    static func body<T: Decodable>(_ type: T.Type, _ request: Request) async throws -> T {
        let bytes: ByteBuffer
        do { bytes = try await request.body.collect(upTo: 1 << 20) } catch is NIOTooManyBytesError {
            throw CloudRefusal.tooLarge
        } catch let error as HTTPError where error.status == .contentTooLarge {
            throw CloudRefusal.tooLarge
        }
        do { return try JSONDecoder().decode(type, from: Data(bytes.readableBytesView)) } catch {
            throw CloudRefusal.invalid("The request body is not valid: \(reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?, .keyNotFound(_, let context)?,
            .dataCorrupted(let context)?:
            let path = context.codingPath.map { key in
                key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)"
            }.joined()
            return path.isEmpty ? "it is no JSON object" : "\(path.drop { $0 == "." }) has the wrong type"
        default: return "it is no JSON object"
        }
    }
}

/// What a request's handling needs to know; the connection, because a fault script may end it.
struct CloudRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}
