import CloudModel
import Glibc
import Hummingbird
import NIOCore

extension Routes {
    private struct Status: Encodable {
        struct Entry: Encodable {
            let id: String, name: String, status: String
            let address: String?
            let port: Int?
        }
        let build: String, pid: Int32, backend: String
        let instances: [Entry]
    }

    private struct StopBody: Decodable { var force: Bool? }
    private struct Accepted: Encodable { let ending = true }

    /// Not part of the API: how `mayfly cloud` talks to its local cloud.
    func addControl(to router: Router<BasicRequestContext>) {
        let service = service
        router.get("_mayfly/status") { _, _ in
            let entries = await service.model.instances.map {
                Status.Entry(
                    id: $0.id, name: $0.name, status: $0.status.rawValue, address: $0.publicIP, port: $0.sshPort)
            }
            return try Self.json(
                Status(
                    build: service.environment.build, pid: getpid(), backend: service.backend.kind.rawValue,
                    instances: entries))
        }
        router.post("_mayfly/stop") { request, _ in
            let body = try await Self.body(StopBody.self, request)
            try await service.stop(force: body.force ?? false)
            return try Self.json(Accepted())
        }
        router.post("_mayfly/stand-down") { _, _ in
            let answer = try Self.json(Accepted())
            // Said first, done afterwards: the answer must reach the caller.
            return Response(
                status: answer.status, headers: answer.headers,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "{\"ending\":true}"))
                    try await writer.finish(nil)
                    await service.finish(.stoodDown)
                })
        }
    }
}
