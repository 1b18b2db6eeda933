import CloudModel
import Hummingbird

extension Routes {
    private struct KeyBody: Decodable {
        var name: String?
        var value: String?
    }

    /// Snapshots, SSH keys (whose single objects are not wrapped) and images.
    func addResources(to api: RouterGroup<BasicRequestContext>) {
        let service = service
        api.get("snapshots") { request, _ in
            try Self.list("snapshots", await service.model.snapshots, request, Wire.Snapshot.init)
        }
        api.get("snapshots/:id") { _, context in
            let snapshot = try await service.model.snapshot(context.parameters.require("id"))
            return try Self.json(Wire.Envelope(key: "snapshot", value: Wire.Snapshot(snapshot)))
        }
        api.patch("snapshots/:id") { request, context in
            let body = try await Self.body(NameBody.self, request)
            let snapshot = try await service.renameSnapshot(context.parameters.require("id"), to: body.name)
            return try Self.json(Wire.Envelope(key: "snapshot", value: Wire.Snapshot(snapshot)))
        }
        api.delete("snapshots/:id") { _, context in
            try await service.deleteSnapshot(context.parameters.require("id"))
            return Self.noContent
        }
        api.get("ssh-keys") { request, _ in
            try Self.list("ssh_keys", await service.model.sshKeys, request, Wire.SSHKey.init)
        }
        api.post("ssh-keys") { request, _ in
            let body = try await Self.body(KeyBody.self, request)
            let key = try await service.createSSHKey(name: body.name, value: body.value)
            return try Self.json(Wire.SSHKey(key), status: .created)
        }
        api.get("ssh-keys/:id") { _, context in
            try Self.json(Wire.SSHKey(await service.model.sshKey(context.parameters.require("id"))))
        }
        api.patch("ssh-keys/:id") { request, context in
            let body = try await Self.body(KeyBody.self, request)
            return try Self.json(
                Wire.SSHKey(await service.renameSSHKey(context.parameters.require("id"), to: body.name)))
        }
        api.delete("ssh-keys/:id") { _, context in
            try await service.deleteSSHKey(context.parameters.require("id"))
            return Self.noContent
        }
        api.get("images") { request, _ in
            let type = request.uri.queryParameters.get("type")
            let images = CloudCatalogue.images.filter { type == nil || $0.type == type }
            return try Self.list("images", images, request, Wire.Image.init)
        }
    }
}
