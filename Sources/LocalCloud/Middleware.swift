import CloudModel
import HTTPTypes
import Hummingbird
import NIOCore

/// Gives every refusal the API's shape.
struct Refusals: RouterMiddleware {
    typealias Context = CloudRequestContext

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let refusal: CloudRefusal
        do { return try await next(request, context) } catch let error as CloudRefusal {
            refusal = error
        } catch let error as HTTPError where error.status == .notFound || error.status == .methodNotAllowed {
            let allowed = RouteTable.methods(request.uri.path)
            refusal = allowed.isEmpty ? .invalidRoute : .wrongMethod(request.method.rawValue, allowed: allowed)
        } catch let error as LocalCloudError {
            refusal = CloudRefusal(status: 500, code: "05000", message: error.message)
        }
        var response = Routes.json(Wire.failure(refusal), status: .init(code: refusal.status))
        if refusal.status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
        if refusal.status == 405 {
            response.headers[.allow] = RouteTable.methods(request.uri.path).joined(separator: ", ")
        }
        return response
    }
}

/// Lets nobody in without the token, in the current header or the one older clients send. Only the OpenAPI document is
/// for everybody.
struct TokenCheck: RouterMiddleware {
    typealias Context = CloudRequestContext
    let token: String

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.uri.path != RouteTable.document else { return try await next(request, context) }
        let bearer = request.headers[.authorization].flatMap { value -> String? in
            value.lowercased().hasPrefix("bearer ") ? String(value.dropFirst(7)) : nil
        }
        let old = HTTPField.Name("X-Auth-Token").flatMap { request.headers[$0] }
        guard let given = bearer ?? old, Self.equal(given, token) else { throw CloudRefusal.unauthorized }
        return try await next(request, context)
    }

    /// In a time that does not tell how much of it was right.
    private static func equal(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// Notes the request and lets the fault script have its way with it.
struct Admission: RouterMiddleware {
    typealias Context = CloudRequestContext
    let service: CloudService

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        let isAPI = path.hasPrefix(RouteTable.base + "/") && path != RouteTable.document
        let fate = await service.admit(
            method: request.method.rawValue, path: isAPI ? String(path.dropFirst(RouteTable.base.count)) : nil)
        guard fate != .none else { return try await next(request, context) }
        if fate.latency > 0 { try await Task.sleep(for: .milliseconds(fate.latency)) }
        if let ending = fate.before { return await Self.end(ending, context) }
        let answer: Response
        do { answer = try await next(request, context) } catch {
            guard let ending = fate.after else { throw error }
            return await Self.end(ending, context)
        }
        guard let ending = fate.after else { return answer }
        return await Self.end(ending, context)
    }

    @concurrent private static func end(_ ending: FaultEngine.Ending, _ context: Context) async -> Response {
        switch ending {
        case .dropped:
            // What is answered then finds no connection any more.
            try? await context.channel.close(mode: .all).get()
            return Response(status: .serviceUnavailable)
        case .answer(let status, let retryAfter, let html):
            let refusal = CloudRefusal(
                status: status, code: status == 429 ? "01029" : "05001",
                message: status == 429 ? "Too many requests" : "A fault that the script asked for")
            var response = Routes.json(Wire.failure(refusal), status: .init(code: status))
            if html {
                response = Response(
                    status: .init(code: status), headers: [.contentType: "text/html"],
                    body: ResponseBody(
                        byteBuffer: ByteBuffer(
                            string: "<html><head><title>\(status)</title></head><body>proxy error</body></html>\n")))
            }
            if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
            return response
        }
    }
}

/// Which methods a path has: for `Allow`, which the router itself does not tell.
enum RouteTable {
    static let base = "/compute/v1"
    static let document = "/compute/v1/openapi.yaml"

    private static let members: [String: [String]] = [
        "instances": ["GET", "PATCH", "DELETE"], "snapshots": ["GET", "PATCH", "DELETE"],
        "volumes": ["GET", "PATCH", "DELETE"], "filesystems": ["GET", "PATCH", "DELETE"],
        "security-groups": ["GET", "PATCH", "DELETE"], "ssh-keys": ["GET", "PATCH", "DELETE"],
        "floating-ips": ["GET", "PATCH", "DELETE"],
    ]

    static func methods(_ path: String) -> [String] {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count >= 3, parts[0] == "compute", parts[1] == "v1" else { return [] }
        let names = Array(parts[2...])
        switch (names.count, names[0]) {
        case (1, "images"), (1, "quotas"), (1, "reservations"), (1, "openapi.yaml"): return ["GET"]
        case (1, let collection) where members[collection] != nil: return ["GET", "POST"]
        case (2, let collection): return members[collection] ?? []
        case (3, "instances"):
            switch names[2] {
            case "actions", "snapshots": return ["GET", "POST"]
            case "user-metadata": return ["GET"]
            default: return []
            }
        case (3, "snapshots") where names[2] == "clone": return ["POST"]
        case (3, "availability") where names[2] == "instances": return ["GET"]
        default: return []
        }
    }
}
