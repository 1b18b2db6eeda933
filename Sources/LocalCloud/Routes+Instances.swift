import CloudModel
import Hummingbird

extension Routes {
    private struct ActionBody: Decodable { var action: String? }

    func addInstances(to api: RouterGroup<Context>) {
        let service = service
        api.get("instances") { request, _ in
            let wanted = try Self.page(request)
            return Self.list(
                "instances", await service.read { model, now in model.instancePage(wanted, now: now) }, Wire.instance)
        }
        api.post("instances") { request, _ in
            let made = try await service.createInstance(Self.body(InstanceRequest.self, request))
            return Self.one("instance", made, status: .created, Wire.instance)
        }
        api.get("instances/:id") { _, context in
            let id = try context.parameters.require("id")
            return Self.one(
                "instance", try await service.read { model, now in try model.instanceView(id, now: now) },
                Wire.instance)
        }
        api.patch("instances/:id") { request, context in
            let patch = try await Self.body(InstancePatch.self, request)
            return Self.one(
                "instance", try await service.patchInstance(context.parameters.require("id"), patch), Wire.instance)
        }
        api.delete("instances/:id") { _, context in
            try await service.deleteInstance(context.parameters.require("id"))
            return Self.noContent
        }
        api.get("instances/:id/actions") { _, context in
            let id = try context.parameters.require("id")
            let actions = try await service.read { model, _ in try model.instance(id).allowedActions }
            return Self.one("actions", actions) { actions, out in
                out.array(actions) { action, out in out.value(action.rawValue) }
            }
        }
        api.post("instances/:id/actions") { request, context in
            let body = try await Self.body(ActionBody.self, request)
            try await service.perform(body.action, on: context.parameters.require("id"))
            return Self.noContent
        }
        // What was given at creation is used by the first boot and then forgotten: it may hold keys.
        api.get("instances/:id/user-metadata") { _, context in
            let id = try context.parameters.require("id")
            _ = try await service.read { model, _ in try model.instance(id) }
            return Self.json(Array("{}".utf8))
        }
    }
}
