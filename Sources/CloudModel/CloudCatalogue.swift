/// The regions, types and images this cloud knows: those of the Instances page, and the spellings later pages use.
public enum CloudCatalogue {
    /// Seen in the page, the OpenAPI files and the clients.
    public static let regions: [String] = [
        "ARC-IS-HAF-1", "NORD-NO-KRS-1", "EUC-DE-MUC-1", "EUW-GB-MNC-1", "EUW-NL-AMS-1", "NA-CA-FTS-1", "NA-CA-MNZ-1",
        "NA-CA-PRG-1",
    ]

    /// Where an instance goes whose create request names no region, as in the page's own cURL example: the default of
    /// the OpenAPI file of that time.
    public static let defaultRegion = "ARC-IS-HAF-1"

    /// An image of the catalogue.
    public struct Image: Hashable, Sendable {
        public let id: String
        public let name: String
        public let slug: String
        public let versions: [String]
        public let type: String
        public let createdAt: Int64
    }

    /// The image types that have been seen; only `cloud-image` has members here.
    public static let imageTypes = ["base-os", "preconfigured", "snapshot", "cloud-image"]

    /// Every image boots the same root file system here; the ids are fixed, so that a script can name them.
    public static let images: [Image] = [
        image(1, "Ubuntu 24.04", "ubuntu", ["24.04", "22.04", "20.04"]),
        image(2, "Ubuntu 24.04", "ubuntu-24.04", []),
        image(3, "Ubuntu 22.04", "ubuntu-22.04", []),
        image(4, "Ubuntu 20.04", "ubuntu-20.04", []),
        image(5, "Debian 12", "debian-12", []),
        image(6, "Ubuntu ML NVIDIA PyTorch", "ubuntu-ml-nvidia-pytorch", []),
    ]

    private static func image(_ number: Int, _ name: String, _ slug: String, _ versions: [String]) -> Image {
        Image(
            id: "00000000-0000-4000-8000-00000000000\(number)", name: name, slug: slug, versions: versions,
            type: "cloud-image", createdAt: 1_700_000_000_000)
    }

    /// The image meant by an id, a slug or `slug:version`; `nil` when there is none. Snapshots are the model's.
    public static func image(_ reference: String) -> CloudReference? {
        let parts = reference.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        for image in images where image.id == reference || image.slug == parts[0] {
            guard parts.count == 2 else { return CloudReference(id: image.id, name: image.name) }
            guard image.versions.contains(parts[1]) else { continue }
            let base = image.slug.prefix(1).uppercased() + image.slug.dropFirst()
            return CloudReference(id: image.id, name: "\(base) \(parts[1])")
        }
        return nil
    }

    /// Every slug and `slug:version`, for near matches.
    static let imageWords: [String] = images.flatMap { image in
        [image.slug] + image.versions.map { "\(image.slug):\($0)" }
    }

    /// All type identifiers of the Instances page, in its order.
    public static let types: [String] = CloudInstanceType.all.map(\.id)

    /// Every known identifier: the page's, the later spelling of each (no disk part, `nvidia-rtx-3090` for `nvidia3090`),
    /// and the few seen only in the provider's documentation and third-party scripts.
    private static let known: [String: CloudInstanceType] = {
        var known: [String: CloudInstanceType] = [:]
        for type in CloudInstanceType.all {
            known[laterSpelling(type.id)] = type.spelled(laterSpelling(type.id))
            known[type.id] = type
        }
        known["vcpu-4_memory-16g_nvidia-rtx-3080-1"] = CloudInstanceType(
            id: "vcpu-4_memory-16g_nvidia-rtx-3080-1", productName: "GPU Instance 1x GeForce™ RTX 3080", vcpus: 4,
            memory: 16, disk: 80, nvme: 0, accelerators: 1)
        return known
    }()

    /// What an identifier stands for, in the page's spelling or in the later one; `nil` when it is unknown.
    public static func type(_ id: String) -> CloudInstanceType? { known[id] }

    /// Whether the identifier names a type.
    public static func knowsType(_ type: String) -> Bool { known[type] != nil }

    /// - Throws: 400 with near matches.
    public static func check(region: String) throws(CloudRefusal) { try checkRegion(region) }

    static func checkRegion(_ region: String, _ field: String = "region") throws(CloudRefusal) {
        guard !regions.contains(region) else { return }
        throw .invalid("\(field) \(region.prefix(100)) is not a known region\(NearMatch.hint(region, in: regions))")
    }

    private static func laterSpelling(_ type: String) -> String {
        let spellings = [
            "nvidia3090": "nvidia-rtx-3090", "nvidia3080": "nvidia-rtx-3080", "nvidia1080ti": "nvidia-gtx-1080ti",
        ]
        let parts = type.split(separator: "_").filter { !$0.hasPrefix("disk-") }.map { part -> String in
            let words = part.split(separator: "-", maxSplits: 1).map(String.init)
            guard words.count == 2, let later = spellings[words[0]] else { return String(part) }
            return "\(later)-\(words[1])"
        }
        return parts.joined(separator: "_")
    }
}
