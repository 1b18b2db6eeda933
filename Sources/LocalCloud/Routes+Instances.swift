import CloudModel
import Hummingbird

extension Routes {
    private struct ActionBody: Decodable { var action: String? }
    private struct ActionList: Encodable { let actions: [String] }
    struct NameBody: Decodable { var name: String? }

    func addInstances(to api: RouterGroup<BasicRequestContext>) {
        let service = service
        api.get("instances") { request, _ in
            try Self.list("instances", await service.model.instances, request) { Wire.Instance(instance: $0) }
        }
        api.post("instances") { request, _ in
            let instance = try await service.createInstance(Self.body(InstanceRequest.self, request))
            return try Self.json(
                Wire.Envelope(key: "instance", value: Wire.Instance(instance: instance)), status: .created)
        }
        api.get("instances/:id") { _, context in
            let instance = try await service.model.instance(context.parameters.require("id"))
            return try Self.json(Wire.Envelope(key: "instance", value: Wire.Instance(instance: instance)))
        }
        api.patch("instances/:id") { request, context in
            let patch = try await Self.body(InstancePatch.self, request)
            let instance = try await service.patchInstance(context.parameters.require("id"), patch)
            return try Self.json(Wire.Envelope(key: "instance", value: Wire.Instance(instance: instance)))
        }
        api.delete("instances/:id") { _, context in
            try await service.deleteInstance(context.parameters.require("id"))
            return Self.noContent
        }
        api.get("instances/:id/actions") { _, context in
            let instance = try await service.model.instance(context.parameters.require("id"))
            return try Self.json(ActionList(actions: instance.allowedActions.map(\.rawValue)))
        }
        api.post("instances/:id/actions") { request, context in
            let body = try await Self.body(ActionBody.self, request)
            try await service.perform(body.action ?? "", on: context.parameters.require("id"))
            return Self.noContent
        }
        api.get("instances/:id/snapshots") { request, context in
            let id = try context.parameters.require("id")
            let model = await service.model
            let own = model.snapshots.filter { $0.resourceID == id }
            if own.isEmpty { _ = try model.instance(id) }
            return try Self.list("snapshots", own, request, Wire.Snapshot.init)
        }
        api.post("instances/:id/snapshots") { request, context in
            let body = try await Self.body(NameBody.self, request)
            let snapshot = try await service.createSnapshot(of: context.parameters.require("id"), name: body.name)
            return try Self.json(
                Wire.Envelope(key: "snapshot", value: Wire.Snapshot(snapshot)), status: .created)
        }
    }
}
