import CloudModel
import Hummingbird

extension Routes {
    private struct SnapshotBody: Decodable {
        var name: String?
        var replicated_region: String?
    }
    private struct CloneBody: Decodable {
        var name: String?
        var region: String?
    }
    private struct ImportBody: Decodable {
        var name: String?
        var size: Int?
        var url: String?
        var region: String?
        var os_type: String?
    }

    func addSnapshots(to api: RouterGroup<Context>) {
        let service = service
        api.get("instances/:id/snapshots") { request, context in
            let id = try context.parameters.require("id")
            let wanted = try Self.page(request)
            return Self.list(
                "snapshots", try await service.read { model, _ in try model.snapshotPage(ofInstance: id, wanted) },
                Wire.snapshot)
        }
        api.post("instances/:id/snapshots") { request, context in
            let body = try await Self.body(SnapshotBody.self, request)
            let made = try await service.createSnapshot(
                of: context.parameters.require("id"), name: body.name, replicatedRegion: body.replicated_region)
            return Self.one("snapshot", made, status: .created, Wire.snapshot)
        }
        api.get("snapshots") { request, _ in
            let wanted = try Self.page(request)
            return Self.list(
                "snapshots", await service.read { model, _ in model.page(\.snapshots, wanted) }, Wire.snapshot)
        }
        api.post("snapshots") { request, _ in
            let body = try await Self.body(ImportBody.self, request)
            try await service.read { model, _ in
                try model.importSnapshot(
                    name: body.name, size: body.size, url: body.url, region: body.region, osType: body.os_type)
            }
            return Self.noContent
        }
        api.get("snapshots/:id") { _, context in
            let id = try context.parameters.require("id")
            return Self.one(
                "snapshot", try await service.read { model, _ in try model.snapshot(id) }, Wire.snapshot)
        }
        api.patch("snapshots/:id") { request, context in
            let body = try await Self.body(SnapshotBody.self, request)
            return Self.one(
                "snapshot", try await service.renameSnapshot(context.parameters.require("id"), to: body.name),
                Wire.snapshot)
        }
        api.delete("snapshots/:id") { _, context in
            try await service.deleteSnapshot(context.parameters.require("id"))
            return Self.noContent
        }
        api.post("snapshots/:id/clone") { request, context in
            let body = try await Self.body(CloneBody.self, request)
            let made = try await service.cloneSnapshot(
                context.parameters.require("id"), name: body.name, region: body.region)
            return Self.one("snapshot", made, status: .created, Wire.snapshot)
        }
    }
}
