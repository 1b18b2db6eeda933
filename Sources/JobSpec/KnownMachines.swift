/// What Genesis Cloud is known to offer, for suggestions only: the API decides what exists.
///
/// Types: Instances page, "Instance Types", and the newer spellings without the disk part that current docs and the
/// Terraform provider use. Regions: the Instances page and the clients generated from the API in 2023 to 2025.
package enum KnownMachines {
    /// What a job or an instance gets that does not say: the one region in every published version of the API from 2023
    /// to 2025, and the slug that the provider's own Terraform documentation uses (docs/job-spec.md).
    package static let defaultRegion = "NORD-NO-KRS-1"
    package static let defaultImage = "ubuntu-22.04"

    package static let regions = [
        "ARC-IS-HAF-1", "NORD-NO-KRS-1", "EUC-DE-MUC-1", "EUW-GB-MNC-1", "EUW-NL-AMS-1", "NA-CA-FTS-1",
        "NA-CA-MNZ-1", "NA-CA-PRG-1",
    ]

    package static let types: [String] = {
        var types: [String] = []
        for (cpus, memory) in [(2, 4), (4, 8), (8, 16), (12, 24), (16, 32), (20, 40), (24, 48)] {
            types += family(cpus: cpus, memory: memory, counts: 1...1) { _ in "" }
        }
        for (model, cpus, memory, most) in [
            ("3090", 4, 24, 8), ("3090", 8, 48, 4), ("3080", 4, 12, 8), ("3080", 8, 32, 4), ("1080ti", 4, 12, 8),
        ] {
            types += family(cpus: cpus, memory: memory, counts: 1...most) { "_nvidia\(model)-\($0)" }
            let newName = model == "1080ti" ? "gtx-1080ti" : "rtx-\(model)"
            for count in 1...most {
                types.append("vcpu-\(cpus * count)_memory-\(memory * count)g_nvidia-\(newName)-\(count)")
            }
        }
        types.append("vcpu-4_memory-16g_nvidia-rtx-3080-1")
        for count in 1...8 { types.append("vcpu-\(16 * count)_memory-\(120 * count)g_intel-gaudi2-\(count)") }
        types.append("vcpu-192_memory-1920g_nvidia-h100-sxm5-8")
        return types
    }()

    private static func family(
        cpus: Int, memory: Int, counts: ClosedRange<Int>, accelerator: (Int) -> String
    ) -> [String] {
        counts.flatMap { count in
            let size = "vcpu-\(cpus * count)_memory-\(memory * count)g"
            return accelerator(count).isEmpty
                ? [size + "_disk-80g", size] : [size + "_disk-80g" + accelerator(count)]
        }
    }

    /// The accelerator part of a well-formed type (`nvidia3080`, or empty for a CPU type), or `nil` when the text is
    /// not of the form `vcpu-<n>_memory-<n>g[_disk-<n>g][_<accelerator>-<count>]`.
    static func accelerator(of type: String) -> String? {
        var parts = type.split(separator: "_", omittingEmptySubsequences: false)[...]
        guard isCount(parts.popFirst(), of: "vcpu"), isCount(parts.popFirst(), of: "memory", unit: "g") else {
            return nil
        }
        if isCount(parts.first, of: "disk", unit: "g") { parts.removeFirst() }
        guard let last = parts.popFirst() else { return "" }
        guard parts.isEmpty, let dash = last.lastIndex(of: "-"), isNumber(last[last.index(after: dash)...]) else {
            return nil
        }
        let accelerator = String(last[..<dash])
        let isLowercase = accelerator == accelerator.lowercased()
        // `disk-80` is a disk without its `g`.
        guard isLowercase, form.matches(accelerator), !["disk", "memory", "vcpu"].contains(accelerator) else {
            return nil
        }
        return accelerator
    }

    private static let form = PlainName(marks: "-")

    /// Whether a part of a type is `<name>-<n><unit>`.
    private static func isCount(_ part: Substring?, of name: String, unit: String = "") -> Bool {
        guard let part, part.hasPrefix(name + "-"), part.hasSuffix(unit) else { return false }
        return isNumber(part.dropFirst(name.utf8.count + 1).dropLast(unit.utf8.count))
    }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(PlainName.isDigit)
    }

    static let accelerators = Set(types.compactMap(accelerator(of:)))
}
