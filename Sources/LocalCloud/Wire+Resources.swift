import CloudModel

extension Wire {
    static func volume(_ volume: (CloudVolume, CloudReference?), _ out: inout JSONText) {
        let (volume, user) = volume
        out.object { out in
            head(volume.id, volume.name, volume.description, &out)
            out.key("type")
            out.value(volume.type)
            out.key("size")
            out.value(volume.size)
            out.key("region")
            out.value(volume.region)
            out.key("instances")
            out.array(user.map { [$0] } ?? [], reference)
            out.key("status")
            out.value(volume.status.rawValue)
            times(volume.createdAt, volume.updatedAt, &out)
        }
    }

    static func filesystem(_ filesystem: CloudFilesystem, _ out: inout JSONText) {
        out.object { out in
            head(filesystem.id, filesystem.name, filesystem.description, &out)
            out.key("type")
            out.value(filesystem.type)
            out.key("size")
            out.value(filesystem.size)
            out.key("region")
            out.value(filesystem.region)
            out.key("status")
            out.value(filesystem.status.rawValue)
            out.key("mount_endpoint_range")
            out.value(nil as String?)
            out.key("mount_base_path")
            out.value(nil as String?)
            times(filesystem.createdAt, filesystem.updatedAt, &out)
        }
    }

    static func securityGroup(_ group: CloudSecurityGroup, _ out: inout JSONText) {
        out.object { out in
            head(group.id, group.name, group.description, &out)
            out.key("is_internal")
            out.value(group.isInternal)
            out.key("region")
            out.value(group.region)
            out.key("status")
            out.value(group.status.rawValue)
            out.key("rules")
            out.array(group.rules) { rule, out in
                out.object { out in
                    out.key("protocol")
                    out.value(rule.networkProtocol)
                    out.key("direction")
                    out.value(rule.direction)
                    out.key("port_range_min")
                    out.value(rule.portRangeMin)
                    out.key("port_range_max")
                    out.value(rule.portRangeMax)
                }
            }
            times(group.createdAt, group.updatedAt, &out)
        }
    }

    static func floatingIP(_ address: (CloudFloatingIP, CloudReference?), _ out: inout JSONText) {
        let (address, user) = address
        out.object { out in
            head(address.id, address.name, address.description, &out)
            out.key("ip_address")
            out.value(address.address)
            out.key("is_public")
            out.value(true)
            out.key("version")
            out.value("ipv4")
            out.key("region")
            out.value(address.region)
            out.key("status")
            out.value(address.status.rawValue)
            out.key("instance")
            optional(user, &out)
            times(address.createdAt, address.updatedAt, &out)
        }
    }

    static func quota(_ quota: CloudQuota, _ out: inout JSONText) {
        out.object { out in
            out.key("key")
            out.value(quota.key)
            out.key("capacity")
            out.value(quota.capacity)
            out.key("used")
            out.value(quota.used)
            out.key("flavors")
            out.array(quota.flavors) { flavor, out in
                out.object { out in
                    out.key("flavor_name")
                    out.value(flavor.name)
                    out.key("product_name")
                    out.value(flavor.productName)
                    out.key("unit")
                    out.value(flavor.unit)
                    out.key("used")
                    out.value(flavor.used)
                }
            }
        }
    }

    static func availability(
        _ region: String, _ placement: String?, _ types: [(type: String, available: Bool)], _ out: inout JSONText
    ) {
        out.object { out in
            out.key("type")
            out.value("instances")
            out.key("region")
            out.value(region)
            if let placement {
                out.key("placement")
                out.value(placement)
            }
            out.key("instance_types")
            out.array(types) { type, out in
                out.object { out in
                    out.key("type")
                    out.value(type.type)
                    out.key("available")
                    out.value(type.available)
                }
            }
        }
    }

    private static func head(_ id: String, _ name: String, _ description: String, _ out: inout JSONText) {
        out.key("id")
        out.value(id)
        out.key("name")
        out.value(name)
        out.key("description")
        out.value(description)
    }
}
