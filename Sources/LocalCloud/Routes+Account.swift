import CloudModel
import Hummingbird

extension Routes {
    /// Images, availability, quotas, reservations, and the document that describes all this.
    func addAccount(to api: RouterGroup<Context>) {
        let service = service
        api.get("images") { request, _ in
            let type = request.uri.queryParameters.get("type")
            if let type, !CloudCatalogue.imageTypes.contains(type) {
                throw CloudRefusal.invalid("type must be one of \(CloudCatalogue.imageTypes.joined(separator: ", "))")
            }
            let images = CloudCatalogue.images.filter { type == nil || $0.type == type }
            return Self.list("images", try Self.page(request).cut(images), Wire.image)
        }
        api.get("availability/:region/instances") { request, context in
            let region = try context.parameters.require("region")
            try CloudCatalogue.check(region: region)
            let placement = request.uri.queryParameters.get("placement")
            let types = await service.capacity()
            return Self.one("availability", types) { types, out in Wire.availability(region, placement, types, &out) }
        }
        api.get("quotas") { _, _ in
            Self.one("quotas", await service.read { model, _ in model.quotas }) { quotas, out in
                out.array(quotas, Wire.quota)
            }
        }
        api.get("reservations") { _, _ in
            Self.one("reservations", [String]()) { none, out in out.array(none) { id, out in out.value(id) } }
        }
        api.get("openapi.yaml") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/yaml"],
                body: ResponseBody(byteBuffer: .init(bytes: PackageResources.openapi_yaml)))
        }
    }
}
