import CloudModel
import Hummingbird

extension Routes {
    /// Security groups and floating IPs.
    func addNetwork(to api: RouterGroup<Context>) {
        addSecurityGroups(to: api)
        addFloatingIPs(to: api)
    }

    private func addSecurityGroups(to api: RouterGroup<Context>) {
        let service = service
        api.get("security-groups") { request, _ in
            let wanted = try Self.page(request)
            return Self.list(
                "security_groups", await service.read { model, _ in model.page(\.securityGroups, wanted) },
                Wire.securityGroup)
        }
        api.post("security-groups") { request, _ in
            let made = try await service.createSecurityGroup(Self.body(SecurityGroupRequest.self, request))
            return Self.one("security_group", made, status: .created, Wire.securityGroup)
        }
        api.get("security-groups/:id") { _, context in
            let id = try context.parameters.require("id")
            return Self.one(
                "security_group", try await service.read { model, _ in try model.securityGroup(id) },
                Wire.securityGroup)
        }
        api.patch("security-groups/:id") { request, context in
            let body = try await Self.body(SecurityGroupRequest.self, request)
            return Self.one(
                "security_group", try await service.patchSecurityGroup(context.parameters.require("id"), body),
                Wire.securityGroup)
        }
        api.delete("security-groups/:id") { _, context in
            try await service.deleteSecurityGroup(context.parameters.require("id"))
            return Self.noContent
        }
    }

    private func addFloatingIPs(to api: RouterGroup<Context>) {
        let service = service
        api.get("floating-ips") { request, _ in
            let wanted = try Self.page(request)
            let page = await service.read { model, _ in
                model.page(\.floatingIPs, wanted).map { ($0, model.user($0.instance)) }
            }
            return Self.list("floating_ips", page, Wire.floatingIP)
        }
        api.post("floating-ips") { request, _ in
            let made = try await service.createFloatingIP(Self.body(FloatingIPRequest.self, request))
            return Self.one("floating_ip", (made, nil), status: .created, Wire.floatingIP)
        }
        api.get("floating-ips/:id") { _, context in
            let id = try context.parameters.require("id")
            let found = try await service.read { model, _ in
                let address = try model.floatingIP(id)
                return (address, model.user(address.instance))
            }
            return Self.one("floating_ip", found, Wire.floatingIP)
        }
        api.patch("floating-ips/:id") { request, context in
            let body = try await Self.body(FloatingIPRequest.self, request)
            return Self.one(
                "floating_ip", try await service.patchFloatingIP(context.parameters.require("id"), body),
                Wire.floatingIP)
        }
        api.delete("floating-ips/:id") { _, context in
            try await service.deleteFloatingIP(context.parameters.require("id"))
            return Self.noContent
        }
    }
}
