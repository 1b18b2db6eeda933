import CloudModel

/// The API's JSON, spelled from the Instances page and its neighbours. Absent values are `null`, not left out.
enum Wire {
    static func reference(_ reference: CloudReference, _ out: inout JSONText) {
        out.object { out in
            out.key("id")
            out.value(reference.id)
            out.key("name")
            out.value(reference.name)
        }
    }

    static func optional(_ reference: CloudReference?, _ out: inout JSONText) {
        if let reference { self.reference(reference, &out) } else { out.value(nil as String?) }
    }

    static func instance(_ view: CloudInstanceView, _ out: inout JSONText) {
        let instance = view.instance
        out.object { out in
            out.key("id")
            out.value(instance.id)
            out.key("name")
            out.value(instance.name)
            out.key("hostname")
            out.value(instance.hostname)
            out.key("type")
            out.value(instance.type)
            out.key("region")
            out.value(instance.region)
            out.key("placement_option")
            out.value(instance.placementOption)
            out.key("image")
            reference(instance.image, &out)
            out.key("floating_ip")
            optional(view.floatingIP, &out)
            out.key("ssh_keys")
            out.array(instance.sshKeys, reference)
            out.key("security_groups")
            out.array(view.securityGroups, reference)
            out.key("volumes")
            out.array(view.volumes, reference)
            out.key("is_protected")
            out.value(instance.isProtected)
            out.key("status")
            out.value(view.status)
            out.key("private_ip")
            out.value(view.privateIP)
            out.key("public_ip")
            out.value(view.publicIP)
            if let type = instance.publicIPType {
                out.key("public_ip_type")
                out.value(type)
            }
            // This cloud's extension: where SSH listens when it is not 22.
            out.key("ssh_port")
            out.value(view.sshPort)
            out.key("disk_size")
            out.value(instance.diskSize)
            times(instance.createdAt, instance.updatedAt, &out)
        }
    }

    static func snapshot(_ snapshot: CloudSnapshot, _ out: inout JSONText) {
        out.object { out in
            out.key("id")
            out.value(snapshot.id)
            out.key("name")
            out.value(snapshot.name)
            out.key("size")
            out.value(snapshot.size)
            out.key("region")
            out.value(snapshot.region)
            out.key("status")
            out.value(snapshot.status.rawValue)
            out.key("resource_id")
            out.value(snapshot.resourceID)
            if let source = snapshot.sourceSnapshot {
                out.key("source_snapshot_id")
                out.value(source)
            } else {
                out.key("source_instance_id")
                out.value(snapshot.resourceID)
            }
            out.key("os_type")
            out.value("linux")
            times(snapshot.createdAt, snapshot.updatedAt, &out)
        }
    }

    static func sshKey(_ key: CloudSSHKey, _ out: inout JSONText) {
        out.object { out in
            out.key("id")
            out.value(key.id)
            out.key("name")
            out.value(key.name)
            out.key("value")
            out.value(key.value)
            out.key("fingerprint")
            out.value(key.facts.fingerprint)
            out.key("type")
            out.value(key.facts.type)
            out.key("size")
            out.value(key.facts.size)
            times(key.createdAt, key.updatedAt, &out)
        }
    }

    static func image(_ image: CloudCatalogue.Image, _ out: inout JSONText) {
        out.object { out in
            out.key("id")
            out.value(image.id)
            out.key("name")
            out.value(image.name)
            out.key("slug")
            out.value(image.slug)
            out.key("family")
            out.value(nil as String?)
            out.key("versions")
            out.array(image.versions) { version, out in out.value(version) }
            out.key("type")
            out.value(image.type)
            out.key("os_type")
            out.value("linux")
            out.key("regions")
            out.array(CloudCatalogue.regions) { region, out in out.value(region) }
            times(image.createdAt, image.createdAt, &out)
        }
    }

    static func times(_ created: Int64, _ updated: Int64, _ out: inout JSONText) {
        out.key("created_at")
        out.value(Timestamp.text(created))
        out.key("updated_at")
        out.value(Timestamp.text(updated))
    }

    static func failure(_ refusal: CloudRefusal) -> [UInt8] {
        var out = JSONText()
        out.object { out in
            out.key("code")
            out.value(refusal.code)
            out.key("message")
            out.value(refusal.message)
        }
        return out.bytes
    }
}
