import CloudModel
import Glibc
import Hummingbird
import NIOCore

extension Routes {
    private struct StopBody: Decodable { var force: Bool? }

    /// Not part of the API: how `mayfly cloud` talks to its local cloud.
    func addControl(to router: Router<Context>) {
        let service = service
        router.get("_mayfly/status") { _, _ in
            let instances = await service.read { model, now in model.instances.map { model.view($0, now: now) } }
            var out = JSONText()
            out.object { out in
                out.key("build")
                out.value(service.environment.build)
                out.key("pid")
                out.value(Int(getpid()))
                out.key("backend")
                out.value(service.backend.kind.rawValue)
                out.key("instances")
                out.array(instances, Self.entry)
            }
            return Self.json(out.bytes)
        }
        router.post("_mayfly/stop") { request, _ in
            let body = try await Self.body(StopBody.self, request)
            try await service.stop(force: body.force ?? false)
            return Self.ending
        }
        // The body is a fault script in YAML; an empty one ends all faults.
        router.put("_mayfly/faults") { request, _ in
            let text = String(buffer: try await request.body.collect(upTo: 1 << 20))
            do { await service.play(try FaultScript(yaml: text, file: "faults")) } catch let error as LocalCloudError {
                throw CloudRefusal.invalid(error.message)
            }
            return Self.noContent
        }
        router.post("_mayfly/stand-down") { _, _ in
            let answer = Self.ending
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

    private static var ending: Response { json(Array("{\"ending\":true}".utf8)) }

    private static func entry(_ view: CloudInstanceView, _ out: inout JSONText) {
        out.object { out in
            out.key("id")
            out.value(view.instance.id)
            out.key("name")
            out.value(view.instance.name)
            out.key("status")
            out.value(view.status)
            out.key("address")
            out.value(view.publicIP)
            out.key("port")
            out.value(view.sshPort)
        }
    }
}
