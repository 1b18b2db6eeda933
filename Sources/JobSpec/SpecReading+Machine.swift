import MayflyCore

extension SpecReading {
    mutating func machine(_ fields: [String: SpecEntry], root: SpecLocation) -> MachineRequest? {
        var type: String?
        if let node = fields["type"]?.value {
            type = machineType(node)
        } else {
            fail(
                root,
                "`type` is missing: name an instance type, such as `type: vcpu-2_memory-4g_disk-80g`")
        }
        var request = MachineRequest(
            type: type ?? "", image: KnownMachines.defaultImage, region: KnownMachines.defaultRegion)
        if let node = fields["image"]?.value, let image = cloudName(node, "`image`") { request.image = image }
        if let node = fields["region"]?.value, let region = region(node) { request.region = region }
        if let node = fields["disk_size"]?.value {
            // "Min: 80GiB" (Instances page). The upper bound only catches bytes written for GiB.
            request.diskSizeGiB = integer(node, "`disk_size`", in: 80...1_000_000, unit: "GiB")
        }
        if let node = fields["instance"]?.value { rareFields(node, of: &request) }
        return type == nil ? nil : request
    }

    private mutating func rareFields(_ node: SpecNode, of request: inout MachineRequest) {
        guard let fields = fields(node, of: "`instance`", known: SpecFields.instance) else { return }
        if let node = fields["security_groups"]?.value {
            request.securityGroups = cloudNames(node, "`instance.security_groups`")
        }
        if let node = fields["volumes"]?.value {
            request.volumes = cloudNames(node, "`instance.volumes`") ?? []
        }
        if let node = fields["floating_ip"]?.value {
            request.floatingIP = cloudName(node, "`instance.floating_ip`")
        }
        if let node = fields["placement_option"]?.value {
            request.placementOption = cloudName(node, "`instance.placement_option`")
        }
    }

    private mutating func machineType(_ node: SpecNode) -> String? {
        guard let type = cloudName(node, "`type`") else { return nil }
        guard !KnownMachines.types.contains(type) else { return type }
        let nearest = Suggestion.nearest(to: type, among: KnownMachines.types, limit: 2)
        let accelerator = KnownMachines.accelerator(of: type)
        // A well-formed type with an accelerator nobody knew when this was built (an h200 beside the h100) is more
        // likely new than a slip.
        if let nearest, accelerator == nil || accelerator.map(KnownMachines.accelerators.contains) == true {
            fail(node.location, "unknown instance type \(Quoted(type)): did you mean `\(nearest)`?")
            return nil
        }
        warn(
            node.location,
            "instance type \(Quoted(type)) is not one this version knows: the cloud decides"
                + (nearest.map { " (near it: `\($0)`)" } ?? ""))
        return type
    }

    private mutating func region(_ node: SpecNode) -> String? {
        guard let region = cloudName(node, "`region`") else { return nil }
        guard !KnownMachines.regions.contains(region) else { return region }
        if let nearest = Suggestion.nearest(to: region, among: KnownMachines.regions) {
            fail(node.location, "unknown region \(Quoted(region)): did you mean `\(nearest)`?")
            return nil
        }
        warn(
            node.location,
            "region \(Quoted(region)) is not one this version knows (\(KnownMachines.regions.joined(separator: ", "))):"
                + " the cloud decides")
        return region
    }

    /// An identifier of the API: no spaces, printable ASCII, at most 255.
    mutating func cloudName(_ node: SpecNode, _ what: String) -> String? {
        guard let text = text(node, what) else { return nil }
        guard text.utf8.count <= 255, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            fail(node.location, "\(what) must be an id or name without spaces, not \(Quoted(text))")
            return nil
        }
        return text
    }

    private mutating func cloudNames(_ node: SpecNode, _ what: String) -> [String]? {
        guard let items = list(node, what) else { return nil }
        return items.compactMap { cloudName($0, "an entry of \(what)") }
    }
}
