/// The regions, types and images this cloud knows: those of the Instances page, and the spellings later pages use.
public enum CloudCatalogue {
    /// Seen in the page, the OpenAPI files and the clients.
    public static let regions: [String] = [
        "ARC-IS-HAF-1", "NORD-NO-KRS-1", "EUC-DE-MUC-1", "EUW-GB-MNC-1", "EUW-NL-AMS-1", "NA-CA-FTS-1",
        "NA-CA-MNZ-1",
        "NA-CA-PRG-1",
    ]

    /// An image of the catalogue.
    public struct Image: Hashable, Sendable {
        public let id: String
        public let name: String
        public let slug: String
        public let versions: [String]
        public let type: String
        public let createdAt: Int64
    }

    /// Every image boots the same root file system here; the ids are fixed, so that a script can name them.
    public static let images: [Image] = [
        image(1, "Ubuntu 24.04", "ubuntu", ["24.04", "22.04", "20.04"]),
        image(2, "Ubuntu 24.04", "ubuntu-24.04", []),
        image(3, "Ubuntu 22.04", "ubuntu-22.04", []),
        image(4, "Ubuntu 20.04", "ubuntu-20.04", []),
        image(5, "Debian 12", "debian-12", []),
        image(6, "Ubuntu ML NVIDIA PyTorch", "ubuntu-ml-nvidia-pytorch", []),
    ]

    private static func image(_ number: Int, _ name: String, _ slug: String, _ versions: [String])
        -> Image
    {
        Image(
            id: "00000000-0000-4000-8000-00000000000\(number)", name: name, slug: slug,
            versions: versions,
            type: "cloud-image", createdAt: 1_700_000_000_000)
    }

    /// The image meant by an id, a slug or `slug:version`; `nil` when there is none. Snapshots are the model's.
    public static func image(_ reference: String) -> CloudReference? {
        let parts = reference.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        for image in images where image.id == reference || image.slug == parts[0] {
            guard parts.count == 2 else { return CloudReference(id: image.id, name: image.name) }
            guard image.versions.contains(parts[1]) else { continue }
            let base = image.slug.prefix(1).uppercased() + image.slug.dropFirst()
            return CloudReference(id: image.id, name: "\(base) \(parts[1])")
        }
        return nil
    }

    /// All type identifiers of the Instances page, in its order.
    public static let types: [String] = {
        var all = ["vcpu-192_memory-1920g_nvidia-h100-sxm5-8"]
        all += (1...8).map { "vcpu-\($0 * 16)_memory-\($0 * 120)g_intel-gaudi2-\($0)" }
        all += (1...8).map { "vcpu-\($0 * 4)_memory-\($0 * 24)g_disk-80g_nvidia3090-\($0)" }
        all += (1...4).map { "vcpu-\($0 * 8)_memory-\($0 * 48)g_disk-80g_nvidia3090-\($0)" }
        all += (1...8).map { "vcpu-\($0 * 4)_memory-\($0 * 12)g_disk-80g_nvidia3080-\($0)" }
        all += (1...4).map { "vcpu-\($0 * 8)_memory-\($0 * 32)g_disk-80g_nvidia3080-\($0)" }
        all += (1...8).map { "vcpu-\($0 * 4)_memory-\($0 * 12)g_disk-80g_nvidia1080ti-\($0)" }
        all += [(2, 4), (4, 8), (8, 16), (12, 24), (16, 32), (20, 40), (24, 48)]
            .map { "vcpu-\($0.0)_memory-\($0.1)g_disk-80g" }
        return all
    }()

    /// Types seen elsewhere than in the page: the provider's documentation and third-party scripts.
    private static let laterTypes: Set<String> = ["vcpu-4_memory-16g_nvidia-rtx-3080-1"]

    private static let known: Set<String> = {
        var known = Set(types).union(laterTypes)
        for type in types { known.insert(laterSpelling(type)) }
        return known
    }()

    /// Whether the identifier names a type, in the page's spelling or in the later one (no disk part,
    /// `nvidia-rtx-3090` for `nvidia3090`).
    public static func knowsType(_ type: String) -> Bool { known.contains(type) }

    private static func laterSpelling(_ type: String) -> String {
        let spellings = [
            "nvidia3090": "nvidia-rtx-3090", "nvidia3080": "nvidia-rtx-3080",
            "nvidia1080ti": "nvidia-gtx-1080ti",
        ]
        let parts = type.split(separator: "_").filter { !$0.hasPrefix("disk-") }.map { part -> String in
            let words = part.split(separator: "-", maxSplits: 1).map(String.init)
            guard words.count == 2, let later = spellings[words[0]] else { return String(part) }
            return "\(later)-\(words[1])"
        }
        return parts.joined(separator: "_")
    }
}
