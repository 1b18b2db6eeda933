import CloudModel
import Hummingbird

extension Routes {
    private struct KeyBody: Decodable {
        var name: String?
        var value: String?
    }

    /// SSH keys (whose single objects are not wrapped), volumes and file systems.
    func addResources(to api: RouterGroup<Context>) {
        addKeys(to: api)
        addVolumes(to: api)
        addFilesystems(to: api)
    }

    private func addKeys(to api: RouterGroup<Context>) {
        let service = service
        api.get("ssh-keys") { request, _ in
            let wanted = try Self.page(request)
            return Self.list("ssh_keys", await service.read { model, _ in model.page(\.sshKeys, wanted) }, Wire.sshKey)
        }
        api.post("ssh-keys") { request, _ in
            let body = try await Self.body(KeyBody.self, request)
            return Self.bare(try await service.createSSHKey(name: body.name, value: body.value), status: .created)
        }
        api.get("ssh-keys/:id") { _, context in
            let id = try context.parameters.require("id")
            return Self.bare(try await service.read { model, _ in try model.sshKey(id) })
        }
        api.patch("ssh-keys/:id") { request, context in
            let body = try await Self.body(KeyBody.self, request)
            return Self.bare(try await service.renameSSHKey(context.parameters.require("id"), to: body.name))
        }
        api.delete("ssh-keys/:id") { _, context in
            try await service.deleteSSHKey(context.parameters.require("id"))
            return Self.noContent
        }
    }

    private static func bare(_ key: CloudSSHKey, status: HTTPResponse.Status = .ok) -> Response {
        var out = JSONText()
        Wire.sshKey(key, &out)
        return json(out.bytes, status: status)
    }

    private func addVolumes(to api: RouterGroup<Context>) {
        let service = service
        api.get("volumes") { request, _ in
            let wanted = try Self.page(request)
            let page = await service.read { model, _ in
                model.page(\.volumes, wanted).map { ($0, model.user($0.instance)) }
            }
            return Self.list("volumes", page, Wire.volume)
        }
        api.post("volumes") { request, _ in
            let made = try await service.createVolume(Self.body(StorageRequest.self, request))
            return Self.one("volume", (made, nil), status: .created, Wire.volume)
        }
        api.get("volumes/:id") { _, context in
            let id = try context.parameters.require("id")
            let found = try await service.read { model, _ in
                let volume = try model.volume(id)
                return (volume, model.user(volume.instance))
            }
            return Self.one("volume", found, Wire.volume)
        }
        api.patch("volumes/:id") { request, context in
            let body = try await Self.body(StorageRequest.self, request)
            return Self.one(
                "volume", try await service.patchVolume(context.parameters.require("id"), body), Wire.volume)
        }
        api.delete("volumes/:id") { _, context in
            try await service.deleteVolume(context.parameters.require("id"))
            return Self.noContent
        }
    }

    private func addFilesystems(to api: RouterGroup<Context>) {
        let service = service
        api.get("filesystems") { request, _ in
            let wanted = try Self.page(request)
            return Self.list(
                "filesystems", await service.read { model, _ in model.page(\.filesystems, wanted) }, Wire.filesystem)
        }
        api.post("filesystems") { request, _ in
            let made = try await service.createFilesystem(Self.body(StorageRequest.self, request))
            return Self.one("filesystem", made, status: .created, Wire.filesystem)
        }
        api.get("filesystems/:id") { _, context in
            let id = try context.parameters.require("id")
            return Self.one(
                "filesystem", try await service.read { model, _ in try model.filesystem(id) }, Wire.filesystem)
        }
        api.patch("filesystems/:id") { request, context in
            let body = try await Self.body(StorageRequest.self, request)
            return Self.one(
                "filesystem", try await service.patchFilesystem(context.parameters.require("id"), body),
                Wire.filesystem)
        }
        api.delete("filesystems/:id") { _, context in
            try await service.deleteFilesystem(context.parameters.require("id"))
            return Self.noContent
        }
    }
}
